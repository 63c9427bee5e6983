import { startWebServer, type WebServer } from '../api/web-server.js';
import { eventually } from './catalog-system.js';
import { signIn, type Client } from './client.js';
import { importAgainAndAgain, verdictOnImport, type Expected } from './imports.js';
import { runLoad, type Load } from './load.js';
import { runMonkey, victimsOf, type Kills } from './monkey.js';
import { filesIn } from './operations.js';
import { seeded, seedOfThisRun } from './random.js';
import { quickEnds, startRegion, type Region } from './region.js';
import { catalogueRows, operatorSays, verdictOn } from './verdict.js';

const seed = seedOfThisRun();
const seconds = Number(process.env['HELIOGRAPH_KILL_SECONDS'] ?? 120);
/** So long a verdict may take: it looks at every image that there was. */
const verdictMs = 300_000 + seconds * 1000;

describe(`A whole region under a mixed load, whose processes are killed in turn (HELIOGRAPH_SEED=${seed})`, () => {
  let region: Region;
  let web: WebServer;
  let client: Client;
  let load: Load;
  let kills: Kills;
  const imported: Expected[] = [];

  beforeAll(async () => {
    web = await startWebServer();
    region = await startRegion({
      settings: {
        ...quickEnds, 'heliograph.lease_seconds': 4, 'heliograph.import_handover_seconds': 2, 'default.enabled_backends': 'fast:file, far:file',
        'import_filtering_opts.allowed_hosts': '127.0.0.1', 'import_filtering_opts.allowed_ports': String(web.port),
      },
      catalogs: 2, stagings: 1, importers: 2,
    });
    const clients = await Promise.all(Array.from({ length: 6 }, () => signIn(region)));
    client = await signIn(region, 'admin');
    const random = seeded(seed);
    const over = new AbortController();
    const isEnough = (): boolean => imported.length > 5;
    const monkey = runMonkey(region, random.branch('monkey'), AbortSignal.timeout(seconds * 1000), victimsOf(region), isEnough).finally(() => { over.abort(); });
    const imports = Array.from({ length: 2 }, (_, index) => importAgainAndAgain({ client, web, random: random.branch(`imports ${index}`), signal: over.signal, expected: imported }));
    [load, kills] = await Promise.all([runLoad({ clients, random, signal: over.signal }), monkey, ...imports]);
    process.stderr.write(`HELIOGRAPH_SEED=${seed}: killed ${JSON.stringify(kills.of)}; ${JSON.stringify(load.counts())}; ${imported.length} images imported\n`);
  }, (seconds + 400) * 1000);
  afterAll(async () => {
    await region?.stop();
    await web?.close();
  });

  it('has had enough done to it to mean something', () => {
    expect(Object.keys(kills.of)).toEqual(['postgres', 'nats', 'catalog', 'catalog-2', 'gateway', 'staging', 'importer', 'importer-2']);
    expect(Object.entries(kills.of).filter(([, times]) => times === 0)).toEqual([]);
    const reads = load.stories.flatMap((story) => story.reads);
    expect(reads.length).toBeGreaterThan(20);
    expect(new Set(reads.map((read) => read.client)).size).toBe(6);
    expect(imported.length).toBeGreaterThan(5);
  });

  it('loses no service that was not killed, and refuses nothing that is right', () => {
    expect(kills.ownDeaths).toEqual([]);
    expect(load.complaints).toEqual([]);
  });

  it('has every operation that was acknowledged, in its order and once, and nothing that nobody asked for; no read went backwards for one client', async () => {
    const wrong: string[] = [];
    for (const story of load.stories) wrong.push(...await verdictOn(client, story));
    expect(wrong).toEqual([]);
  }, verdictMs);

  it('has brought every import to its good end, each store filled once', async () => {
    const wrong: string[] = [];
    for (const each of imported) wrong.push(...await verdictOnImport(region, client, each));
    expect(wrong).toEqual([]);
  }, verdictMs);

  it('keeps no byte of what is over', async () => {
    const owners = new Set([...load.stories.filter(({ deleted }) => deleted === undefined).map(({ imageId }) => imageId), ...load.stories.filter(({ deleted }) => deleted === 'unknown').map(({ imageId }) => imageId), ...imported.map(({ imageId }) => imageId)]);
    const strange = async (): Promise<string[]> => (await filesIn(region)).filter((file) => ![...owners].some((imageId) => file.includes(imageId)));
    await eventually('no file is of an image that was deleted', async () => (await strange()).length === 0).catch(() => undefined);
    expect(await strange()).toEqual([]);
  });

  it('has a log in which log:verify finds no fault, and a catalogue that equals the one rebuilt from it', async () => {
    expect(await operatorSays(region, 'log-verify')).toEqual({ status: 0, said: expect.stringMatching(/: whole\.\n$/) as string });
    const live = await catalogueRows(region);
    expect(await operatorSays(region, 'catalog-rebuild')).toMatchObject({ status: 0 });
    expect(await catalogueRows(region)).toEqual(live);
    expect(live['parked_images']).toEqual([]);
  }, 300_000);
});
