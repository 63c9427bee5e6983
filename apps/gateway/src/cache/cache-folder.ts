import { mkdir, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isLowerUuid } from '#libs/contracts';

/**
 * The directory of one gateway's cache, laid out as Glance lays out its own:
 *
 *   <imageId>                   the whole data of an image
 *   incomplete/<imageId>        what is still arriving; whatever lies there when the gateway starts, nobody is bringing any more
 *   queue/<imageId>             empty; an image that is to be brought, in the order of their coming
 */
export interface CacheFolder {
  readonly pathOf: (imageId: string) => string;
  readonly incompletePathOf: (imageId: string) => string;
  /** Everything that is whole; the times in milliseconds. */
  entries(): Promise<readonly CachedFile[]>;
  /** Makes what has arrived one of the entries. */
  complete(imageId: string): Promise<void>;
  remove(imageId: string): Promise<void>;
  removeIncomplete(except: ReadonlySet<string>): Promise<void>;
  /** Remembers when an entry was last read, for the next start. */
  touch(imageId: string, accessedMs: number, modifiedMs: number): Promise<void>;
  queued(): Promise<readonly string[]>;
  queue(imageId: string): Promise<void>;
  unqueue(imageId: string): Promise<void>;
}

export interface CachedFile { readonly imageId: string; readonly sizeBytes: number; readonly modifiedMs: number; readonly accessedMs: number }

/** Opens the directory, which is made where it is not there, and throws away what a killed gateway left half. */
export async function openCacheFolder(dir: string): Promise<CacheFolder> {
  const [incompleteDir, queueDir] = [join(dir, 'incomplete'), join(dir, 'queue')];
  for (const each of [incompleteDir, queueDir]) await mkdir(each, { recursive: true, mode: 0o750 });
  const named = (folder: string) => (imageId: string): string => join(folder, checked(imageId));
  const [pathOf, incompletePathOf, queuePathOf] = [named(dir), named(incompleteDir), named(queueDir)];
  const folder: CacheFolder = {
    pathOf, incompletePathOf,
    entries: () => filesIn(dir),
    complete: (imageId) => rename(incompletePathOf(imageId), pathOf(imageId)),
    remove: (imageId) => rm(pathOf(imageId), { force: true }),
    async removeIncomplete(except) {
      for (const { imageId } of await filesIn(incompleteDir)) if (!except.has(imageId)) await rm(incompletePathOf(imageId), { force: true });
    },
    touch: (imageId, accessedMs, modifiedMs) => utimes(pathOf(imageId), accessedMs / 1000, modifiedMs / 1000),
    queued: async () => (await filesIn(queueDir)).toSorted((one, other) => one.modifiedMs - other.modifiedMs).map(({ imageId }) => imageId),
    queue: (imageId) => writeFile(queuePathOf(imageId), '', { mode: 0o640 }),
    unqueue: (imageId) => rm(queuePathOf(imageId), { force: true }),
  };
  await folder.removeIncomplete(new Set());
  return folder;
}

/** Only the id of an image ever becomes part of a path. */
function checked(imageId: string): string {
  if (!isLowerUuid(imageId)) throw new Error(`Not the id of an image: ${JSON.stringify(imageId)}.`);
  return imageId;
}

/** What has no image's name is not ours, and what went away while it was looked at is not there. */
async function filesIn(folder: string): Promise<CachedFile[]> {
  const found = (await readdir(folder)).filter(isLowerUuid).map(async (imageId): Promise<CachedFile[]> => {
    const file = await stat(join(folder, imageId)).catch(() => undefined);
    return file?.isFile() === true ? [{ imageId, sizeBytes: file.size, modifiedMs: file.mtimeMs, accessedMs: file.atimeMs }] : [];
  });
  return (await Promise.all(found)).flat();
}
