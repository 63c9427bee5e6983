import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { Problem } from '#libs/domain';
import { errnoOf } from './errno.js';
import type { FileRoom } from './file-writer.js';
import { keyNamed, type DataKey } from './layout.js';
import type { StoredThing } from './store.js';
import { uploadsDirOf } from './unfinished-files.js';

/** Every file below the folder, folder by folder, so that a large store costs no more memory than its largest folder. */
export async function* listFiles(room: FileRoom): AsyncGenerator<StoredThing, void, undefined> {
  try {
    yield* filesBelow(room.dataDir, room);
  } catch (error) {
    throw errnoOf(error) === undefined ? error : new Problem('StoreUnavailable', { storeId: room.storeId }, { cause: error });
  }
}

async function* filesBelow(folder: string, room: FileRoom): AsyncGenerator<StoredThing, void, undefined> {
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(orNone)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      yield* filesBelow(path, room);
      continue;
    }
    const found = await stat(path).catch(orNothing);
    if (!found) continue;
    const key = keyOfFile(path, room);
    yield { name: relative(room.dataDir, path), sizeBytes: found.size, ...(key ? { key } : {}) };
  }
}

/** What is still being written lies beside the tree under one name, what is unfinished in a folder of that name. Whatever has no key of this store is not ours. */
function keyOfFile(path: string, room: FileRoom): DataKey | undefined {
  const { dataDir, incomingDir, storeId } = room;
  const isArriving = path === join(incomingDir, basename(path)) || dirname(dirname(path)) === uploadsDirOf(room);
  const key = keyNamed(isArriving ? basename(dirname(path) === incomingDir ? path : dirname(path)) : relative(dataDir, path));
  return key?.storeId === storeId ? key : undefined;
}

/** What went away while it was looked at is not there. */
const ifGone = <Value>(value: Value) => (error: unknown): Value => {
  if (errnoOf(error) === 'ENOENT') return value;
  throw error;
};
const orNone = ifGone([]);
const orNothing = ifGone(undefined);
