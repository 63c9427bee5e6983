import { setTimeout as pause } from 'node:timers/promises';
import type { Image, KnownDataFacts } from '#libs/domain';
import type { Logger } from '#libs/platform';
import { openFileReader, type ByteRange, type DataKey, type StoreReader } from '#libs/stores';
import { CacheUnusable, startFill, type Fill } from './cache-fill.js';
import type { CacheFolder } from './cache-folder.js';
import { cacheIndex, type CacheEntry } from './cache-index.js';
import type { OpenOrigin } from './growing-file.js';

/** An image whose data is asked for; whether it may be read has been judged before, on every request. */
export interface AskedData { readonly imageId: string; readonly data: KnownDataFacts; readonly copies: readonly DataKey[] }

export interface CacheOptions {
  /** (glance: image_cache_max_size) */
  readonly maxBytes: number;
  /** (glance: image_cache_stall_time) */
  readonly stallMs: number;
  /** Whether reads go through the cache; else it holds only what was queued. */
  readonly servesReads: boolean;
  /** Whether a copy in this store is as near as the cache itself, so that a read is no reason to have another. */
  isNear(storeId: string): boolean;
}

export interface CacheParts {
  readonly folder: CacheFolder;
  readonly logger: Pick<Logger, 'warn'>;
  readonly clock: () => Date;
  /** Opens one of the copies where they lie. */
  openOrigin(copies: readonly DataKey[], range?: ByteRange): Promise<StoreReader>;
  /** The image as it is now; undefined where it is gone. */
  imageNow(imageId: string): Promise<Image | undefined>;
  onRead?(outcome: ReadOutcome): void;
}
export type ReadOutcome = 'hit' | 'joined' | 'filled' | 'passed';

/** The cache of one gateway. Source: API.md section 13; Glance's image cache. */
export interface ImageCache {
  /** Opens the data: from the cache, along with what arrives there, or where it lies; a whole read of what is not near brings it into the cache. */
  read(asked: AskedData, range?: ByteRange, openElsewhere?: OpenOrigin): Promise<StoreReader>;
  /** Brings the data unless it is there; resolves when it is, or cannot be. */
  bring(asked: AskedData): Promise<'there' | 'failed' | 'too large'>;
  has(imageId: string): boolean;
  entries(): readonly CacheEntry[];
  usedBytes(): number;
  /** Takes the data out, also what is still arriving. */
  remove(imageId: string): Promise<void>;
  clear(): Promise<void>;
  /** Takes out what nobody is bringing any more. */
  clean(): Promise<void>;
  /** Takes out what was not read for the longest time until the rest is within the limit. */
  prune(): Promise<{ readonly files: number; readonly bytes: number }>;
  /** Takes out entries whose images are gone, a few at a time. */
  forgetDeleted(): Promise<void>;
  close(): Promise<void>;
}

/** Who asks for a part this far behind what has arrived does not wait for it. */
const aheadBytes = 32 * 1024 * 1024;
/** Each holds a few buffers; reads beyond them go to the stores. */
const mostFills = 8;
/** After data could not be brought, reads do not try again for so long. */
const retryAfterMs = 300_000;

const joinable = (fill: Fill, { data }: AskedData, { start }: ByteRange = { start: 0, end: 0 }): Fill | undefined =>
  fill.sizeBytes === data.sizeBytes && start <= fill.arrivedBytes() + aheadBytes ? fill : undefined;

const touchEveryMs = 10_000;
const checkedAtOnce = 100;

export async function imageCache({ folder, logger, clock, openOrigin, imageNow, onRead }: CacheParts, { maxBytes, stallMs, servesReads, isNear }: CacheOptions): Promise<ImageCache> {
  const index = cacheIndex(await folder.entries());
  const fills = new Map<string, Fill>();
  const failedAt = new Map<string, number>();
  const touchedAt = new Map<string, number>();
  let checked = 0;
  const now = (): number => clock().getTime();

  async function drop(imageId: string): Promise<void> {
    index.remove(imageId);
    touchedAt.delete(imageId);
    await folder.remove(imageId).catch((error: unknown) => { logger.warn({ err: error, image_id: imageId }, 'an image could not be taken out of the cache'); });
  }

  /** A file whose size is not the image's is no copy of it. */
  async function hit({ imageId, data }: AskedData, range?: ByteRange): Promise<StoreReader | undefined> {
    const entry = index.get(imageId);
    if (!entry) return undefined;
    const reader = entry.sizeBytes === data.sizeBytes ? await openFileReader(folder.pathOf(imageId), range).catch(() => undefined) : undefined;
    if (reader?.sizeBytes !== data.sizeBytes) {
      await reader?.close();
      await drop(imageId);
      return undefined;
    }
    index.hit(imageId, now());
    if (now() - (touchedAt.get(imageId) ?? 0) >= touchEveryMs) {
      touchedAt.set(imageId, now());
      folder.touch(imageId, now(), entry.modifiedMs).catch(() => undefined);
    }
    return reader;
  }

  /** What is arriving has a place already. */
  function makesRoom(sizeBytes: number): boolean {
    const arriving = [...fills.values()].reduce((sum, fill) => sum + fill.sizeBytes, 0);
    if (arriving + sizeBytes > maxBytes) return false;
    for (const { imageId } of index.toGo(maxBytes, arriving + sizeBytes)) void drop(imageId);
    return true;
  }

  function begin({ imageId, data, copies }: AskedData): Fill | undefined {
    const [key] = copies;
    if (!key || data.sizeBytes === 0 || !makesRoom(data.sizeBytes)) return undefined;
    const fill = startFill({
      key, data, stallMs, path: folder.incompletePathOf(imageId), openOrigin: (range) => openOrigin(copies, range),
      async keep() {
        await folder.complete(imageId);
        index.add({ imageId, sizeBytes: data.sizeBytes, modifiedMs: now(), accessedMs: now() });
      },
    });
    fills.set(imageId, fill);
    void fill.ended.then((isThere) => {
      fills.delete(imageId);
      if (isThere) return void failedAt.delete(imageId);
      failedAt.set(imageId, now());
      logger.warn({ err: fill.failure(), image_id: imageId }, 'an image did not come into the cache');
    });
    return fill;
  }

  function mayFill({ imageId, copies }: AskedData): boolean {
    return servesReads && fills.size < mostFills && !copies.some(({ storeId }) => isNear(storeId)) && now() - (failedAt.get(imageId) ?? -Infinity) >= retryAfterMs;
  }

  async function along(asked: AskedData, range?: ByteRange): Promise<StoreReader | undefined> {
    const running = fills.get(asked.imageId);
    const fill = running ? joinable(running, asked, range) : range || !mayFill(asked) ? undefined : begin(asked);
    if (!fill) return undefined;
    try {
      const reader = await fill.follow(range);
      if (!reader) return await hit(asked, range);
      onRead?.(running ? 'joined' : 'filled');
      return reader;
    } catch (error) {
      if (error instanceof CacheUnusable) return undefined;
      throw error;
    }
  }

  async function remove(imageId: string): Promise<void> {
    const fill = fills.get(imageId);
    fill?.giveUp();
    await fill?.ended;
    failedAt.delete(imageId);
    await drop(imageId);
  }

  return {
    async read(asked, range, openElsewhere = (part) => openOrigin(asked.copies, part)) {
      const cached = servesReads ? await hit(asked, range) : undefined;
      if (cached) {
        onRead?.('hit');
        return cached;
      }
      const reader = servesReads ? await along(asked, range) : undefined;
      if (reader) return reader;
      onRead?.('passed');
      return openElsewhere(range);
    },
    async bring(asked) {
      if (index.get(asked.imageId)?.sizeBytes === asked.data.sizeBytes) return 'there';
      const fill = fills.get(asked.imageId) ?? begin(asked);
      if (!fill) return 'too large';
      return await fill.ended ? 'there' : 'failed';
    },
    has: (imageId) => index.get(imageId) !== undefined,
    entries: () => index.all(),
    usedBytes: () => index.usedBytes(),
    remove,
    async clear() {
      for (const imageId of new Set([...fills.keys(), ...index.all().map((entry) => entry.imageId)])) await remove(imageId);
    },
    clean: () => folder.removeIncomplete(new Set(fills.keys())),
    async prune() {
      const going = index.toGo(maxBytes, 0);
      for (const { imageId } of going) await drop(imageId);
      return { files: going.length, bytes: going.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) };
    },
    async forgetDeleted() {
      const all = index.all();
      const some = all.slice(checked, checked + checkedAtOnce);
      checked = checked + checkedAtOnce >= all.length ? 0 : checked + checkedAtOnce;
      for (const { imageId } of some) if (!await imageNow(imageId)) await remove(imageId);
      for (const [imageId, at] of failedAt) if (now() - at >= retryAfterMs) failedAt.delete(imageId);
    },
    async close() {
      for (const fill of fills.values()) fill.giveUp();
      // A store that answers nothing is not waited for for ever; what it leaves half goes at the next start.
      await Promise.race([Promise.all([...fills.values()].map(({ ended }) => ended)), pause(5000, undefined, { ref: false })]);
    },
  };
}
