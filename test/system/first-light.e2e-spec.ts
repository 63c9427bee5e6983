import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '#libs/embedded';
import { signIn, type Client, type ImageView } from './client.js';
import { runProgram, type Outcome } from './launched.js';
import { createImage, historyOf, imageNow, sha512, someBytes } from './operations.js';

describe('The life of an image in what npm start brings up', () => {
  let dir: string;
  let port: number;
  let demo: Client;
  let admin: Client;
  let imageId: string;
  let before: ImageView | undefined;
  let first: Outcome;
  const bytes = someBytes(5 * 2 ** 20 + 17);
  const start = (): Promise<Outcome> => runProgram('scripts/start.mjs', '--data', dir, '--port', String(port), '--detach');
  const stop = (): Promise<Outcome> => runProgram('scripts/stop.mjs', '--data', dir);

  async function signInBoth(): Promise<void> {
    const { identityUrl, endpoint } = JSON.parse(await readFile(join(dir, 'heliograph.json'), 'utf8')) as { identityUrl: string; endpoint: string };
    [demo, admin] = await Promise.all(['demo', 'admin'].map((userName) => signIn({ url: endpoint, identityUrl, password: 'secret' }, userName))) as [Client, Client];
  }

  const patch = (...operations: object[]) => demo.ask('PATCH', `/v2/images/${imageId}`, { body: operations });

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'heliograph-first-light-'));
    port = await freePort();
    first = await start();
    expect(first).toMatchObject({ status: 0 });
    await signInBoth();
  }, 180_000);
  afterAll(async () => {
    await stop();
    await rm(dir, { recursive: true, force: true });
  });

  it('begins queued, and has no data', async () => {
    imageId = await createImage(demo, 'first');
    expect(await imageNow(demo, imageId)).toMatchObject({ status: 'queued', size: null, checksum: null, visibility: 'shared' });
    expect((await demo.ask('GET', `/v2/images/${imageId}/file`)).status).toBe(204);
  });

  it('becomes active with its data, whose size and hashes it shows', async () => {
    expect((await demo.ask('PUT', `/v2/images/${imageId}/file`, { body: bytes })).status).toBe(204);
    expect(await imageNow(demo, imageId)).toMatchObject({ status: 'active', size: bytes.length, os_hash_algo: 'sha512', os_hash_value: sha512(bytes) });
  });

  it('gives its data back', async () => {
    expect((await demo.ask('GET', `/v2/images/${imageId}/file`)).bytes.equals(bytes)).toBe(true);
  });

  it('is changed, tagged, shared and listed', async () => {
    expect((await patch({ op: 'replace', path: '/name', value: 'renamed' }, { op: 'add', path: '/colour', value: 'green' })).status).toBe(200);
    expect((await demo.ask('PUT', `/v2/images/${imageId}/tags/good`)).status).toBe(204);
    expect((await demo.ask('POST', `/v2/images/${imageId}/members`, { body: { member: 'another-project' } })).status).toBe(200);
    const { images } = (await demo.ask('GET', '/v2/images?name=renamed&tag=good')).json<{ images: ImageView[] }>();
    expect(images).toMatchObject([{ id: imageId, name: 'renamed', colour: 'green', tags: ['good'], status: 'active' }]);
  });

  it('is not downloaded while it is deactivated', async () => {
    expect((await admin.ask('POST', `/v2/images/${imageId}/actions/deactivate`)).status).toBe(204);
    expect((await demo.ask('GET', `/v2/images/${imageId}/file`)).status).toBe(403);
    expect((await admin.ask('POST', `/v2/images/${imageId}/actions/reactivate`)).status).toBe(204);
    before = await imageNow(demo, imageId);
    expect(before).toMatchObject({ status: 'active' });
  });

  it('is there after a stop and a start, which takes no longer than the first', async () => {
    expect(await stop()).toMatchObject({ status: 0 });
    const started = await start();
    expect(started).toMatchObject({ status: 0 });
    // The first start made the databases and the log besides.
    expect(started.seconds).toBeLessThan(1.5 * first.seconds);
    await signInBoth();
    expect(await imageNow(demo, imageId)).toEqual(before);
    expect((await demo.ask('GET', `/v2/images/${imageId}/file`)).bytes.equals(bytes)).toBe(true);
  }, 180_000);

  it('is deleted when it is not protected, and its history stays', async () => {
    await patch({ op: 'replace', path: '/protected', value: true });
    expect((await demo.ask('DELETE', `/v2/images/${imageId}`)).status).toBe(403);
    await patch({ op: 'replace', path: '/protected', value: false });
    expect((await demo.ask('DELETE', `/v2/images/${imageId}`)).status).toBe(204);
    expect((await demo.ask('GET', `/v2/images/${imageId}`)).status).toBe(404);
    const actions = (await historyOf(demo, imageId)).map(({ action }) => action).filter((action) => action !== 'RecordImageDataRemoved');
    expect(actions).toEqual([
      'CreateImage', 'StartImageDataUpload', 'CompleteImageDataUpload', 'ChangeImageProperties', 'AddImageTag', 'AddMember', 'DeactivateImage', 'ReactivateImage',
      'ChangeImageProperties', 'ChangeImageProperties', 'DeleteImage',
    ]);
  });
});
