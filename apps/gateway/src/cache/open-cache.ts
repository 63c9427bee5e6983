import type { ServiceParts } from '#libs/platform';
import type { ReadModel } from '#libs/read-model';
import { readPreferred, type Stores } from '#libs/stores';
import type { GatewayConfig } from '../config.js';
import { cacheMetrics } from './cache.metrics.js';
import { openCacheFolder } from './cache-folder.js';
import { cacheQueue, type CacheQueue } from './cache-queue.js';
import { imageCache, type CacheParts, type ImageCache } from './image-cache.js';

export interface CacheRoom { readonly images: ImageCache; readonly queue: CacheQueue }

const maintenanceMs = 30_000;

export const hasCache = ({ imageCacheDir }: Pick<GatewayConfig, 'imageCacheDir'>): boolean => imageCacheDir !== '';

/** The cache of this gateway, if it has one. (glance: image_cache_dir) */
export async function openCache(parts: ServiceParts<GatewayConfig>, stores: Stores, readModel: Pick<ReadModel, 'imageById'>): Promise<CacheRoom | undefined> {
  const { config, logger, metrics, shutdown } = parts;
  if (!hasCache(config)) return undefined;
  const measured = cacheMetrics(metrics);
  const folder = await openCacheFolder(config.imageCacheDir);
  const cacheParts: CacheParts = {
    folder, logger, clock: () => new Date(),
    openOrigin: (copies, range) => readPreferred(stores, copies, { range }),
    imageNow: async (imageId) => (await readModel.imageById(imageId, { atLeast: 0 }))?.image,
    onRead: (outcome) => { measured.read(outcome); },
  };
  const images = await imageCache(cacheParts, {
    maxBytes: config.imageCacheMaxSize, stallMs: config.imageCacheStallTime * 1000, servesReads: config.pasteDeployFlavor.split('+').some((word) => word === 'caching' || word === 'cachemanagement'),
    isNear: (storeId) => !config.cacheFileStores && stores.all.get(storeId)?.kind === 'file',
  });
  const queue = await cacheQueue(images, cacheParts);
  measured.measure(images);
  const stop = maintain({ images, queue }, parts);
  shutdown.add('cache', async () => {
    stop();
    await images.close();
  });
  return { images, queue };
}

/** Now and then, and soon after the start: images that were deleted at another gateway go, and what is queued is tried again. */
function maintain({ images, queue }: CacheRoom, { logger }: Pick<ServiceParts<GatewayConfig>, 'logger'>): () => void {
  const pass = (): void => {
    void queue.work();
    images.forgetDeleted().catch((error: unknown) => { logger.warn({ err: error }, 'the cache was not compared with the images; trying again later'); });
  };
  const timer = setInterval(pass, maintenanceMs);
  timer.unref();
  void queue.work();
  return () => { clearInterval(timer); };
}
