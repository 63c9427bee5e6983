import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Problem, type Image, type KnownDataFacts } from '#libs/domain';
import type { ByteRange, StoreReader } from '#libs/stores';
import { openCacheFolder } from './cache-folder.js';
import { cacheQueue } from './cache-queue.js';
import { imageCache, type AskedData, type CacheOptions, type ImageCache } from './image-cache.js';

const bytes = randomBytes(3 * 1024 * 1024 + 5);
const factsOf = (data: Buffer): KnownDataFacts =>
  ({ sizeBytes: data.length, checksum: createHash('md5').update(data).digest('hex'), osHashAlgo: 'sha256', osHashValue: createHash('sha256').update(data).digest('hex') });

let dir: string;
let now: number;
const opened: (ByteRange | undefined)[] = [];
const outcomes: string[] = [];
/** What the store gives, and what it does before each chunk. */
let stored: Buffer;
let beforeChunk: (position: number) => Promise<void>;

async function openOrigin(_: unknown, range: ByteRange = { start: 0, end: stored.length - 1 }): Promise<StoreReader> {
  opened.push(range);
  return {
    sizeBytes: stored.length, lengthBytes: range.end + 1 - range.start,
    async* [Symbol.asyncIterator]() {
      for (let at = range.start; at <= range.end; at += 300_000) {
        await beforeChunk(at);
        yield stored.subarray(at, Math.min(at + 300_000, range.end + 1));
      }
    },
    close: async () => {},
  };
}

const gone = new Set<string>();
const imageNow = async (imageId: string): Promise<Image | undefined> => gone.has(imageId) ? undefined
  : { status: 'active', data: factsOf(stored), attempts: [{ attemptId: randomUUID(), storeId: 'near', state: 'stored' }] } as unknown as Image;

const caches: ImageCache[] = [];
async function aCache(options: Partial<CacheOptions> = {}): Promise<ImageCache> {
  const cache = await imageCache({
    folder: await openCacheFolder(dir), logger: { warn: () => {} }, clock: () => new Date(now), openOrigin, imageNow, onRead: (outcome) => void outcomes.push(outcome),
  }, { maxBytes: 10 * bytes.length, stallMs: 10_000, servesReads: true, isNear: (storeId) => storeId === 'near', ...options });
  caches.push(cache);
  return cache;
}

const asked = (imageId: string = randomUUID(), storeId = 'far', data = factsOf(stored)): AskedData => ({ imageId, data, copies: [{ imageId, attemptId: randomUUID(), storeId }] });

async function allOf(reader: StoreReader): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of reader) chunks.push(Buffer.from(chunk));
  await reader.close();
  return Buffer.concat(chunks);
}
const readAll = async (cache: ImageCache, of: AskedData, range?: ByteRange): Promise<Buffer> => allOf(await cache.read(of, range));
const until = async (isSo: () => boolean): Promise<void> => {
  for (let tries = 0; !isSo(); tries += 1) {
    if (tries === 500) throw new Error('it did not become so');
    await new Promise((resolve) => { setTimeout(resolve, 10); });
  }
};

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'heliograph-cache-'));
  now = 1_000_000_000_000;
  stored = bytes;
  beforeChunk = async () => {};
  opened.length = 0;
  outcomes.length = 0;
  gone.clear();
});
afterEach(async () => {
  // A reader may have all bytes before they are in the cache.
  for (const cache of caches.splice(0)) await cache.close();
  await rm(dir, { recursive: true, force: true });
});

describe('A read through the cache', () => {
  it('opens the store once, however many read, and serves the next ones and their ranges from the file', async () => {
    const cache = await aCache();
    const of = asked();
    const all = await Promise.all([1, 2, 3, 4].map(() => readAll(cache, of)));
    expect(all.every((each) => each.equals(bytes))).toBe(true);
    await until(() => cache.has(of.imageId));
    expect((await readAll(cache, of, { start: 7, end: 1_500_000 })).equals(bytes.subarray(7, 1_500_001))).toBe(true);
    expect([opened.length, outcomes]).toEqual([1, ['filled', 'joined', 'joined', 'joined', 'hit']]);
    expect(cache.entries()).toEqual([{ imageId: of.imageId, sizeBytes: bytes.length, hits: 1, accessedMs: now, modifiedMs: now }]);
  });

  it('goes on to fill it when its first reader leaves', async () => {
    const cache = await aCache();
    const of = asked();
    const reader = await cache.read(of);
    for await (const chunk of reader) if (chunk.length > 0) break;
    await reader.close();
    await until(() => cache.has(of.imageId));
    expect(opened).toHaveLength(1);
  });

  it('gives readers what has arrived while the rest is on its way, and goes on from the store where the rest does not come', async () => {
    const cache = await aCache();
    const of = asked();
    let fail = (): void => {};
    const failing = new Promise<void>((resolve) => { fail = resolve; });
    beforeChunk = async (position) => {
      if (position < 1_200_000 || opened.length > 1) return;
      await failing;
      throw new Problem('StoreUnavailable', { storeId: 'far' });
    };
    const reader = await cache.read(of);
    const chunks: Buffer[] = [];
    let read = 0;
    for await (const chunk of reader) {
      chunks.push(Buffer.from(chunk));
      read += chunk.length;
      if (read >= 1024 * 1024) fail();
    }
    await reader.close();
    expect(Buffer.concat(chunks).equals(bytes)).toBe(true);
    expect([opened.length, cache.has(of.imageId)]).toEqual([2, false]);
    expect(await readdir(join(dir, 'incomplete'))).toEqual([]);
  });

  it('keeps nothing that has another hash than the image, and does not try again at once', async () => {
    const cache = await aCache();
    const wrong = { ...factsOf(bytes), osHashValue: '0'.repeat(64) };
    const of = asked(undefined, 'far', wrong);
    expect((await readAll(cache, of)).equals(bytes)).toBe(true);
    await until(() => outcomes.length === 1 && opened.length === 1);
    await new Promise((resolve) => { setTimeout(resolve, 50); });
    expect(cache.has(of.imageId)).toBe(false);
    await readAll(cache, of);
    now += 300_000;
    await readAll(cache, of);
    expect(outcomes).toEqual(['filled', 'passed', 'filled']);
  });

  it('passes what is near, ranges of what is not there, data larger than the cache, and everything where reads do not go through it', async () => {
    const cache = await aCache({ maxBytes: bytes.length - 1 });
    await readAll(cache, asked(undefined, 'near'));
    await readAll(cache, asked());
    await readAll(cache, asked(), { start: 0, end: 5 });
    await readAll(await aCache({ servesReads: false }), asked());
    expect([outcomes, cache.entries()]).toEqual([['passed', 'passed', 'passed', 'passed'], []]);
  });

  it('refuses what the store refuses', async () => {
    const cache = await aCache();
    beforeChunk = async () => {};
    const refusing = imageCache({
      folder: await openCacheFolder(dir), logger: { warn: () => {} }, clock: () => new Date(now), imageNow,
      openOrigin: async () => { throw new Problem('ImageDataNotFound', { imageId: 'x', storeId: 'far' }); },
    }, { maxBytes: 1e9, stallMs: 1000, servesReads: true, isNear: () => false });
    await expect((await refusing).read(asked())).rejects.toMatchObject({ code: 'ImageDataNotFound' });
    await cache.close();
  });

  it('makes room by what was not read for the longest time', async () => {
    const cache = await aCache({ maxBytes: 2 * bytes.length });
    const [first, second, third] = [asked(), asked(), asked()];
    for (const each of [first, second]) {
      now += 1;
      await readAll(cache, each);
      await until(() => cache.has(each.imageId));
    }
    now += 1;
    await readAll(cache, first);
    await readAll(cache, third);
    await until(() => cache.has(third.imageId));
    expect([cache.has(first.imageId), cache.has(second.imageId), cache.usedBytes()]).toEqual([true, false, 2 * bytes.length]);
    expect(await readdir(dir)).not.toContain(second.imageId);
  });

  it('gives up what nothing arrives of', async () => {
    const cache = await aCache({ stallMs: 50 });
    const of = asked();
    beforeChunk = (position) => (position > 0 && opened.length === 1 ? new Promise(() => {}) : Promise.resolve());
    expect((await readAll(cache, of)).equals(bytes)).toBe(true);
    expect(cache.has(of.imageId)).toBe(false);
  });
});

describe('The directory of the cache', () => {
  it('tells after a restart what is there, and has nothing half', async () => {
    const [whole, half] = [randomUUID(), randomUUID()];
    await (await aCache()).close();
    await writeFile(join(dir, whole), bytes);
    await utimes(join(dir, whole), 500, 400);
    await writeFile(join(dir, 'incomplete', half), bytes.subarray(5));
    await writeFile(join(dir, 'something else'), 'x');
    const cache = await aCache();
    expect(cache.entries()).toEqual([{ imageId: whole, sizeBytes: bytes.length, accessedMs: 500_000, modifiedMs: 400_000, hits: 0 }]);
    expect(await readdir(join(dir, 'incomplete'))).toEqual([]);
    expect((await readAll(cache, asked(whole))).equals(bytes)).toBe(true);
    expect(outcomes).toEqual(['hit']);
  });

  it('is not believed where a file has another size than its image', async () => {
    const imageId = randomUUID();
    await (await aCache()).close();
    await writeFile(join(dir, imageId), bytes.subarray(1));
    const cache = await aCache();
    expect((await readAll(cache, asked(imageId))).equals(bytes)).toBe(true);
    expect(outcomes).toEqual(['filled']);
  });

  it('loses what is removed, also while it arrives', async () => {
    const cache = await aCache();
    const of = asked();
    let release = (): void => {};
    const held = new Promise<void>((resolve) => { release = resolve; });
    beforeChunk = (position) => (position === 0 ? Promise.resolve() : held);
    const reader = await cache.read(of);
    const removed = cache.remove(of.imageId);
    release();
    await removed;
    await reader.close();
    expect([cache.has(of.imageId), (await readdir(dir)).includes(of.imageId), await readdir(join(dir, 'incomplete'))]).toEqual([false, false, []]);
  });

  it('loses images that are gone', async () => {
    const cache = await aCache();
    const [stays, goes] = [asked(), asked()];
    for (const each of [stays, goes]) {
      await readAll(cache, each);
      await until(() => cache.has(each.imageId));
    }
    gone.add(goes.imageId);
    await cache.forgetDeleted();
    expect([cache.has(stays.imageId), cache.has(goes.imageId)]).toEqual([true, false]);
  });

  it('is brought within a smaller limit by prune', async () => {
    const imageId = randomUUID();
    await (await aCache()).close();
    await writeFile(join(dir, imageId), bytes);
    const cache = await aCache({ maxBytes: 10 });
    expect(await cache.prune()).toEqual({ files: 1, bytes: bytes.length });
    expect(await cache.prune()).toEqual({ files: 0, bytes: 0 });
  });
});

describe('The queue of the cache', () => {
  const parts = async () => ({ folder: await openCacheFolder(dir), imageNow, logger: { warn: () => {} } });

  it('brings what is queued, near or not, and lets go what is gone', async () => {
    const cache = await aCache();
    const queue = await cacheQueue(cache, await parts());
    const [there, deleted] = [randomUUID(), randomUUID()];
    gone.add(deleted);
    await queue.add(deleted);
    await queue.add(there);
    await queue.work();
    expect([cache.has(there), cache.has(deleted), queue.imageIds()]).toEqual([true, false, []]);
    await queue.add(there);
    expect(queue.imageIds()).toEqual([]);
  });

  it('keeps what failed for the next round, also over a restart', async () => {
    const cache = await aCache();
    const imageId = randomUUID();
    const queue = await cacheQueue(cache, await parts());
    beforeChunk = async () => { throw new Problem('StoreUnavailable', { storeId: 'far' }); };
    await queue.add(imageId);
    await queue.work();
    expect(queue.imageIds()).toEqual([imageId]);
    const again = await cacheQueue(cache, await parts());
    beforeChunk = async () => {};
    await again.work();
    expect([cache.has(imageId), again.imageIds(), await readdir(join(dir, 'queue'))]).toEqual([true, [], []]);
  });
});
