import { access, open, rename, unlink, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ignoring, speakingForStore } from './errno.js';
import { makeAttemptFolder, removeEmptyFolders, syncFolder } from './folders.js';
import { flatKeyOf, type DataKey } from './layout.js';
import type { StoreWriter } from './store.js';

export interface FileRoom {
  readonly storeId: string;
  readonly dataDir: string;
  readonly incomingDir: string;
  /** False where the operator does without: what was committed may then be lost with the power. */
  readonly isSynced: boolean;
  /** One early sync at a time for the whole store: each holds one of the few threads that Node has for files. */
  isSyncing: boolean;
}

/** After so many bytes the disk is told to begin, so that a commit need not wait for a whole image to be written out. */
export const syncEveryBytes = 32 * 1024 * 1024;

/** Writes beside the tree and moves the finished file into it: `path` is never seen half written. */
export async function startFileWriter(room: FileRoom, key: DataKey, path: string): Promise<StoreWriter> {
  const incomingPath = join(room.incomingDir, flatKeyOf(key));
  await refuseExisting(path);
  const file = earlySyncingFile(room, await open(incomingPath, 'wx', 0o640));
  let isOver = false;
  const whileOpen = async (work: () => Promise<void>): Promise<void> => {
    if (isOver) throw new Error('This writer is over.');
    await speakingForStore({ storeId: room.storeId, imageId: key.imageId }, 'AttemptOver', work);
  };

  return {
    write: (chunk) => whileOpen(() => file.write(chunk)),
    commit: () => whileOpen(async () => {
      await file.finish();
      isOver = true;
      await moveIntoTree(room, incomingPath, path);
    }),
    async cancel() {
      if (isOver) return;
      isOver = true;
      await file.close();
      await ignoring(['ENOENT'], () => unlink(incomingPath));
    },
  };
}

export async function refuseExisting(path: string): Promise<void> {
  const isThere = await access(path).then(() => true, () => false);
  if (isThere) throw new Error(`${path} is written already.`);
}

/** A file whose bytes are on their way to the disk while more arrive. A sync that failed in the background is told at the
 *  next write or at the end: the kernel reports a lost write once, and whoever misses it takes lost bytes for durable. */
export function earlySyncingFile(room: FileRoom, handle: Pick<FileHandle, 'write' | 'datasync' | 'close'>, startAt = 0) {
  let position = startAt;
  let syncedTo = startAt;
  let syncing: Promise<void> = Promise.resolve();
  let failure: { error: unknown } | undefined;

  const syncEarly = (): void => {
    if (!room.isSynced || room.isSyncing || position - syncedTo < syncEveryBytes) return;
    room.isSyncing = true;
    syncedTo = position;
    syncing = handle.datasync().catch((error: unknown) => { failure = { error }; }).finally(() => { room.isSyncing = false; });
  };
  const throwFailure = (): void => { if (failure) throw failure.error; };

  return {
    async write(chunk: Uint8Array): Promise<void> {
      throwFailure();
      let written = 0;
      while (written < chunk.byteLength) {
        const { bytesWritten } = await handle.write(chunk, written, chunk.byteLength - written, position);
        written += bytesWritten;
        position += bytesWritten;
      }
      syncEarly();
    },
    async finish(): Promise<void> {
      await syncing;
      throwFailure();
      if (room.isSynced) await handle.datasync();
      await handle.close();
    },
    async close(): Promise<void> {
      await syncing;
      await handle.close();
    },
  };
}

/** Makes a finished file visible, durably. Leaves nothing where it fails; when the unfinished file is not there any more, this attempt was removed, and
 *  the ENOENT of `rename` says so. */
export async function moveIntoTree(room: FileRoom, incomingPath: string, path: string): Promise<void> {
  const attemptDir = dirname(path);
  try {
    await makeAttemptFolder(attemptDir);
    await rename(incomingPath, path);
    if (room.isSynced) await syncedOrGone(path, [attemptDir, dirname(attemptDir), room.dataDir]);
  } catch (error) {
    await ignoring(['ENOENT'], () => unlink(incomingPath));
    await removeEmptyFolders(attemptDir, dirname(attemptDir));
    throw error;
  }
}

async function syncedOrGone(path: string, folders: readonly string[]): Promise<void> {
  try {
    // Side by side, as one write of the journal serves all of them.
    await Promise.all(folders.map(syncFolder));
  } catch (error) {
    await ignoring(['ENOENT'], () => unlink(path));
    throw error;
  }
}
