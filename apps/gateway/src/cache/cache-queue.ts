import { keysOf } from '#libs/stores';
import type { CacheFolder } from './cache-folder.js';
import type { CacheParts, ImageCache } from './image-cache.js';

/** Images that an administrator wants in the cache before anybody reads them. It outlives the gateway. */
export interface CacheQueue {
  /** In the order of their coming. */
  imageIds(): readonly string[];
  /** Begins at once where nothing else is under way. What is in the cache, or in the queue, stays as it is. */
  add(imageId: string): Promise<void>;
  remove(imageId: string): Promise<void>;
  clear(): Promise<void>;
  /** Tries again what did not come before. */
  work(): Promise<void>;
}

/** Brings one image after another. What is gone, not active or too large leaves the queue; what failed waits for the next round. */
export async function cacheQueue(cache: Pick<ImageCache, 'bring' | 'has'>, { folder, imageNow, logger }: { folder: CacheFolder } & Pick<CacheParts, 'imageNow' | 'logger'>): Promise<CacheQueue> {
  const waiting = new Set<string>(await folder.queued());
  let working: Promise<void> | undefined;

  async function leave(imageId: string): Promise<void> {
    waiting.delete(imageId);
    await folder.unqueue(imageId);
  }

  async function one(imageId: string): Promise<void> {
    const image = await imageNow(imageId);
    const copies = image?.status === 'active' ? keysOf(imageId, image.attempts) : [];
    if (!image?.data || copies.length === 0) {
      logger.warn({ image_id: imageId }, 'an image was queued for the cache and is not there or not active any more');
      return leave(imageId);
    }
    const outcome = await cache.bring({ imageId, data: image.data, copies });
    if (outcome === 'too large') logger.warn({ image_id: imageId, size: image.data.sizeBytes }, 'an image was queued for the cache and has no room there');
    if (outcome !== 'failed') await leave(imageId);
  }

  /** What is added meanwhile is worked off, too; what failed is not tried twice in one round. */
  async function round(): Promise<void> {
    const tried = new Set<string>();
    for (let next = first(waiting, tried); next !== undefined; next = first(waiting, tried)) {
      tried.add(next);
      await one(next).catch((error: unknown) => { logger.warn({ err: error, image_id: next }, 'an image could not be brought into the cache'); });
    }
  }

  const work = (): Promise<void> => (working ??= round().finally(() => { working = undefined; }));
  return {
    imageIds: () => [...waiting],
    async add(imageId) {
      if (cache.has(imageId) || waiting.has(imageId)) return;
      waiting.add(imageId);
      await folder.queue(imageId);
      void work();
    },
    remove: leave,
    clear: async () => { for (const imageId of [...waiting]) await leave(imageId); },
    work,
  };
}

const first = (waiting: ReadonlySet<string>, tried: ReadonlySet<string>): string | undefined => [...waiting].find((imageId) => !tried.has(imageId));
