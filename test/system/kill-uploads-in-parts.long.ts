import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './catalog-system.js';
import { signIn, type Client } from './client.js';
import { expectKillsOnly, runMonkey, type Kills } from './monkey.js';
import { afterImport, requestImport } from './imports.js';
import { createImage, historyOf, imageNow } from './operations.js';
import { seeded, seedOfThisRun } from './random.js';
import { quickEnds, startRegion, type Region } from './region.js';
import { stagedFilesOf } from './staging.js';
import { sendWithCommand, sendWithCurl, sendWithTus, tusPartBytes, type Sent } from './uploads-in-parts.js';

const seed = seedOfThisRun();
const seconds = Number(process.env['HELIOGRAPH_KILL_SECONDS'] ?? 12);
const sizeBytes = 6_000_000;

describe(`Uploads in parts while gateway, staging and others are killed at random (HELIOGRAPH_SEED=${seed})`, () => {
  let region: Region;
  let client: Client;
  let dir: string;
  let kills: Kills;
  let commandSaid: Awaited<ReturnType<typeof sendWithCommand>>;
  const uploads: { imageId: string; bytes: Buffer; by: 'curl' | 'command' | 'tus' | 'parallel tus'; offsets: number[]; sent?: Sent }[] = [];

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'heliograph-uploads-'));
    region = await startRegion({ settings: quickEnds, stagings: 1, importers: 1 });
    client = await signIn(region);
    const random = seeded(seed);
    for (const by of ['curl', 'curl', 'command', 'tus', 'tus', 'parallel tus'] as const) {
      uploads.push({ imageId: await createImage(client, by), bytes: random.bytes(sizeBytes), by, offsets: [] });
    }
    const over = new AbortController();
    const sending = Promise.all(uploads.map(async (upload, index) => {
      if (upload.by === 'tus' || upload.by === 'parallel tus') return sendWithTus(region, client, {
        imageId: upload.imageId, bytes: upload.bytes, parallelUploads: upload.by === 'tus' ? 1 : 3, pauseMs: seconds * 1000 / (sizeBytes / tusPartBytes) / 2, mostTries: 200, onOffset: (at) => upload.offsets.push(at),
      });
      const file = join(dir, `${index}`);
      await writeFile(file, upload.bytes);
      if (upload.by === 'command') return void (commandSaid = await sendWithCommand(region, client, file, '--image', upload.imageId, '--stage-only', '--patience', '180'));
      upload.sent = await sendWithCurl(region, client, { imageId: upload.imageId, file, sizeBytes, bytesPerSecond: sizeBytes / seconds, onOffset: (at) => upload.offsets.push(at), withinMs: 180_000 });
    }));
    const monkey = runMonkey(region, random.branch('monkey'), AbortSignal.timeout(seconds * 1000), ['nats', 'catalog', 'gateway', 'staging']).finally(() => { over.abort(); });
    [kills] = await Promise.all([monkey, sending]);
    process.stderr.write(`HELIOGRAPH_SEED=${seed}: killed ${JSON.stringify(kills.of)}; ${JSON.stringify(uploads.map(({ by, sent, offsets }) => [by, sent?.requests ?? offsets.length]))}\n`);
  }, (seconds + 240) * 1000);
  afterAll(async () => {
    await region?.stop();
    await rm(dir, { recursive: true });
  });

  it('have had enough done to them to mean something', () => {
    expectKillsOnly(kills);
    expect(uploads.some(({ sent }) => (sent?.requests ?? 0) > 1)).toBe(true);
  });

  it('are never told a lower offset than before', () => {
    for (const { by, offsets } of uploads) if (by !== 'parallel tus') expect(offsets).toEqual(offsets.toSorted((one, other) => one - other));
  });

  it('arrive whole, once each, and become images of just these bytes', async () => {
    for (const { imageId, bytes } of uploads) {
      await requestImport(client, imageId, { method: { name: 'glance-direct' } });
      const image = await afterImport(client, imageId);
      expect(image).toMatchObject({ status: 'active', size: sizeBytes, os_hash_value: createHash('sha512').update(bytes).digest('hex') });
      expect((await client.askUntilAnswered('GET', `/v2/images/${imageId}/file`)).bytes.equals(bytes)).toBe(true);
      const actions = (await historyOf(client, imageId)).map(({ action }) => action);
      expect(actions.filter((action) => /ImageStaging$/.test(action))).toEqual(['StartImageStaging', 'CompleteImageStaging']);
    }
  });

  it('are brought by our own command too, which says how far it is', () => {
    expect(commandSaid).toEqual({ status: 0, said: expect.stringMatching(/100% of 5\.7 MiB/) as string });
  });

  it('become images at once by our command, which compares them with the file, and refuses what cannot be gone on with', async () => {
    const file = join(dir, 'again');
    await writeFile(file, seeded(seed).bytes(1_000_000));
    const { status, said } = await sendWithCommand(region, client, file, '--name', 'by command', '--disk-format', 'raw');
    expect({ status, said }).toEqual({ status: 0, said: expect.stringContaining('importing') as string });
    const [, imageId = ''] = /^image (\S+)$/m.exec(said) ?? [];
    expect(await imageNow(client, imageId)).toMatchObject({ name: 'by command', status: 'active', size: 1_000_000 });
    expect(await sendWithCommand(region, client, file, '--image', imageId)).toMatchObject({ status: 1, said: expect.stringContaining('must be queued, or uploading in parts') as string });
  });

  it('leave nothing behind', async () => {
    for (const { imageId } of uploads) {
      await eventually('nothing of it is staged', async () => (await stagedFilesOf(region, imageId)).length === 0).catch(() => undefined);
      expect(await stagedFilesOf(region, imageId)).toEqual([]);
    }
  });
});
