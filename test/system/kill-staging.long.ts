import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from './catalog-system.js';
import { signIn, type Client } from './client.js';
import { expectKillsOnly, runMonkey, type Kills } from './monkey.js';
import { createImage, deletion, dyingAt, historyOf, someBytes } from './operations.js';
import { seeded, seedOfThisRun, type Random } from './random.js';
import { quickEnds, startRegion, type Region } from './region.js';
import { settledStaging, stagedFilesOf, stageUntilTaken, staging, verdictOnStaged } from './staging.js';
import { operatorSays } from './verdict.js';

const seed = seedOfThisRun();
const seconds = Number(process.env['HELIOGRAPH_KILL_SECONDS'] ?? 10);
const settings = { ...quickEnds, 'default.enabled_backends': 'fast:file, far:file' };

/** Staging is two commands of the staging service: the catalog dies at the first, the start, or at the second, the completion. */
const points = [
  ...(['after-store-commit', 'before-complete', 'before-acknowledgement'] as const).map((point) => ['staging', point, 1] as const),
  ['catalog', 'after-append', 1] as const,
  ...(['before-append', 'after-append', 'before-reply'] as const).map((point) => ['catalog', point, 2] as const),
];

describe('A service that dies while data is staged', () => {
  let region: Region;
  let client: Client;
  beforeAll(async () => {
    region = await startRegion({ settings, stagings: 1, importers: 1 });
    client = await signIn(region);
  });
  afterAll(() => region?.stop());

  it.each(points)('%s, %s (%i): the data waits or is gone, the same request is taken, and it becomes the image\'s', async (service, point, nth) => {
    const imageId = await createImage(client, 'to be staged');
    const bytes = someBytes();
    const operation = staging(imageId, bytes);
    const answer = await dyingAt({ region, client, service, point, nth, timeoutMs: 30_000 }, operation);
    expect([204, 409]).toContain(answer.status);
    const settled = await settledStaging(client, imageId);
    expect(['queued', 'uploading']).toContain(settled?.status);
    // A machine that is slow enough lets so short a lease run out on data that nobody killed, and is not back at once after an outage.
    expect([204, 409, 503]).toEqual(expect.arrayContaining([...await stageUntilTaken(client, operation)]));
    expect(await verdictOnStaged(region, client, { imageId, bytes })).toEqual([]);
  });

  it.each(['staging', 'gateway', 'catalog', 'nats'] as const)('%s, while bytes move: they wait or are gone, and the image does not stay in uploading', async (name) => {
    await diesInMidStage(region, client, name);
  });

  it('leaves no byte of an image that is deleted before the service is back', async () => {
    const imageId = await createImage(client, 'to be deleted');
    await region.arm('staging', 'after-store-commit');
    const { method, path, ...rest } = staging(imageId, someBytes());
    const answered = client.ask(method, path, rest).then(({ status }) => status, () => 'no answer');
    await region.ending('staging');
    expect([503, 'no answer']).toContain(await answered);
    expect((await client.askUntilAnswered('DELETE', `/v2/images/${imageId}`)).status).toBe(204);
    expect(await stagedFilesOf(region, imageId)).toHaveLength(1);
    await region.restart('staging');
    await eventually('its bytes are gone', async () => (await stagedFilesOf(region, imageId)).length === 0);
  });

  it('is no cause for the operator to sweep by hand, who sees what waits and changes nothing by looking', async () => {
    const imageId = await createImage(client, 'to be looked at');
    await stageUntilTaken(client, staging(imageId, someBytes(12)));
    const { status, said } = await operatorSays(region, 'staging-sweep', '--dry-run');
    expect({ status, said }).toEqual({ status: 0, said: expect.stringMatching(new RegExp(`kept +${imageId}/.*, 12 bytes: waits for its import until `)) as string });
    expect(said).not.toContain('removed');
    expect(await stagedFilesOf(region, imageId)).toHaveLength(1);
  });
});

describe('A gateway that writes staged data itself, and dies', () => {
  let region: Region;
  let client: Client;
  beforeAll(async () => {
    region = await startRegion({ settings: { ...settings, 'heliograph.staging_writer': 'gateway' }, stagings: 1, importers: 1 });
    client = await signIn(region);
  });
  afterAll(() => region?.stop());

  it.each(['after-store-commit', 'before-complete', 'before-acknowledgement'] as const)('%s: the data waits or is gone, the same request is taken, and it becomes the image\'s', async (point) => {
    const imageId = await createImage(client, 'to be staged');
    const bytes = someBytes();
    const operation = staging(imageId, bytes);
    const answer = await dyingAt({ region, client, service: 'gateway', point, timeoutMs: 30_000 }, operation);
    expect([204, 409]).toContain(answer.status);
    await stageUntilTaken(client, operation);
    expect(await verdictOnStaged(region, client, { imageId, bytes })).toEqual([]);
  });

  it('while bytes move: they are gone, and the image does not stay in uploading', async () => { await diesInMidStage(region, client, 'gateway'); });

  it('stages while the staging service is away', async () => {
    await region.stopService('staging');
    const imageId = await createImage(client, 'to be staged');
    const bytes = someBytes();
    const { method, path, ...rest } = staging(imageId, bytes);
    expect((await client.ask(method, path, rest)).status).toBe(204);
    expect(await verdictOnStaged(region, client, { imageId, bytes })).toEqual([]);
    await region.restart('staging');
  });
});

async function diesInMidStage(region: Region, client: Client, name: 'staging' | 'gateway' | 'catalog' | 'nats'): Promise<void> {
  const imageId = await createImage(client, 'to be staged');
  const bytes = someBytes(3_000_000);
  const operation = staging(imageId, bytes);
  let goOn = (): void => undefined;
  const halfway = new Promise<void>((resolve) => { goOn = resolve; });
  const answered = fetch(region.url + operation.path, {
    method: 'PUT', headers: { 'x-auth-token': client.token, 'content-type': 'application/octet-stream', 'idempotency-key': operation.key },
    body: inTwoParts(bytes, halfway), duplex: 'half',
  } as RequestInit).then(({ status }) => status, () => 'no answer');
  await eventually('bytes lie in the staging area', async () => (await stagedFilesOf(region, imageId)).length === 1);
  await region.kill(name);
  goOn();
  await region.restart(name);
  expect([204, 409, 503, 'no answer']).toContain(await answered);
  await settledStaging(client, imageId);
  await stageUntilTaken(client, operation);
  expect(await verdictOnStaged(region, client, { imageId, bytes })).toEqual([]);
}

async function* inTwoParts(bytes: Buffer, halfway: Promise<void>): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(bytes.subarray(0, bytes.length / 2));
  await halfway;
  yield new Uint8Array(bytes.subarray(bytes.length / 2));
}

describe(`Staging while services are killed at random (HELIOGRAPH_SEED=${seed})`, () => {
  let region: Region;
  let client: Client;
  let kills: Kills;
  const acknowledged: { imageId: string; bytes: Buffer }[] = [];
  const deleted: string[] = [];

  beforeAll(async () => {
    region = await startRegion({ settings: { ...settings, 'heliograph.lease_seconds': 4, 'heliograph.import_handover_seconds': 2 }, stagings: 1, importers: 1 });
    client = await signIn(region);
    const random = seeded(seed);
    const over = new AbortController();
    const monkey = runMonkey(region, random.branch('monkey'), AbortSignal.timeout(seconds * 1000), ['nats', 'catalog', 'gateway', 'staging'], () => acknowledged.length > 3).finally(() => { over.abort(); });
    const workers = Array.from({ length: 3 }, (_, index) => stageAgainAndAgain(random.branch(`worker ${index}`), over.signal));
    [kills] = await Promise.all([monkey, ...workers]);
    process.stderr.write(`HELIOGRAPH_SEED=${seed}: killed ${JSON.stringify(kills.of)}; ${acknowledged.length} images staged, ${deleted.length} deleted\n`);
  }, (seconds + 200) * 1000);
  afterAll(() => region?.stop());

  async function stageAgainAndAgain(random: Random, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const imageId = await createImage(client, 'staged');
      const bytes = random.bytes(100_000 + random.below(3_000_000));
      await stageUntilTaken(client, staging(imageId, bytes), 120_000);
      if (random.chance(0.25)) {
        const { method, path, ...rest } = deletion(imageId);
        await client.askUntilAnswered(method, path, rest);
        deleted.push(imageId);
      } else acknowledged.push({ imageId, bytes });
      await pause(random.below(200));
    }
  }

  it('has had enough done to it to mean something', () => {
    expectKillsOnly(kills);
    expect(acknowledged.length).toBeGreaterThan(3);
  });

  it('loses nothing that was acknowledged, and stages nothing twice', async () => {
    const wrong: string[] = [];
    for (const each of acknowledged) wrong.push(...await verdictOnStaged(region, client, each));
    expect(wrong).toEqual([]);
  }, 200_000);

  it('leaves nothing in the staging area in the end', async () => {
    for (const imageId of deleted) expect((await historyOf(client, imageId)).filter(({ action }) => action === 'DeleteImage')).toHaveLength(1);
    await eventually('the area is empty', async () => (await operatorSays(region, 'staging-sweep', '--dry-run')).said.startsWith('0 files, 0 bytes'));
  });
});
