import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Client } from 'minio';
import { findS3Server, startS3Server, type S3Server } from '#libs/embedded';
import { keyOf, type DataKey } from './layout.js';
import type { S3Options } from './s3-options.js';
import { s3Store } from './s3.js';
import { describeStore, read, refuses, someBytes } from './store.suite.js';
import type { Store } from './store.js';

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

const mib = 1024 * 1024;
setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;
const bucketName = (): string => `images-${randomUUID()}`;
const optionsOf = (bucket: string, more: Partial<S3Options> = {}): S3Options => ({
  endpoint: new URL(server.url), accessKey: server.accessKey, secretKey: server.secretKey, bucket, createBucketOnPut: true,
  bucketUrlFormat: 'auto', regionName: 'us-east-1', largeObjectBytes: 100 * mib, chunkBytes: 5 * mib, parallelParts: 4, ...more,
});
const admin = (): Client => {
  const { hostname, port } = new URL(server.url);
  return new Client({ endPoint: hostname, port: Number(port), useSSL: false, accessKey: server.accessKey, secretKey: server.secretKey, region: 'us-east-1' });
};

/** Objects and open uploads, as anybody who looks into the bucket sees them. */
async function leftIn(bucket: string): Promise<string[]> {
  const client = admin();
  if (!(await client.bucketExists(bucket))) return [];
  const objects = await client.listObjectsV2(bucket, '', true).toArray() as { name: string }[];
  const { uploads } = await client.listIncompleteUploadsQuery(bucket, '', '', '', '');
  return [...objects.map(({ name }) => name), ...uploads.map(({ key }) => `open ${key}`)];
}

/** What the server really keeps, also of parts that it does not list any more. */
async function bytesOf(bucket: string): Promise<number> {
  const entries = await readdir(join(dir, 'buckets', bucket), { recursive: true, withFileTypes: true });
  const sizes = await Promise.all(entries.filter((entry) => entry.isFile()).map(async (entry) => (await stat(join(entry.parentPath, entry.name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

describeStore('S3', async () => {
  const bucket = bucketName();
  await admin().makeBucket(bucket, 'us-east-1');
  return { store: s3Store('far', optionsOf(bucket)), leftovers: async () => (await leftIn(bucket)).length, end: async () => {} };
});

describe('An S3 store', () => {
  let bucket: string;
  let store: Store;
  beforeEach(() => {
    bucket = bucketName();
    store = s3Store('far', optionsOf(bucket));
  });
  const newKey = (imageId: string = randomUUID(), storeId = 'far'): DataKey => ({ imageId, attemptId: randomUUID(), storeId });
  async function put(data: Uint8Array, key = newKey(), into = store): Promise<DataKey> {
    const writer = await into.create(key, { declaredSizeBytes: data.byteLength });
    for (let at = 0; at < data.byteLength; at += mib) await writer.write(data.subarray(at, at + mib));
    await writer.commit();
    return key;
  }

  it('makes its bucket at the first upload where it may, and says what is missing where it may not', async () => {
    const strict = s3Store('far', optionsOf(bucket, { createBucketOnPut: false }));
    await expect(strict.check()).rejects.toThrow(/bucket .* cannot be used \(NoSuchBucket\)/);
    await refuses(strict.create(newKey()), 'StoreUnavailable');
    await refuses(strict.read(newKey()), 'StoreUnavailable');
    await store.check();
    await put(someBytes(10));
    await strict.check();
  });

  it('keeps an image as one object named by image, attempt and store', async () => {
    const key = await put(someBytes(11 * mib));
    expect(await leftIn(bucket)).toEqual([keyOf(key)]);
  });

  it('takes 40 MiB in parts, whose order does not depend on which of them arrives first', async () => {
    const data = someBytes(40 * mib + 4711);
    const key = await put(data);
    expect((await read(store, key)).equals(data)).toBe(true);
    expect((await read(store, key, { start: 5 * mib - 1, end: 15 * mib })).equals(data.subarray(5 * mib - 1, 15 * mib + 1))).toBe(true);
  });

  it.each([5 * mib - 1, 5 * mib, 5 * mib + 1, 10 * mib])('keeps data that ends at the border of a part: %d bytes', async (count) => {
    const data = someBytes(count);
    expect((await read(store, await put(data))).equals(data)).toBe(true);
  });

  it('takes several attempts of one image side by side', async () => {
    const imageId = randomUUID();
    const all = Array.from({ length: 6 }, () => someBytes(11 * mib));
    const keys = await Promise.all(all.map((data) => put(data, newKey(imageId))));
    for (const [at, key] of keys.entries()) expect((await read(store, key)).equals(all[at]!)).toBe(true);
  });

  it('ends a large upload whose key another process removes, at its next part', async () => {
    const key = newKey();
    const writer = await store.create(key);
    await writer.write(someBytes(6 * mib));
    await s3Store('far', optionsOf(bucket)).remove(key);
    await refuses((async () => {
      for (let part = 0; part < 10; part += 1) await writer.write(someBytes(6 * mib));
      await writer.commit();
    })(), 'AttemptOver');
    await writer.cancel();
    expect(await leftIn(bucket)).toEqual([]);
    expect(await bytesOf(bucket)).toBe(0);
  });

  it('leaves nothing of the parts that were on their way at a cancel, whenever it comes', async () => {
    const data = someBytes(22 * mib);
    for (let ms = 0; ms < 100; ms += 5) {
      const writer = await store.create(newKey());
      await writer.write(data);
      await new Promise((resolve) => { setTimeout(resolve, ms); });
      await writer.cancel();
    }
    expect(await leftIn(bucket)).toEqual([]);
    expect(await bytesOf(bucket)).toBe(0);
  });

  it('removes what a process that died left open, and leaves its neighbours alone', async () => {
    const [dead, alive] = [newKey(), newKey()];
    await (await store.create(dead)).write(someBytes(6 * mib));
    const writer = await store.create(alive);
    await writer.write(someBytes(6 * mib));
    await store.remove(dead);
    expect(await leftIn(bucket)).toEqual([`open ${keyOf(alive)}`]);
    await writer.commit();
    expect(await leftIn(bucket)).toEqual([keyOf(alive)]);
  });

  it('holds a bounded part of an upload and of a download in memory, whatever their size', async () => {
    await put(someBytes(12 * mib));
    const chunk = someBytes(mib);
    const [key, before] = [newKey(), process.memoryUsage()];
    let peakBytes = 0;
    let looks = 0;
    const look = (): void => {
      looks += 1;
      if (looks % 8 !== 0) return;
      // What is held is bounded; when garbage is taken is the engine's affair.
      collectGarbage();
      // Memory that earlier tests gave back may be used again without the process growing, so buffers are counted too.
      const { rss, arrayBuffers } = process.memoryUsage();
      peakBytes = Math.max(peakBytes, rss - before.rss, arrayBuffers - before.arrayBuffers);
    };
    const writer = await store.create(key);
    for (let count = 0; count < 256; count += 1) {
      await writer.write(chunk);
      look();
    }
    await writer.commit();
    const reader = await store.read(key);
    let readBytes = 0;
    for await (const piece of reader) {
      readBytes += piece.byteLength;
      look();
    }
    await reader.close();
    expect(readBytes).toBe(256 * mib);
    // Five parts of 5 MiB are the window; the rest is garbage between two collections.
    expect(peakBytes).toBeLessThan(60 * mib);
    process.stderr.write(`memory grew by ${Math.round(peakBytes / mib)} MiB for 256 MiB up and down\n`);
  });

  it('sends no faster than the reader takes', async () => {
    const key = await put(someBytes(40 * mib));
    const before = process.memoryUsage().rss;
    const readers = await Promise.all(Array.from({ length: 10 }, async () => {
      const reader = await store.read(key);
      await reader[Symbol.asyncIterator]().next();
      return reader;
    }));
    await new Promise((resolve) => { setTimeout(resolve, 500); });
    expect(process.memoryUsage().rss - before).toBeLessThan(60 * mib);
    await Promise.all(readers.map((reader) => reader.close()));
  });

  describe('copying from another store of its server', () => {
    it.each([0, 10, 40 * mib + 1, 300 * mib])('gives %d bytes that are seen only after the commit', async (count) => {
      const near = s3Store('near', optionsOf(bucketName()));
      const data = someBytes(count);
      const source = await put(data, newKey(randomUUID(), 'near'), near);
      const key = newKey(source.imageId);
      const progress: number[] = [];
      const writer = await store.copyFrom!(near, source, key, { onProgress: (bytes) => { progress.push(bytes); } });
      await refuses(store.read(key), 'ImageDataNotFound');
      await writer!.commit();
      expect((await read(store, key)).equals(data)).toBe(true);
      expect(progress.at(-1) ?? 0).toBe(count);
    });

    it('leaves nothing after a cancel, and nothing can be committed once its key is removed', async () => {
      const source = await put(someBytes(6 * mib));
      const [first, second] = [newKey(), newKey()];
      await (await store.copyFrom!(store, source, first))!.cancel();
      const writer = await store.copyFrom!(store, source, second);
      await store.remove(second);
      await refuses(writer!.commit(), 'AttemptOver');
      expect(await leftIn(bucket)).toEqual([keyOf(source)]);
    });

    it('is left to the caller where the other store lies elsewhere', async () => {
      const other = s3Store('near', optionsOf(bucket, { accessKey: 'another' }));
      expect(await store.copyFrom!(other, newKey(randomUUID(), 'near'), newKey())).toBeUndefined();
    });

    it('refuses data that is not there', async () => {
      await put(someBytes(1));
      await refuses(store.copyFrom!(store, newKey(), newKey()), 'ImageDataNotFound');
    });
  });

  it('takes no wrong key, and tells neither the wrong one nor the right one', async () => {
    await put(someBytes(1));
    const wrong = s3Store('far', optionsOf(bucket, { secretKey: 'a-secret-that-is-wrong' }));
    const error = await wrong.create(newKey()).then(() => undefined, (thrown: unknown) => thrown as Error);
    const told = [error, error?.cause, await wrong.check().catch((thrown: unknown) => thrown as Error)].map((each) => JSON.stringify(each, Object.getOwnPropertyNames(each ?? {})));
    expect(told.join('\n')).toContain('AccessDenied');
    for (const secret of [server.accessKey, server.secretKey, 'a-secret-that-is-wrong', 'Signature=']) expect(told.join('\n')).not.toContain(secret);
  });

  describe('whose server is killed', () => {
    it('refuses the upload, and shows nothing of it when the server is back', async () => {
      const key = newKey();
      const writer = await store.create(key);
      await writer.write(someBytes(12 * mib));
      await server.kill();
      await refuses((async () => {
        for (let count = 0; count < 30; count += 1) await writer.write(someBytes(mib));
        await writer.commit();
      })(), 'StoreUnavailable');
      await writer.cancel();
      await refuses(store.read(key), 'StoreUnavailable');
      await expect(store.check()).rejects.toThrow('ECONNREFUSED');
      server = await server.restart();
      await refuses(store.read(key), 'ImageDataNotFound');
      await store.remove(key);
      expect(await leftIn(bucket)).toEqual([]);
    });

    it('goes on with an upload and a download once it is back in time', async () => {
      const data = someBytes(30 * mib);
      const key = await put(data);
      const second = newKey();
      const writer = await store.create(second);
      const reader = await store.read(key);
      const chunks: Buffer[] = [];
      let restarted: Promise<void> | undefined;
      for await (const chunk of reader) {
        chunks.push(Buffer.from(chunk));
        restarted ??= server.kill().then(() => server.restart()).then((again) => { server = again; });
      }
      await restarted;
      expect(Buffer.concat(chunks).equals(data)).toBe(true);
      await writer.write(data);
      await writer.commit();
      expect((await read(store, second)).equals(data)).toBe(true);
    });
  });
});
