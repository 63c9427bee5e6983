import { setTimeout as pause } from 'node:timers/promises';
import { signIn, type Client } from './client.js';
import { afterImport, requestImport, verdictOnImport, type Expected } from './imports.js';
import { expectKillsOnly, runMonkey, type Kills } from './monkey.js';
import { createImage, upload } from './operations.js';
import { seeded, seedOfThisRun, type Random } from './random.js';
import { quickEnds, startRegion, type Region } from './region.js';
import { startSlowLink, type SlowLink } from './slow-link.js';

const seed = seedOfThisRun();
const seconds = Number(process.env['HELIOGRAPH_KILL_SECONDS'] ?? 12);
const mebibyte = 2 ** 20;

describe(`Imports from another region whose services are killed, and whose link is cut, at random (HELIOGRAPH_SEED=${seed})`, () => {
  let region: Region;
  let link: SlowLink;
  let client: Client;
  let kills: Kills;
  let cuts = 0;
  let sources: readonly SourceImage[];
  const expected: Expected[] = [];

  beforeAll(async () => {
    // The other region is this one, behind a slow link: what matters is that the bytes go through federation.
    region = await startRegion({
      settings: { ...quickEnds, 'default.enabled_backends': 'fast:file, far:file', 'heliograph.import_handover_seconds': 2, 'heliograph.lease_seconds': 4 }, importers: 1, federations: 1,
      otherRegions: async (url) => {
        link = await startSlowLink(() => Number(new URL(url).port), 6 * mebibyte);
        return { RegionFar: `http://127.0.0.1:${link.port}` };
      },
    });
    client = await signIn(region, 'admin');
    const random = seeded(seed);
    sources = await Promise.all(Array.from({ length: 3 }, (_, index) => sourceImage(random.branch(`source ${index}`))));
    const over = new AbortController();
    const monkey = runMonkey(region, random.branch('monkey'), AbortSignal.timeout(seconds * 1000), ['federation', 'importer'], () => expected.length > 2 && cuts > 0).finally(() => { over.abort(); });
    const workers = Array.from({ length: 3 }, (_, index) => bringAgainAndAgain(sources, random.branch(`worker ${index}`), over.signal));
    [kills] = await Promise.all([monkey, cutAgainAndAgain(random.branch('link'), over.signal), ...workers]);
    process.stderr.write(`HELIOGRAPH_SEED=${seed}: killed ${JSON.stringify(kills.of)}, link cut ${cuts} times; ${expected.length} images brought\n`);
  }, (seconds + 200) * 1000);
  afterAll(async () => {
    await region?.stop();
    await link?.close();
  });

  interface SourceImage { readonly imageId: string; readonly bytes: Buffer }

  async function sourceImage(random: Random): Promise<SourceImage> {
    const imageId = await createImage(client, 'source');
    const bytes = random.bytes(2 * mebibyte + random.below(3 * mebibyte));
    const { method, path, ...rest } = upload(imageId, bytes);
    expect((await client.askUntilAnswered(method, path, rest)).status).toBe(204);
    return { imageId, bytes };
  }

  async function bringAgainAndAgain(sources: readonly SourceImage[], random: Random, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const source = random.pick(sources);
      const imageId = await createImage(client, 'brought');
      await requestImport(client, imageId, { method: { name: 'glance-download', glance_image_id: source.imageId, glance_region: 'RegionFar' } });
      expected.push({ imageId, bytes: source.bytes, stores: ['fast'], imports: 1 });
      await afterImport(client, imageId, 150_000);
      await pause(random.below(200));
    }
  }

  async function cutAgainAndAgain(random: Random, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await pause(700 + random.below(1500));
      if (link.cut() > 0) cuts += 1;
    }
  }

  it.each(['before-reply', 'after-start', 'before-acknowledgement'] as const)('come through where federation dies at %s', async (point) => {
    const imageId = await createImage(client, 'brought');
    const [source] = sources as [SourceImage];
    await region.arm('federation', point);
    const requested = requestImport(client, imageId, { method: { name: 'glance-download', glance_image_id: source.imageId, glance_region: 'RegionFar' } });
    expect((await region.ending('federation')).signal).toBe('SIGKILL');
    await region.restart('federation');
    await requested;
    expect(await verdictOnImport(region, client, { imageId, bytes: source.bytes, stores: ['fast'], imports: 1 })).toEqual([]);
  });

  it('have had enough done to them to mean something', () => {
    expectKillsOnly(kills);
    expect([expected.length > 2, cuts > 0]).toEqual([true, true]);
  });

  it('all come to their good end: nothing stuck, lost or written twice, and no byte of a dead attempt left', async () => {
    const wrong: string[] = [];
    for (const each of expected) wrong.push(...await verdictOnImport(region, client, each));
    expect(wrong).toEqual([]);
  }, 200_000);
});
