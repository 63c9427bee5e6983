import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'minio';
import { findS3Server, startS3Server, type S3Server } from '#libs/embedded';
import { keyOf, type DataKey } from './layout.js';
import { s3Store } from './s3.js';
import type { Store, UnfinishedData } from './store.js';
import { read, refuses } from './store.suite.js';
import { describeUnfinished } from './unfinished.suite.js';

const mib = 1024 * 1024;
let dir: string;
let server: S3Server;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'heliograph-s3-'));
  server = await startS3Server({ binary: await findS3Server(), dir });
}, 600_000);
afterAll(async () => {
  await server.stop();
  await rm(dir, { recursive: true, force: true });
});

const open = (bucket: string): Store => s3Store('far', {
  endpoint: new URL(server.url), accessKey: server.accessKey, secretKey: server.secretKey, bucket, createBucketOnPut: true,
  bucketUrlFormat: 'auto', regionName: 'us-east-1', largeObjectBytes: 100 * mib, chunkBytes: 5 * mib, parallelParts: 4,
}, { takesParts: true });

describeUnfinished('S3', async () => {
  const bucket = `uploads-${randomUUID()}`;
  return { open: async () => open(bucket), end: async () => {} };
});

describe('Unfinished data in a bucket', () => {
  const bytes = randomBytes(47 * mib + 11);
  let bucket: string;
  let store: Store;
  let unfinished: UnfinishedData;
  let key: DataKey;
  beforeEach(async () => {
    bucket = `uploads-${randomUUID()}`;
    reopen();
    key = { imageId: randomUUID(), attemptId: randomUUID(), storeId: 'far' };
    await unfinished.note(key, 'note');
  });
  function reopen(): void {
    store = open(bucket);
    unfinished = store.unfinished!;
  }
  async function append(from: number, to: number, isUnverified = false): Promise<number> {
    const writer = await unfinished.append(key, 'whole', { at: from, isUnverified });
    for (let at = from; at < to; at += mib) await writer.write(bytes.subarray(at, Math.min(at + mib, to)));
    return writer.keep();
  }
  const size = async (): Promise<number | undefined> => (await unfinished.partsOf(key)).get('whole');
  async function seal(): Promise<number> {
    const writer = await unfinished.seal(key, 'whole');
    const reader = await unfinished.read(key, 'whole');
    let readBytes = 0;
    for await (const chunk of reader) {
      readBytes += chunk.byteLength;
      await writer.write(chunk);
    }
    await reader.close();
    await writer.commit();
    return readBytes;
  }
  async function namesIn(): Promise<string[]> {
    const { hostname, port } = new URL(server.url);
    const client = new Client({ endPoint: hostname, port: Number(port), useSSL: false, accessKey: server.accessKey, secretKey: server.secretKey, region: 'us-east-1' });
    const objects = await client.listObjectsV2(bucket, '', true).toArray() as { name: string }[];
    const { uploads } = await client.listIncompleteUploadsQuery(bucket, '', '', '', '');
    return [...objects.map(({ name }) => name), ...uploads.map((upload) => `open ${upload.key}`)];
  }

  it('counts a few chunks at a time, so that a process that dies takes little with it', async () => {
    const writer = await unfinished.append(key, 'whole', { at: 0 });
    for (let at = 0; at < 43 * mib; at += mib) await writer.write(bytes.subarray(at, at + mib));
    reopen();
    expect(await size()).toBe(40 * mib);
    expect(await append(40 * mib, bytes.length)).toBe(bytes.length);
    await refuses(writer.keep(), 'UploadPaused');
    expect(await seal()).toBe(bytes.length);
    await unfinished.forget(key);
    expect((await read(store, key)).equals(bytes)).toBe(true);
    expect(await namesIn()).toEqual([keyOf(key)]);
  });

  it('counts nothing of a part that has to be verified, however large, before it is kept', async () => {
    const writer = await unfinished.append(key, 'whole', { at: 0, isUnverified: true });
    for (let at = 0; at < 43 * mib; at += mib) await writer.write(bytes.subarray(at, at + mib));
    expect(await size()).toBe(0);
    await writer.undo();
    expect((await namesIn()).filter((name) => name.startsWith('open'))).toEqual([]);
    expect(await append(0, bytes.length, true)).toBe(bytes.length);
    await seal();
    expect((await read(store, key)).equals(bytes)).toBe(true);
  });

  it.each([
    ['smaller than the server puts together', [0, 100, mib, 9 * mib]],
    ['that the server puts together', [0, 6 * mib, 26 * mib, 26 * mib + 7]],
  ])('may come in pieces %s', async (_, ends) => {
    for (const [index, to] of ends.entries()) if (index > 0) expect(await append(ends[index - 1]!, to)).toBe(to);
    await seal();
    expect((await read(store, key)).equals(bytes.subarray(0, ends.at(-1)))).toBe(true);
  });

  it('is put together again where somebody died who did so, and leaves nothing open', async () => {
    await append(0, 12 * mib);
    const died = await unfinished.seal(key, 'whole');
    reopen();
    await seal();
    await expect(died.commit()).rejects.toThrow();
    await died.cancel();
    await unfinished.forget(key);
    expect((await read(store, key)).equals(bytes.subarray(0, 12 * mib))).toBe(true);
    expect(await namesIn()).toEqual([keyOf(key)]);
  });

  it('is refused while the server is away, and goes on where it was', async () => {
    await append(0, 20 * mib);
    const writer = await unfinished.append(key, 'whole', { at: 20 * mib });
    await writer.write(bytes.subarray(20 * mib, 21 * mib));
    await server.kill();
    await refuses(writer.keep(), 'StoreUnavailable');
    server = await server.restart();
    reopen();
    expect(await size()).toBe(20 * mib);
    expect(await append(20 * mib, 30 * mib)).toBe(30 * mib);
    await seal();
    expect((await read(store, key)).equals(bytes.subarray(0, 30 * mib))).toBe(true);
  });
});
