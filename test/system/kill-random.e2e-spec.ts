import { eventually } from './catalog-system.js';
import { signIn, type Client } from './client.js';
import { runLoad, type Load } from './load.js';
import { runMonkey, victimsOf, type Kills } from './monkey.js';
import { filesIn } from './operations.js';
import { seeded, seedOfThisRun } from './random.js';
import { quickEnds, startRegion, type Region } from './region.js';
import { catalogueRows, operatorSays, verdictOn } from './verdict.js';

const seed = seedOfThisRun();
const seconds = Number(process.env['HELIOGRAPH_KILL_SECONDS'] ?? 40);

describe(`A region whose processes are killed at random (HELIOGRAPH_SEED=${seed})`, () => {
  let region: Region;
  let client: Client;
  let load: Load;
  let kills: Kills;

  beforeAll(async () => {
    region = await startRegion({ settings: { ...quickEnds, 'heliograph.lease_seconds': 4 }, catalogs: 2 });
    const clients = await Promise.all(Array.from({ length: 8 }, () => signIn(region)));
    client = await signIn(region, 'admin');
    const random = seeded(seed);
    const over = new AbortController();
    const monkey = runMonkey(region, random.branch('monkey'), AbortSignal.timeout(seconds * 1000), victimsOf(region)).finally(() => over.abort());
    [load, kills] = await Promise.all([runLoad({ clients, random, signal: over.signal }), monkey]);
    process.stderr.write(`HELIOGRAPH_SEED=${seed}: killed ${JSON.stringify(kills.of)}; ${JSON.stringify(load.counts())}\n`);
  }, (seconds + 240) * 1000);
  afterAll(() => region?.stop());

  it('has had enough done to it to mean something', () => {
    expect(Object.entries(kills.of).filter(([, times]) => times === 0)).toEqual([]);
    const done = load.counts();
    const acknowledged = Object.keys(done).filter((what) => what.endsWith(' acknowledged')).reduce((sum, what) => sum + (done[what] ?? 0), 0);
    expect(acknowledged).toBeGreaterThan(40);
    expect(done['upload acknowledged']).toBeGreaterThan(0);
  });

  it('brings no service to its end that was not killed itself', () => {
    expect(kills.ownDeaths).toEqual([]);
  });

  it('answers as one does whose services are interrupted and not wrong: nothing refuses what is right', () => {
    expect(load.complaints).toEqual([]);
  });

  it('has everything that was acknowledged, each thing once, no read that went backwards for one client, and nothing left in saving', async () => {
    const wrong: string[] = [];
    for (const story of load.stories) wrong.push(...await verdictOn(client, story));
    expect(wrong).toEqual([]);
  }, 180_000);

  it('keeps the bytes of its images and no others', async () => {
    const { images } = (await client.askUntilAnswered('GET', '/v2/images?limit=1000&status=active')).json<{ images: { id: string }[] }>();
    const imagesOfFiles = async () => (await filesIn(region)).map((file) => file.split('/')[0]).sort();
    await eventually('the store holds what images have and nothing else', async () =>
      JSON.stringify(await imagesOfFiles()) === JSON.stringify(images.map(({ id }) => id).sort())).catch(() => undefined);
    expect(await imagesOfFiles()).toEqual(images.map(({ id }) => id).sort());
  });

  it('has a log in which log:verify finds no fault', async () => {
    expect(await operatorSays(region, 'log-verify')).toEqual({ status: 0, said: expect.stringMatching(/: whole\.\n$/) as string });
  }, 130_000);

  it('has a catalogue that equals, row for row, the one that is rebuilt from the log', async () => {
    const live = await catalogueRows(region);
    const { status, said } = await operatorSays(region, 'catalog-rebuild');
    expect({ status, said }).toMatchObject({ status: 0 });
    expect(await catalogueRows(region)).toEqual(live);
    expect(live['parked_images']).toEqual([]);
  }, 130_000);
});
