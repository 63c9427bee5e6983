import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { sealAccess, type CopiesQuestion } from '#libs/contracts';
import { lineageProperties } from '#libs/domain';
import { findCopies } from './copies.js';

const [questionId, originId, copyId] = ['11111111-2222-4333-8444-555555555555', '22222222-2222-4333-8444-555555555555', '33333333-2222-4333-8444-555555555555'];
const sealKey = 's'.repeat(32);
const now = new Date('2030-01-01T00:00:00Z');
const expiresAt = new Date('2030-01-01T01:00:00Z');
const shown = { id: copyId, name: 'a copy', status: 'active', visibility: 'public', owner: 'red', size: 7, ...lineageProperties({ originRegion: 'RegionOne', originId, originVersion: 'v', originHash: 'sha512:ab' }) };

describe('Where the copies of an image are', () => {
  let server: Server;
  let url: string;
  let asked: URL[];
  let answer: { status: number; body: unknown };
  beforeEach(async () => {
    asked = [];
    answer = { status: 200, body: { images: [shown, { ...shown, id: 'no id' }, { ...shown, heliograph_origin_id: copyId }] } };
    server = createServer(({ url: path = '', headers }, response) => {
      asked.push(new URL(path, 'http://x'));
      const { status, body } = headers['x-auth-token'] === 'good' ? answer : { status: 401, body: {} };
      response.writeHead(status).end(JSON.stringify(asked.at(-1)?.searchParams.has('os_hidden') ? { images: [] } : body));
    });
    await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/image`;
  });
  afterEach(() => new Promise((resolve) => { server.close(resolve); }));

  const sealed = (name: string, token = 'good') => ({ name, sealed: sealAccess(sealKey, { token, endpoint: url, imageId: originId }, { importId: questionId, region: name, expiresAt }) });
  const find = (regions: CopiesQuestion['regions']) => findCopies({ questionId, originRegion: 'RegionOne', originId, regions }, { sealKey, now, signal: new AbortController().signal, timeoutMs: 5000 });

  it('is asked of each region with the token of who asks, and what is no copy of it is left out', async () => {
    const { regions } = await find([sealed('RegionTwo')]);
    expect(regions).toMatchObject([{ name: 'RegionTwo', copies: [{ id: copyId, name: 'a copy', owner: 'red', sizeBytes: 7 }] }]);
    expect(regions[0]?.copies).toHaveLength(1);
    expect(asked.map(({ pathname }) => pathname)).toEqual(['/image/v2/images', '/image/v2/images']);
    expect(Object.fromEntries(asked[0]?.searchParams ?? [])).toMatchObject({ heliograph_origin_region: 'RegionOne', heliograph_origin_id: originId, visibility: 'all' });
  });

  it('is told of the others where one refuses the token or cannot be reached', async () => {
    const nowhere = { name: 'RegionThree', sealed: sealAccess(sealKey, { token: 'good', endpoint: 'http://127.0.0.1:9', imageId: originId }, { importId: questionId, region: 'RegionThree', expiresAt }) };
    const { regions } = await find([sealed('RegionTwo'), sealed('RegionFour', 'bad'), nowhere]);
    expect(regions).toMatchObject([{ copies: [{ id: copyId }] }, { copies: [], reason: 'it does not accept your token' }, { copies: [], reason: expect.any(String) as string }]);
  });

  it('is nothing where what answers is no image service', async () => {
    answer = { status: 200, body: [1] };
    expect(await find([sealed('RegionTwo')])).toEqual({ regions: [{ name: 'RegionTwo', copies: [] }] });
  });

  it('opens no access that was sealed for another question or another region', async () => {
    const other = { name: 'RegionTwo', sealed: sealed('RegionFour').sealed };
    expect((await find([other])).regions[0]?.reason).toEqual(expect.any(String));
    expect(asked).toEqual([]);
  });
});
