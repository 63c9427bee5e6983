import { readdir } from 'node:fs/promises';
import { startWebServer, type WebServer } from '../api/web-server.js';
import { eventually } from './catalog-system.js';
import { signIn, type Client } from './client.js';
import { afterImport, importAgainAndAgain, requestImport, stage, verdictOnImport, type Expected } from './imports.js';
import { expectKillsOnly, runMonkey, type Kills } from './monkey.js';
import { createImage, filesIn, historyOf, imageNow, someBytes, upload } from './operations.js';
import { seeded, seedOfThisRun } from './random.js';
import { quickEnds, startRegion, type Region } from './region.js';
import type { CrashPoint } from '#libs/event-log';

const seed = seedOfThisRun();
const seconds = Number(process.env['HELIOGRAPH_KILL_SECONDS'] ?? 12);
const both = ['fast', 'far'];

let web: WebServer;
beforeAll(async () => { web = await startWebServer(); });
afterAll(() => web.close());

const settings = () => ({
  ...quickEnds, 'default.enabled_backends': 'fast:file, far:file', 'import_filtering_opts.allowed_hosts': '127.0.0.1', 'import_filtering_opts.allowed_ports': String(web.port),
});
const fromWeb = (path: string, more: object = {}) => ({ method: { name: 'web-download', uri: web.url + path }, ...more });

describe('An importer that dies', () => {
  let region: Region;
  let client: Client;
  beforeAll(async () => {
    region = await startRegion({ settings: { ...settings(), 'heliograph.import_handover_seconds': 2 }, importers: 1, stagings: 1 });
    client = await signIn(region, 'admin');
  });
  afterAll(() => region?.stop());

  /** Asks for an import while a service is about to die, and brings the service back. */
  async function dyingAt(service: 'importer' | 'catalog', point: CrashPoint, nth: number, imageId: string, body: object): Promise<void> {
    await region.arm(service, point, nth);
    const requested = requestImport(client, imageId, body);
    const { signal } = await region.ending(service);
    expect(signal).toBe('SIGKILL');
    await region.restart(service);
    await requested;
  }

  it.each([
    ['after-start', 1], ['after-store-commit', 1], ['before-complete', 2], ['after-start', 2],
  ] as const)('at %s (%i) of an import from behind a signed URI to two stores: another one goes on, and every store is filled once', async (point, nth) => {
    const imageId = await createImage(client, 'from the web');
    const bytes = someBytes();
    web.serve('/image?sig=of-nobody', bytes);
    await dyingAt('importer', point, nth, imageId, fromWeb('/image?sig=of-nobody', { all_stores: true }));
    expect(await verdictOnImport(region, client, { imageId, bytes, stores: both, imports: 1 })).toEqual([]);
  });

  it.each(['after-start', 'before-complete'] as const)('at %s of an import of what was staged: it becomes the image\'s, and nothing stays in the staging area', async (point) => {
    const imageId = await createImage(client, 'staged');
    const bytes = someBytes();
    await stage(client, imageId, bytes);
    await dyingAt('importer', point, 1, imageId, { method: { name: 'glance-direct' } });
    expect(await verdictOnImport(region, client, { imageId, bytes, stores: ['fast'], imports: 1 })).toEqual([]);
    await eventually('nothing of it is in the staging area', async () =>
      (await readdir(region.stagingDir, { recursive: true })).every((name) => !name.includes(imageId) || !name.endsWith('os_glance_staging_store')));
  });

  it.each(['after-start', 'after-store-commit'] as const)('at %s of a copy: the image stays active, and is in both stores', async (point) => {
    const imageId = await createImage(client, 'copied');
    const bytes = someBytes();
    const { method, path, ...rest } = upload(imageId, bytes);
    expect((await client.askUntilAnswered(method, path, rest)).status).toBe(204);
    await dyingAt('importer', point, 1, imageId, { method: { name: 'copy-image' }, stores: ['far'] });
    expect((await imageNow(client, imageId))?.status).toBe('active');
    expect(await verdictOnImport(region, client, { imageId, bytes, stores: both, imports: 1 })).toEqual([]);
  });

  it.each([['after-append', 1], ['after-append', 4], ['before-reply', 2]] as const)('outlives a catalog that dies at %s (%i)', async (point, nth) => {
    const imageId = await createImage(client, 'from the web');
    const bytes = someBytes();
    web.serve('/image', bytes);
    await dyingAt('catalog', point, nth, imageId, fromWeb('/image', { all_stores: true }));
    expect(await verdictOnImport(region, client, { imageId, bytes, stores: both, imports: 1 })).toEqual([]);
  });

  it('leaves nothing to do where the image is deleted before another one goes on', async () => {
    const imageId = await createImage(client, 'deleted');
    web.serve('/image', someBytes());
    await region.arm('importer', 'after-store-commit', 1);
    await requestImport(client, imageId, fromWeb('/image'));
    await region.ending('importer');
    expect((await client.askUntilAnswered('DELETE', `/v2/images/${imageId}`)).status).toBe(204);
    await region.restart('importer');
    await eventually('its bytes are gone', async () => (await filesIn(region)).every((file) => !file.includes(imageId)));
  });
});

describe('Two importers', () => {
  let region: Region;
  let client: Client;
  beforeAll(async () => {
    region = await startRegion({ settings: settings(), importers: 2 });
    client = await signIn(region, 'admin');
  });
  afterAll(() => region?.stop());

  it('replace each other within ten seconds, while bytes move', async () => {
    const imageId = await createImage(client, 'from a slow place');
    const bytes = someBytes(2_000_000);
    web.answer('/slow', (_, response) => {
      response.writeHead(200, { 'content-length': String(bytes.length), etag: '"slow"' });
      response.write(bytes.subarray(0, 1_000_000));
    });
    await region.stopService('importer-2');
    await requestImport(client, imageId, fromWeb('/slow'));
    await eventually('bytes lie in the store', async () => (await filesIn(region)).some((file) => file.includes(imageId)));
    await region.restart('importer-2');
    web.serve('/slow', bytes);
    const killedAt = Date.now();
    await region.kill('importer');
    await afterImport(client, imageId);
    const starts = (await historyOf(client, imageId)).filter(({ action }) => action === 'StartStoreImport').map(({ at }) => Date.parse(at));
    expect(starts).toHaveLength(2);
    expect((starts[1] ?? 0) - killedAt).toBeLessThan(10_000);
    expect(await verdictOnImport(region, client, { imageId, bytes, stores: ['fast'], imports: 1 })).toEqual([]);
  });
});

describe(`Imports whose services are killed at random (HELIOGRAPH_SEED=${seed})`, () => {
  let region: Region;
  let client: Client;
  let kills: Kills;
  const expected: Expected[] = [];

  beforeAll(async () => {
    region = await startRegion({ settings: { ...settings(), 'heliograph.import_handover_seconds': 2, 'heliograph.lease_seconds': 4 }, importers: 2, stagings: 1 });
    client = await signIn(region, 'admin');
    const random = seeded(seed);
    const over = new AbortController();
    const monkey = runMonkey(region, random.branch('monkey'), AbortSignal.timeout(seconds * 1000), ['nats', 'catalog', 'importer', 'importer-2'], () => expected.length > 5).finally(() => { over.abort(); });
    const workers = Array.from({ length: 4 }, (_, index) => importAgainAndAgain({ client, web, random: random.branch(`worker ${index}`), signal: over.signal, expected }));
    [kills] = await Promise.all([monkey, ...workers]);
    process.stderr.write(`HELIOGRAPH_SEED=${seed}: killed ${JSON.stringify(kills.of)}; ${expected.length} images imported\n`);
  }, (seconds + 200) * 1000);
  afterAll(() => region?.stop());

  it('have had enough done to them to mean something', () => {
    expectKillsOnly(kills);
    expect(expected.length).toBeGreaterThan(5);
  });

  it('all come to their good end: nothing stuck, lost or written twice, and no byte of a dead attempt left', async () => {
    const wrong: string[] = [];
    for (const each of expected) wrong.push(...await verdictOnImport(region, client, each));
    expect(wrong).toEqual([]);
  }, 200_000);
});
