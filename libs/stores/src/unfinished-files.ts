import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm, stat, truncate, unlink, utimes, writeFile, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { Problem } from '#libs/domain';
import { errnoOf, ignoring, speakingForStore } from './errno.js';
import { openFileReader } from './file-reader.js';
import { earlySyncingFile, type FileRoom } from './file-writer.js';
import { makeAttemptFolder, syncFolder } from './folders.js';
import { checkedPart, flatKeyOf, keyNamed, keyOf, type DataKey } from './layout.js';
import type { PartWriter, StoreWriter, UnfinishedData } from './store.js';

/** Beside the tree, as what is still being written: `.uploads/<imageId>.<attemptId>.<storeId>/`, with `note`, `<part>.part`, `<part>.unverified`, and `<part>.writer`. */
export const uploadsDirOf = ({ dataDir }: Pick<FileRoom, 'dataDir'>): string => join(dataDir, '.uploads');

/** Unfinished data of a file store: each part is a file that only grows. */
export function unfinishedFiles(room: FileRoom): UnfinishedData {
  const uploadsDir = uploadsDirOf(room);
  const folderOf = (key: DataKey): string => join(uploadsDir, flatKeyOf(key));
  const fileOf = (key: DataKey, part: string, kind: 'part' | 'unverified' | 'writer' = 'part'): string => join(folderOf(key), `${checkedPart(part)}.${kind}`);
  const speaking = <T>(key: DataKey, work: () => Promise<T>): Promise<T> => speakingForStore({ storeId: room.storeId, imageId: key.imageId }, 'ImageDataNotFound', work);
  const appending = new Set<string>();
  /** What was appended unverified by somebody who died is taken back before anybody counts it; what is still being appended is not counted. */
  const settle = async (key: DataKey, part: string): Promise<{ readonly verified?: number }> => {
    const mark = fileOf(key, part, 'unverified');
    const text = await orNothing(readFile(mark, 'utf8'));
    if (text === undefined) return {};
    const verified = Number(text);
    if (appending.has(mark)) return { verified };
    await ignoring(['ENOENT'], () => truncate(fileOf(key, part), verified));
    await clearMark(mark);
    return {};
  };
  /** Whoever wrote to the part before, in whatever process, writes no more: his next byte would go to a place that is not his. */
  const takeOver = async (key: DataKey, part: string): Promise<() => Promise<boolean>> => {
    const path = fileOf(key, part, 'writer');
    const mine = randomUUID();
    await writeFile(path, mine, { mode: 0o640 });
    return async () => await orNothing(readFile(path, 'utf8')) === mine;
  };
  const moveIntoPlace = (key: DataKey, part: string): Promise<void> =>
    speakingForStore({ storeId: room.storeId, imageId: key.imageId }, 'AttemptOver', () => moveToTree(room, fileOf(key, part), join(room.dataDir, keyOf(key))));

  return {
    note: (key, note) => speaking(key, async () => {
      const folder = folderOf(key);
      const isNew = await mkdir(folder, { recursive: true, mode: 0o750 }) !== undefined;
      const path = join(folder, 'note');
      await writeFile(`${path}.new`, note, { flush: true, mode: 0o640 });
      await rename(`${path}.new`, path);
      await syncFolder(folder);
      if (isNew) for (const parent of [uploadsDir, room.dataDir]) await syncFolder(parent);
    }),
    noted: (key) => speaking(key, () => orNothing(readFile(join(folderOf(key), 'note'), 'utf8'))),
    partsOf: (key) => speaking(key, async () => {
      const names = (await orNothing(readdir(folderOf(key))) ?? []).filter((name) => name.endsWith('.part')).map((name) => name.slice(0, -'.part'.length));
      const sizes = await Promise.all(names.map(async (part): Promise<[string, number]> => {
        const { verified } = await settle(key, part);
        return [part, verified ?? await syncedSize(fileOf(key, part))];
      }));
      return new Map(sizes);
    }),
    append: (key, part, { at, isUnverified = false }) => speaking(key, async () => {
      await settle(key, part);
      const path = fileOf(key, part);
      const { handle, isNew } = await openToAppend(path);
      const { size } = await handle.stat();
      if (size !== at) {
        await handle.close();
        throw new Error(`${path} has ${size} bytes and cannot be appended to at ${at}.`);
      }
      if (isNew) await syncFolder(dirname(path));
      const isOurs = await takeOver(key, part);
      if (!isUnverified) return partWriter(room, key, handle, { at, isOurs });
      const mark = fileOf(key, part, 'unverified');
      appending.add(mark);
      await setMark(mark, at);
      return partWriter(room, key, handle, {
        at, isOurs,
        async verify() {
          await clearMark(mark);
          appending.delete(mark);
        },
      });
    }),
    read: (key, part) => speaking(key, () => openFileReader(fileOf(key, part), undefined)),
    rewrite: (key, part) => speaking(key, async () => {
      const file = earlySyncingFile(room, await open(fileOf(key, part), 'w', 0o640));
      return sealing({ write: (chunk) => speaking(key, () => file.write(chunk)), finish: () => speaking(key, () => file.finish()), close: () => file.close() }, () => moveIntoPlace(key, part));
    }),
    seal: async (key, part) => {
      const path = fileOf(key, part);
      await speaking(key, () => stat(path));
      await speaking(key, () => takeOver(key, part));
      return sealing({ write: async () => undefined, finish: async () => { await speaking(key, () => syncedSize(path)); }, close: async () => undefined }, () => moveIntoPlace(key, part));
    },
    removePart: (key, part) => speaking(key, async () => {
      await rm(fileOf(key, part), { force: true });
      await rm(fileOf(key, part, 'unverified'), { force: true });
      await rm(fileOf(key, part, 'writer'), { force: true });
    }),
    forget: (key) => speaking(key, async () => {
      await rm(folderOf(key), { recursive: true, force: true });
    }),
    touchedAt: (key) => speaking(key, async () => (await orNothing(stat(join(folderOf(key), 'note'))))?.mtime),
    touch: (key, at) => speaking(key, () => ignoring(['ENOENT'], () => utimes(join(folderOf(key), 'note'), at, at))),
    keys: async () => (await orNothing(readdir(uploadsDir)) ?? []).flatMap((name) => keyNamed(name) ?? []),
  };
}

async function orNothing<T>(work: Promise<T>): Promise<T | undefined> {
  return work.catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  });
}

async function openToAppend(path: string): Promise<{ handle: FileHandle; isNew: boolean }> {
  const there = await orNothing(open(path, 'r+'));
  return there ? { handle: there, isNew: false } : { handle: await open(path, 'wx+', 0o640), isNew: true };
}

/** A size that is told is one to rely on: a client forgets what is behind it. */
async function syncedSize(path: string): Promise<number> {
  const handle = await open(path, 'r');
  try {
    await handle.datasync();
    return (await handle.stat()).size;
  } finally {
    await handle.close();
  }
}

async function setMark(path: string, at: number): Promise<void> {
  await writeFile(path, String(at), { flush: true, mode: 0o640 });
  await syncFolder(dirname(path));
}

/** One that came back after a power failure would take bytes with it that were acknowledged since. */
async function clearMark(path: string): Promise<void> {
  await ignoring(['ENOENT'], () => unlink(path));
  await ignoring(['ENOENT'], () => syncFolder(dirname(path)));
}

interface PartWriting { readonly at: number; isOurs(): Promise<boolean>; verify?(): Promise<void> }

function partWriter(room: FileRoom, { imageId }: DataKey, handle: FileHandle, { at, isOurs, verify = async () => undefined }: PartWriting): PartWriter {
  const file = earlySyncingFile(room, handle, at);
  const speaking = <T>(work: () => Promise<T>): Promise<T> => speakingForStore({ storeId: room.storeId, imageId }, 'AttemptOver', work);
  let isOver = false;
  let sizeBytes = at;
  return {
    write: (chunk) => speaking(async () => {
      if (!await isOurs()) throw new Problem('UploadPaused');
      await file.write(chunk);
      sizeBytes += chunk.byteLength;
    }),
    keep: () => speaking(async () => {
      isOver = true;
      await file.finish();
      if (!await isOurs()) throw new Problem('UploadPaused');
      await verify();
      return sizeBytes;
    }),
    undo: () => speaking(async () => {
      if (isOver) return;
      isOver = true;
      const isStillOurs = await isOurs();
      if (isStillOurs) await handle.truncate(at);
      await file.finish();
      if (isStillOurs) await verify();
    }),
  };
}

interface Sealed { write(chunk: Uint8Array): Promise<void>; finish(): Promise<void>; close(): Promise<void> }

/** Unlike another writer's, its bytes stay when it is cancelled: they are somebody's unfinished upload, and only the log ends it. */
function sealing({ write, finish, close }: Sealed, moveIntoPlace: () => Promise<void>): StoreWriter {
  let isOver = false;
  return {
    write,
    async commit() {
      await finish();
      isOver = true;
      await moveIntoPlace();
    },
    async cancel() {
      if (isOver) return;
      isOver = true;
      await close();
    },
  };
}

async function moveToTree({ dataDir }: FileRoom, from: string, path: string): Promise<void> {
  const attemptDir = dirname(path);
  await makeAttemptFolder(attemptDir);
  await rename(from, path);
  for (const folder of [attemptDir, dirname(attemptDir), dataDir, dirname(from)]) await syncFolder(folder);
}
