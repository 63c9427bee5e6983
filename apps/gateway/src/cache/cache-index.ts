import type { CachedFile } from './cache-folder.js';

/** An entry as it is told to administrators; moments in milliseconds. */
export interface CacheEntry extends CachedFile { readonly hits: number }

/** What is in the cache, and what must go first when there is no room. Knows no files. */
export interface CacheIndex {
  get(imageId: string): CacheEntry | undefined;
  all(): readonly CacheEntry[];
  add(entry: CachedFile): void;
  remove(imageId: string): void;
  /** Counts a read. */
  hit(imageId: string, nowMs: number): void;
  /** Those that were not read for the longest time, so many that the rest and `comingBytes` are within the limit. */
  toGo(maxBytes: number, comingBytes: number): readonly CacheEntry[];
  usedBytes(): number;
}

export function cacheIndex(files: readonly CachedFile[]): CacheIndex {
  const entries = new Map<string, CacheEntry>(files.map((file) => [file.imageId, { ...file, hits: 0 }]));
  const usedBytes = (): number => [...entries.values()].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  return {
    usedBytes,
    get: (imageId) => entries.get(imageId),
    all: () => [...entries.values()],
    add: (file) => void entries.set(file.imageId, { ...file, hits: 0 }),
    remove: (imageId) => void entries.delete(imageId),
    hit(imageId, nowMs) {
      const entry = entries.get(imageId);
      if (entry) entries.set(imageId, { ...entry, hits: entry.hits + 1, accessedMs: nowMs });
    },
    toGo(maxBytes, comingBytes) {
      const going: CacheEntry[] = [];
      let over = usedBytes() + comingBytes - maxBytes;
      for (const entry of [...entries.values()].toSorted((one, other) => one.accessedMs - other.accessedMs)) {
        if (over <= 0) break;
        going.push(entry);
        over -= entry.sizeBytes;
      }
      return going;
    },
  };
}
