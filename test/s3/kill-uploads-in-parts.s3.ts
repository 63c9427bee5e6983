import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findS3Server, startS3Server, type S3Server } from '#libs/embedded';
import { sectionsOf } from '#libs/platform';
import { openStagingStore } from '#libs/stores';
import { eventually } from '../system/catalog-system.js';
import { signIn, type Client } from '../system/client.js';
import { afterImport, requestImport } from '../system/imports.js';
import { runMonkey, type Kills } from '../system/monkey.js';
import { createImage, historyOf, sha512 } from '../system/operations.js';
import { seeded, seedOfThisRun } from '../system/random.js';
import { environment, quickEnds, startRegion, type Region, type Settings } from '../system/region.js';
import { sendWithCurl, sendWithTus, tusPartBytes } from '../system/uploads-in-parts.js';

const seed = seedOfThisRun();
const seconds = Number(process.env['HELIOGRAPH_KILL_SECONDS'] ?? 10);
/** More than what a killed service may take with it, and less. */
const [largeBytes, smallBytes] = [30_000_000, 3_000_000];

describe(`Uploads in parts into a bucket while gateway and staging are killed (HELIOGRAPH_SEED=${seed})`, () => {
  let dir: string;
  let s3: S3Server;
  let region: Region;
  let client: Client;
  let kills: Kills;
  let stagingArea: Settings;
  const random = seeded(seed);
  const uploads: { imageId: string; bytes: Buffer; by: 'curl' | 'tus' | 'parallel tus'; offsets: number[] }[] = [];

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'heliograph-s3-uploads-'));
    s3 = await startS3Server({ binary: await findS3Server(), dir });
    const store = { host: s3.url, access_key: s3.accessKey, secret_key: s3.secretKey, bucket: 'staging', create_bucket_on_put: 'true', large_object_chunk_size: '5' };
    stagingArea = { 'heliograph.staging_store_kind': 's3', ...Object.fromEntries(Object.entries(store).map(([name, value]) => [`os_glance_staging_store.s3_store_${name}`, value])) };
    region = await startRegion({ settings: { ...quickEnds, ...stagingArea, 'heliograph.staging_sweep_interval': 1 }, stagings: 1, importers: 1 });
    client = await signIn(region);
    for (const by of ['curl', 'curl', 'tus', 'parallel tus'] as const) {
      uploads.push({ imageId: await createImage(client, by), bytes: random.bytes(by === 'curl' ? largeBytes : smallBytes), by, offsets: [] });
    }
    const beganAt = performance.now();
    const sending = Promise.all(uploads.map(async (upload, index) => {
      const onOffset = (at: number): void => { upload.offsets.push(at); };
      await (upload.by === 'curl' ? sendFile(`${index}`, upload, onOffset, largeBytes / seconds) : sendWithTus(region, client, {
        imageId: upload.imageId, bytes: upload.bytes, parallelUploads: upload.by === 'tus' ? 1 : 3, pauseMs: seconds * 1000 / (upload.bytes.length / tusPartBytes) / 2, mostTries: 600, onOffset,
      }));
    }));
    [kills] = await Promise.all([runMonkey(region, random.branch('monkey'), AbortSignal.timeout(seconds * 1000), ['gateway', 'staging']), sending]);
    process.stderr.write(`HELIOGRAPH_SEED=${seed}: killed ${JSON.stringify(kills.of)} in ${Math.round((performance.now() - beganAt) / 1000)} s; ${JSON.stringify(uploads.map(({ by, offsets }) => [by, offsets.length]))}\n`);
  }, (seconds + 600) * 1000);
  afterAll(async () => {
    await region?.stop();
    await s3?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  async function sendFile(name: string, { imageId, bytes }: { imageId: string; bytes: Buffer }, onOffset: (at: number) => void, bytesPerSecond: number): Promise<void> {
    const file = join(dir, name);
    await writeFile(file, bytes);
    await sendWithCurl(region, client, { imageId, file, sizeBytes: bytes.length, bytesPerSecond: Math.ceil(bytesPerSecond), onOffset, withinMs: 400_000 });
  }

  /** Whatever lies in the staging area: what is whole, what is unfinished, and what the server has of uploads that nobody completed. */
  async function everythingStaged(): Promise<string[]> {
    const store = await openStagingStore({ nodeStagingUri: 'file:///nowhere', stagingStoreKind: 's3' }, sectionsOf(environment(stagingArea)));
    const names: string[] = [];
    for await (const { name } of store.list?.() ?? []) names.push(name);
    const entries = await readdir(join(dir, 'buckets', 'staging'), { recursive: true, withFileTypes: true }).catch(() => undefined);
    return entries ? [...names, ...entries.filter((entry) => entry.isFile()).map(({ name }) => name)] : everythingStaged();
  }
  const nothingIsLeft = (): Promise<void> => eventually('nothing is left in the staging area', async () => (await everythingStaged()).length === 0, 120_000);

  async function becomesImage({ imageId, bytes }: { imageId: string; bytes: Buffer }): Promise<void> {
    await requestImport(client, imageId, { method: { name: 'glance-direct' } });
    expect(await afterImport(client, imageId, 120_000)).toMatchObject({ status: 'active', size: bytes.length, os_hash_value: sha512(bytes) });
    expect((await client.askUntilAnswered('GET', `/v2/images/${imageId}/file`)).bytes.equals(bytes)).toBe(true);
    const actions = (await historyOf(client, imageId)).map(({ action }) => action);
    expect(actions.filter((action) => action.endsWith('ImageStaging'))).toEqual(['StartImageStaging', 'CompleteImageStaging']);
  }

  it('have had enough done to them to mean something', () => {
    expect(Object.values(kills.of).every((times) => times > 0)).toBe(true);
    expect(kills.ownDeaths).toEqual([]);
    expect(uploads.some(({ by, offsets }) => by === 'curl' && offsets.length > 1)).toBe(true);
  });

  it('are never told a lower offset than before', () => {
    for (const { by, offsets } of uploads) if (by !== 'parallel tus') expect(offsets).toEqual(offsets.toSorted((one, other) => one - other));
  });

  it('arrive whole, once each, and become images of just these bytes', async () => {
    for (const upload of uploads) await becomesImage(upload);
    await nothingIsLeft();
  }, 400_000);

  it.each(['after-store-commit', 'before-complete'] as const)('are staged once where the service dies at %s', async (point) => {
    const upload = { imageId: await createImage(client, point), bytes: random.bytes(smallBytes) };
    await region.arm('staging', point);
    const brought = region.ending('staging').then(async ({ signal }) => {
      await region.restart('staging');
      return signal;
    });
    await sendFile(point, upload, () => undefined, smallBytes);
    expect(await brought).toBe('SIGKILL');
    await becomesImage(upload);
    await nothingIsLeft();
  }, 400_000);

  it('leave nothing behind where nobody goes on with them', async () => {
    const imageId = await createImage(client, 'given up');
    const headers = { 'x-auth-token': client.token, 'content-type': 'application/octet-stream', 'content-range': `bytes 0-999999/${smallBytes}` };
    expect((await fetch(`${region.url}/v2/images/${imageId}/stage`, { method: 'PUT', headers, body: new Uint8Array(random.bytes(1_000_000)), redirect: 'manual' })).status).toBe(308);
    expect((await everythingStaged()).length).toBeGreaterThan(0);
    await region.kill('staging');
    expect((await client.askUntilAnswered('DELETE', `/v2/images/${imageId}`)).status).toBe(204);
    await region.restart('staging');
    await nothingIsLeft();
  }, 200_000);
});
