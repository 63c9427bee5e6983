import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openCapability } from '#libs/contracts';
import { objectSource, type FederationLine } from './remote-source.js';
import type { ImageUnderImport, SourceContext } from './sources.js';

const importId = '22222222-2222-4333-8444-555555555555';
const capabilityKey = 'c'.repeat(32);
const now = new Date('2030-01-01T00:00:00Z');
const asked = { imageId: '33333333-2222-4333-8444-555555555555', importing: { importId, method: 'swift-download', sourceUri: 'swift://cloud.foo/a/c/o' } } as unknown as ImageUnderImport;
const context = { signal: new AbortController().signal } as SourceContext;

let server: Server;
let answer: { status: number; body: Buffer | string; isSilent?: boolean };
const paths: string[] = [];
beforeAll(async () => {
  server = createServer((request, response) => {
    paths.push(request.url ?? '');
    response.writeHead(answer.status, { 'content-length': String(answer.isSilent ? 100 : Buffer.byteLength(answer.body)) });
    if (answer.isSilent) response.flushHeaders();
    else response.end(answer.body);
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
});

const line = (idleMs = 10_000): FederationLine => ({ federationUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, capabilityKey, limitBytes: 1000, idleMs, clock: () => now });
async function read(source: { readonly bytes: unknown }): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of source.bytes as AsyncIterable<Uint8Array>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

describe('An object of an object store, as an importer gets it', () => {
  it('comes from federation, with its size, by a capability for this import and no region', async () => {
    answer = { status: 200, body: Buffer.from('a disk') };
    const source = await objectSource(line())(asked, context);
    expect([source.declaredSizeBytes, (await read(source)).toString()]).toEqual([6, 'a disk']);
    await source.close();
    const [, , capability = '', last] = (paths.at(-1) ?? '').split('/');
    expect(last).toBe('object');
    expect(openCapability(capabilityKey, capability, { may: 'fetch', now })).toMatchObject({ fetches: { importId, region: '' } });
  });

  it('is refused as federation refuses it', async () => {
    answer = { status: 502, body: JSON.stringify({ problem: { code: 'DownloadFailed', params: { uri: 'swift://cloud.foo/a/c/o', reason: 'Received 404 response' } } }) };
    await expect(objectSource(line())(asked, context)).rejects.toMatchObject({ code: 'DownloadFailed', params: { uri: 'swift://cloud.foo/a/c/o', reason: 'Received 404 response' } });
  });

  it('is given up where nothing arrives', async () => {
    answer = { status: 200, body: '', isSilent: true };
    const source = await objectSource(line(300))(asked, context);
    await expect(read(source)).rejects.toMatchObject({ code: 'DownloadFailed', params: { reason: 'nothing arrived for 0.3 seconds' } });
    await source.close();
  });
});
