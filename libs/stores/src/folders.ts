import { mkdir, open, rmdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errnoOf, ignoring } from './errno.js';

/** Makes what was created, renamed or removed in a folder survive a power failure. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Folders stay as long as another attempt of the image lives in them. */
export async function removeEmptyFolders(...innermostFirst: string[]): Promise<void> {
  for (const folder of innermostFirst) await ignoring(['ENOENT', 'ENOTEMPTY', 'EEXIST'], () => rmdir(folder));
}

/** Makes a removal survive a power failure, wherever the folder it happened in is gone too. */
export async function syncNearestFolder(candidates: readonly string[]): Promise<void> {
  for (const folder of candidates) {
    try {
      await syncFolder(folder);
      return;
    } catch (error) {
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
  }
}

/** The removal of the image's last other attempt may take its empty folder away before ours is in it: then once more.
 *  Not `recursive`: that fails when it meets such a removal, and would also make the folder of a file system that is not mounted. */
export async function makeAttemptFolder(attemptDir: string): Promise<void> {
  for (;;) {
    await ignoring(['EEXIST'], () => mkdir(dirname(attemptDir), 0o750));
    try {
      await mkdir(attemptDir, 0o750);
      return;
    } catch (error) {
      if (errnoOf(error) === 'EEXIST') return;
      if (errnoOf(error) !== 'ENOENT') throw error;
    }
  }
}
