import { access, constants, mkdir, stat, statfs, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Problem } from '#libs/domain';
import { errnoOf, ignoring, speakingForStore } from './errno.js';
import { listFiles } from './file-list.js';
import { startFileLink } from './file-link.js';
import { openFileReader } from './file-reader.js';
import { startFileWriter, type FileRoom } from './file-writer.js';
import { removeEmptyFolders, syncNearestFolder } from './folders.js';
import { flatKeyOf, keyOf, type DataKey } from './layout.js';
import type { Store } from './store.js';
import { unfinishedFiles } from './unfinished-files.js';

/** A store in a folder (glance: filesystem_store_datadir), which is made if it is not there. Local disks and network
 *  file systems alike, as long as rename is atomic; the folder holds nothing else. */
export async function fileStore(id: string, { dataDir, isReadOnly = false, isSynced = true }: { dataDir: string; isReadOnly?: boolean; isSynced?: boolean }): Promise<Store> {
  const room: FileRoom = { storeId: id, dataDir, incomingDir: join(dataDir, '.incoming'), isSynced, isSyncing: false };
  if (!isReadOnly) await mkdir(room.incomingDir, { recursive: true, mode: 0o750 });
  const pathOf = (key: DataKey): string => join(dataDir, keyOf(key));
  const unfinished = unfinishedFiles(room);
  const refuseWriting = (): void => { if (isReadOnly) throw new Problem('StoreUnavailable', { storeId: id }); };

  const store: Store = {
    id, kind: 'file', isReadOnly,
    async create(key, options) {
      const path = pathOf(key);
      refuseWriting();
      return speakingForStore({ storeId: id, imageId: key.imageId }, 'StoreUnavailable', async () => {
        await refuseFullStore(room, options?.declaredSizeBytes ?? 0);
        return startFileWriter(room, key, path);
      });
    },
    async read(key, range) {
      const path = pathOf(key);
      return speakingForStore({ storeId: id, imageId: key.imageId }, 'ImageDataNotFound', () => openFileReader(path, range));
    },
    async sizeOf(key) {
      const path = pathOf(key);
      return speakingForStore({ storeId: id, imageId: key.imageId }, 'ImageDataNotFound', async () => (await stat(path)).size);
    },
    async remove(key) {
      const path = pathOf(key);
      refuseWriting();
      await speakingForStore({ storeId: id, imageId: key.imageId }, 'StoreUnavailable', async () => {
        await unfinished.forget(key);
        await removeData(room, key, path);
      });
    },
    async linkFrom(source, sourceKey, key) {
      const path = pathOf(key);
      refuseWriting();
      const from = dataDirs.get(source);
      if (from === undefined) return undefined;
      const sourcePath = join(from, keyOf(sourceKey));
      await source.sizeOf(sourceKey);
      return speakingForStore({ storeId: id, imageId: key.imageId }, 'ImageDataNotFound', () => startFileLink(room, key, { path, sourcePath }));
    },
    ...(isReadOnly ? {} : { unfinished }),
    list: () => listFiles(room),
    check: () => checkFolder(room, isReadOnly),
    freeBytes: () => freeBytesOf(room),
  };
  dataDirs.set(store, dataDir);
  return store;
}

/** Where the files of other file stores lie, for links between them; a store itself does not tell. */
const dataDirs = new WeakMap<Store, string>();

async function freeBytesOf({ dataDir }: FileRoom): Promise<number> {
  const { bavail, bsize } = await statfs(dataDir);
  return bavail * bsize;
}

async function refuseFullStore(room: FileRoom, declaredSizeBytes: number): Promise<void> {
  if (declaredSizeBytes > 0 && declaredSizeBytes > await freeBytesOf(room)) throw new Problem('StoreFull', { storeId: room.storeId });
}

/** The unfinished file goes first: a commit that happens in between finds it gone, or has made the file removed next. */
async function removeData(room: FileRoom, key: DataKey, path: string): Promise<void> {
  await ignoring(['ENOENT'], () => unlink(join(room.incomingDir, flatKeyOf(key))));
  const attemptDir = dirname(path);
  const imageDir = dirname(attemptDir);
  try {
    await unlink(path);
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error;
    await removeEmptyFolders(attemptDir, imageDir);
    return;
  }
  await removeEmptyFolders(attemptDir, imageDir);
  // Without it the file could come back after a power failure, when the log says already that it is gone.
  await syncNearestFolder([attemptDir, imageDir, room.dataDir]);
}

async function checkFolder(room: FileRoom, isReadOnly: boolean): Promise<void> {
  const folder = isReadOnly ? room.dataDir : room.incomingDir;
  const needed = isReadOnly ? constants.R_OK | constants.X_OK : constants.R_OK | constants.W_OK | constants.X_OK;
  try {
    await access(folder, needed);
  } catch (error) {
    const doing = isReadOnly ? 'read' : 'written';
    throw new Error(`Store ${room.storeId}: ${folder} cannot be ${doing} (${errnoOf(error)}). Is the file system mounted, and does it belong to this user?`, { cause: error });
  }
}
