/**
 * A store keeps the bytes of images. Its contract, which `store.suite.ts` holds every driver to:
 *
 *   create → write … write → commit        the bytes are there, and stay there when the power fails
 *                          → cancel        nothing is there, and nothing was ever visible
 *
 * - Nothing can be read under a key before `commit` has resolved or is about to; a commit that fails leaves nothing visible.
 * - A key is written once. Another writer for the same key is a fault; another attempt has another key.
 * - `remove` also ends a writer that is still open under the key: its commit is refused with AttemptOver. So an upload
 *   that stalled and wakes up cannot leave bytes behind, and what a killed process left goes with its key.
 * - What only the driver knows is translated where it arises: no room is StoreFull, no data is ImageDataNotFound, a store
 *   that is broken or may not be written is StoreUnavailable. Everything else passes through as a fault with its cause.
 */
import type { DataKey } from './layout.js';

export interface Store {
  readonly id: string;
  readonly kind: 'file' | 'memory' | 's3' | 'http';
  readonly isReadOnly: boolean;
  /** Opens a writer. The declared size, if any, lets a store refuse at once what cannot fit.
   *  Refuses: StoreFull, StoreUnavailable. */
  create(key: DataKey, options?: { declaredSizeBytes?: number }): Promise<StoreWriter>;
  /** Opens the bytes, or the given part of them. The caller closes the reader, also after a failure.
   *  Refuses: ImageDataNotFound, RangeNotSatisfiable, StoreUnavailable. */
  read(key: DataKey, range?: ByteRange): Promise<StoreReader>;
  /** Refuses: ImageDataNotFound, StoreUnavailable. */
  sizeOf(key: DataKey): Promise<number>;
  /** Makes the bytes unreadable and gives their room back. Removing what is not there is no fault. Refuses: StoreUnavailable. */
  remove(key: DataKey): Promise<void>;
  /** Where the store can take another store's data without the bytes passing through here: resolves, once all of them are copied and
   *  still invisible, to a writer that has only to be committed or cancelled; to undefined where these two stores cannot.
   *  The caller reads nothing, so nothing is hashed. Refuses: ImageDataNotFound, StoreFull, StoreUnavailable, AttemptOver. */
  copyFrom?(source: Store, sourceKey: DataKey, key: DataKey, options?: CopyOptions): Promise<StoreWriter | undefined>;
  /** For data that the other store is about to give up: one more name for its very bytes, nothing is read or copied. Resolves to a writer that has only to
   *  be committed or cancelled; to undefined where these two stores cannot. Two names are not two copies: what damages the one damages the other.
   *  Refuses: ImageDataNotFound, StoreUnavailable, AttemptOver. */
  linkFrom?(source: Store, sourceKey: DataKey, key: DataKey): Promise<StoreWriter | undefined>;
  /** Whatever lies in the store, in no order; what comes or goes meanwhile may be missing. A list is no reason to remove anything: of each key the log
   *  has to be asked. Refuses: StoreUnavailable. */
  list?(): AsyncIterable<StoredThing>;
  /** For data that arrives in several requests; absent where the store takes it only in one go. */
  readonly unfinished?: UnfinishedData;
  /** For /readyz: resolves when the store can do its work now, else throws an error that says what is wrong. */
  check(): Promise<void>;
  /** How much still fits, in bytes, where the driver can know it. */
  freeBytes?(): Promise<number>;
}

export interface StoredThing {
  /** As the store's own folder names it. */
  readonly name: string;
  /** Absent where it is none of ours. */
  readonly key?: DataKey;
  readonly sizeBytes: number;
}

export interface CopyOptions {
  /** Called with all bytes copied so far. */
  readonly onProgress?: (copiedBytes: number) => void;
  /** Gives the copy up, with the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface StoreWriter {
  /** Takes the next bytes, in order; one call at a time. The chunk is the caller's again when this resolves, not before.
   *  Refuses: StoreFull, StoreUnavailable. Afterwards only `cancel` makes sense. */
  write(chunk: Uint8Array): Promise<void>;
  /** Makes the bytes durable first, visible then. Refuses: AttemptOver (the key was removed meanwhile), StoreFull, StoreUnavailable. */
  commit(): Promise<void>;
  /** Throws the bytes away. May be called at any time and as often as wanted; after a commit it changes nothing. */
  cancel(): Promise<void>;
}

/** Both ends are included, as in HTTP: 0 to 0 is the first byte. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface StoreReader extends AsyncIterable<Uint8Array> {
  /** The size of all the data, whatever part is being read. */
  readonly sizeBytes: number;
  /** How many bytes this reader will give. */
  readonly lengthBytes: number;
  /** Gives the bytes in order, once. A chunk stays untouched until the next but one is asked for: the driver reads into
   *  two buffers in turn, so that the next chunk is read while the last one is being sent, and nothing is allocated per chunk. */
  [Symbol.asyncIterator](): AsyncIterator<Uint8Array>;
  /** Gives file handle and buffers back. May be called more than once. */
  close(): Promise<void>;
}

/**
 * Data that arrives in several requests, with any time and any death of a process in between. It lies beside what the store holds, under the key that it
 * will have: one or more parts, each a row of bytes that grows at its end, and a note that goes with them. `seal` makes one of them the store's data.
 *
 * - What `keep` has acknowledged, and whatever `partsOf` tells, survives the failure of the power.
 * - Bytes that were appended unverified do not count before they are kept: whoever dies in between leaves the part as it was.
 * - Who begins to append to a part, or seals it, ends whoever appended to it before, in whatever process: nothing that the other one writes from then on counts, and within a second, or at
 *   `keep`, he is refused with UploadPaused.
 * - Of what was written and not kept, a store may count less than was written, as one that keeps whole objects does.
 * - `Store.remove` of the key takes all of it away, and `Store.list` shows it.
 */
export interface UnfinishedData {
  /** Replaces the note, durably; the first one makes the place. Refuses: StoreFull, StoreUnavailable. */
  note(key: DataKey, note: string): Promise<void>;
  /** Undefined where there is nothing under this key. */
  noted(key: DataKey): Promise<string | undefined>;
  /** The parts by name and how many bytes of each are there to stay. */
  partsOf(key: DataKey): Promise<ReadonlyMap<string, number>>;
  /** Goes on with a part, or begins it, at exactly its size. Refuses: StoreUnavailable, ImageDataNotFound without a note. */
  append(key: DataKey, part: string, options: { readonly at: number; readonly isUnverified?: boolean }): Promise<PartWriter>;
  read(key: DataKey, part: string): Promise<StoreReader>;
  /** A part of that name from nothing, whatever it held before: to be written once, and committed as the store's data under the key. */
  rewrite(key: DataKey, part: string): Promise<StoreWriter>;
  /** A writer that takes the part for what is written to it: only its commit does something, and that makes it the store's data under the key. */
  seal(key: DataKey, part: string): Promise<StoreWriter>;
  removePart(key: DataKey, part: string): Promise<void>;
  /** What is still unfinished, after the data itself became the store's. */
  forget(key: DataKey): Promise<void>;
  /** When somebody last said that he needs it, by `touch`; undefined where there is nothing. */
  touchedAt(key: DataKey): Promise<Date | undefined>;
  touch(key: DataKey, at: Date): Promise<void>;
  /** Every key under which something is unfinished. */
  keys(): Promise<readonly DataKey[]>;
}

export interface PartWriter {
  /** Takes the next bytes. The chunk is the caller's again when this resolves. Refuses: StoreFull, StoreUnavailable. */
  write(chunk: Uint8Array): Promise<void>;
  /** Makes durable what was written, and gives the size of the part. Ends the writer. */
  keep(): Promise<number>;
  /** Takes back what was written. Ends the writer; after `keep` nothing happens. */
  undo(): Promise<void>;
}
