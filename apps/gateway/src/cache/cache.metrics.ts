import { Counter, Gauge, type Registry } from 'prom-client';
import type { ImageCache } from './image-cache.js';

export interface CacheMetrics {
  read(outcome: string): void;
  /** From now on the metrics say how full this cache is. */
  measure(images: Pick<ImageCache, 'usedBytes' | 'entries'>): void;
}

/** What an operator watches of a gateway's cache. */
export function cacheMetrics(registry: Registry): CacheMetrics {
  const registers = [registry];
  const reads = new Counter({ name: 'heliograph_cache_reads_total', help: 'Downloads by what the cache had to do with them: hit, joined, filled, passed.', labelNames: ['outcome'], registers });
  let measured: Pick<ImageCache, 'usedBytes' | 'entries'> | undefined;
  new Gauge({ name: 'heliograph_cache_bytes', help: 'How much data is in the cache.', registers, collect() { this.set(measured?.usedBytes() ?? 0); } });
  new Gauge({ name: 'heliograph_cache_images', help: 'How many images are in the cache.', registers, collect() { this.set(measured?.entries().length ?? 0); } });
  return {
    read: (outcome) => { reads.inc({ outcome }); },
    measure: (images) => { measured = images; },
  };
}
