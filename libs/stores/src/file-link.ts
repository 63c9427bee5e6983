import { link, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf, ignoring, speakingForStore } from './errno.js';
import { moveIntoTree, refuseExisting, type FileRoom } from './file-writer.js';
import { flatKeyOf, type DataKey } from './layout.js';
import type { StoreWriter } from './store.js';

/** Another file system, one without links, as many links as it can have, or a file of somebody else's that the kernel protects. */
const cannotLink: ReadonlySet<string> = new Set(['EXDEV', 'EOPNOTSUPP', 'ENOTSUP', 'ENOSYS', 'EMLINK', 'EPERM', 'EACCES']);

/** Gives another store's file a second name, still invisible; undefined where that cannot be. The bytes are durable already: they were committed there. */
export async function startFileLink(room: FileRoom, key: DataKey, { path, sourcePath }: { path: string; sourcePath: string }): Promise<StoreWriter | undefined> {
  const incomingPath = join(room.incomingDir, flatKeyOf(key));
  await refuseExisting(path);
  try {
    await link(sourcePath, incomingPath);
  } catch (error) {
    if (cannotLink.has(errnoOf(error) ?? '')) return undefined;
    throw error;
  }
  return linkedWriter(room, key, incomingPath, path);
}

function linkedWriter(room: FileRoom, key: DataKey, incomingPath: string, path: string): StoreWriter {
  let isOver = false;
  const refuseOver = (): void => { if (isOver) throw new Error('This writer is over.'); };
  return {
    async write() {
      refuseOver();
      throw new Error('The bytes of a linked file are there already.');
    },
    async commit() {
      refuseOver();
      isOver = true;
      await speakingForStore({ storeId: room.storeId, imageId: key.imageId }, 'AttemptOver', () => moveIntoTree(room, incomingPath, path));
    },
    async cancel() {
      if (isOver) return;
      isOver = true;
      await ignoring(['ENOENT'], () => unlink(incomingPath));
    },
  };
}
