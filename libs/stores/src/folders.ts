import { open, rmdir } from 'node:fs/promises';
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
