import { mkdir } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setInterval } from 'node:timers';
import type { AttemptsAnswer, AttemptsQuestion } from '#libs/contracts';
import { fileStore, keyNamed, keyOf, receiveData, type DataKey, type OsHashAlgo, type Store, type StoredThing, type StoreReader } from '#libs/stores';
import type { ProgressMeter } from '#libs/transfers';
import type { Source } from '../sources.js';

/** Bytes of an import that lie in a file of the importer's, whole. */
export interface WorkFile {
  readonly path: string;
  readonly key: DataKey;
  readonly sizeBytes: number;
  /** md5, in lower-case hex. */
  readonly checksum: string;
}

/**
 * Where plugins that need a file have it (glance: work_dir). A file lies under image and attempt, as in a store, so that whoever finds one
 * can ask the log whether it is still needed. Nothing there survives its attempt.
 */
export interface WorkRoom {
  open(key: Pick<DataKey, 'imageId' | 'attemptId'>): AttemptRoom;
  /** Resolves where files can be written there, else throws. */
  check(): Promise<void>;
  /** Removes what importers left that died; returns how many files. */
  sweep(askAttempts: (question: AttemptsQuestion) => Promise<AttemptsAnswer>): Promise<number>;
}

/** Bytes that are to lie in a file, or do already. */
export interface Spoolable extends Pick<Source, 'bytes' | 'declaredSizeBytes' | 'expectedHash'> { readonly file?: WorkFile }

export interface SpoolContext {
  readonly signal: AbortSignal;
  readonly limitBytes: number;
  readonly osHashAlgo: OsHashAlgo;
  readonly progress: Pick<ProgressMeter, 'moved'>;
  alive(): void;
}

export interface AttemptRoom {
  /** Takes all bytes into a file, checked for their size and hash; those that lie in one already are only shown. `onBytes` sees all of them.
   *  Refuses: what the source refuses, ImageTooLarge, SizeMismatch, HashMismatch, StoreFull. */
  spool(prepared: Spoolable, context: SpoolContext, onBytes?: (bytes: Uint8Array) => void): Promise<WorkFile>;
  /** The path of a file that is yet to be written. */
  newFile(): Promise<Pick<WorkFile, 'path' | 'key'>>;
  /** Opens a file; it is closed with the room. */
  read(key: DataKey): Promise<StoreReader>;
  /** Removes everything. Never rejects: what stays is swept. */
  close(): Promise<void>;
}

/** The directory is made when it is first needed. */
export function openWorkRoom(dataDir: string): WorkRoom {
  let opened: Promise<Store> | undefined;
  const store = (): Promise<Store> => opened ??= fileStore('work', { dataDir });
  return {
    open: (key) => openAttemptRoom(store, dataDir, key),
    check: async () => (await store()).check(),
    sweep: async (askAttempts) => sweep(await store(), askAttempts),
  };
}

function openAttemptRoom(opened: () => Promise<Store>, dataDir: string, { imageId, attemptId }: Pick<DataKey, 'imageId' | 'attemptId'>): AttemptRoom {
  const keys: DataKey[] = [];
  const readers: StoreReader[] = [];
  const next = (): DataKey => {
    const key = { imageId, attemptId, storeId: `work-${keys.length + 1}` };
    keys.push(key);
    return key;
  };
  const pathOf = (key: DataKey): string => join(dataDir, keyOf(key));
  return {
    async read(key) {
      const reader = await (await opened()).read(key);
      readers.push(reader);
      return reader;
    },
    async spool(prepared, context, onBytes = () => undefined) {
      const store = await opened();
      if (prepared.file) return shown(prepared.file, store, context, onBytes);
      const key = next();
      const { expectedHash, declaredSizeBytes } = prepared;
      const received = await receiveData(store, key, prepared.bytes, {
        limitBytes: context.limitBytes, osHashAlgo: expectedHash?.algo ?? context.osHashAlgo, onBytes, signal: context.signal,
        onProgress(bytes) {
          context.alive();
          context.progress.moved(bytes);
        },
        ...(expectedHash ? { expectedHash } : {}), ...(declaredSizeBytes === undefined ? {} : { declaredSizeBytes }),
      });
      await received.commit();
      return { path: pathOf(key), key, sizeBytes: received.sizeBytes, checksum: received.checksum };
    },
    async newFile() {
      const key = next();
      const path = pathOf(key);
      await mkdir(dirname(path), { recursive: true, mode: 0o750 });
      return { path, key };
    },
    async close() {
      await Promise.allSettled(readers.map((reader) => reader.close()));
      if (keys.length === 0) return;
      const store = await opened();
      await Promise.allSettled(keys.map((key) => store.remove(key)));
    },
  };
}

async function shown(file: WorkFile, store: Store, { signal, alive }: SpoolContext, onBytes: (bytes: Uint8Array) => void): Promise<WorkFile> {
  const reader = await store.read(file.key);
  try {
    for await (const chunk of reader) {
      signal.throwIfAborted();
      alive();
      onBytes(chunk);
    }
  } finally {
    await reader.close();
  }
  return file;
}

const atOnce = 100;

async function sweep(store: Store, askAttempts: (question: AttemptsQuestion) => Promise<AttemptsAnswer>): Promise<number> {
  let removed = 0;
  for (const things of batches(await all(store))) {
    const { attempts } = await askAttempts({ attempts: things.map(({ imageId, attemptId }) => ({ imageId, attemptId })) });
    // What somebody works on has an attempt that is open; where the log cannot tell, it is asked again later.
    const over = things.filter((_, at) => attempts[at] !== undefined && attempts[at].state !== 'open' && attempts[at].state !== 'unreadable');
    for (const key of over) await store.remove(key);
    removed += over.length;
  }
  return removed;
}

async function all(store: Store): Promise<DataKey[]> {
  const found: StoredThing[] = [];
  for await (const thing of store.list?.() ?? []) found.push(thing);
  // The files of an attempt have names of their own behind it.
  return found.flatMap(({ name }) => keyNamed(name.startsWith('.') ? basename(name) : name) ?? []);
}

function batches(keys: readonly DataKey[]): DataKey[][] {
  return Array.from({ length: Math.ceil(keys.length / atOnce) }, (_, at) => keys.slice(at * atOnce, (at + 1) * atOnce));
}

/** Sweeps now, and every ten minutes until stopped; a sweep that fails is told, and the next one comes. */
export function sweepNowAndThen(sweepOnce: () => Promise<unknown>, onFailure: (error: unknown) => void): { stop(): Promise<void> } {
  let running: Promise<unknown> = Promise.resolve();
  const again = (): void => { running = running.then(sweepOnce).catch(onFailure); };
  again();
  const timer = setInterval(again, 600_000);
  timer.unref();
  return {
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}
