import { Problem } from '#libs/domain';
import { errnoOf } from './errno.js';
import { hashThreads, type OsHashAlgo, type RunningHash } from './hashing.js';
import type { SignatureToCheck } from './hash.worker.js';
import { eachChunk, type ByteSource } from './each-chunk.js';
import type { DataKey } from './layout.js';
import { slabCutter, type FilledSlab } from './slab-cutter.js';
import { slabPool } from './slabs.js';
import type { Store, StoreWriter } from './store.js';

export interface ReceiveOptions {
  /** The most that may arrive; one byte more is ImageTooLarge. (glance: image_size_cap) */
  readonly limitBytes: number;
  /** What the client announced. Another number of bytes is SizeMismatch. */
  readonly declaredSizeBytes?: number;
  readonly osHashAlgo: OsHashAlgo;
  /** What the bytes must hash to, in lower-case hex; other bytes are HashMismatch. */
  readonly expectedHash?: { readonly algo: OsHashAlgo; readonly value: string };
  /** A signature to be checked in the same pass. */
  readonly signature?: SignatureToCheck;
  /** Called whenever bytes have arrived, with all so far. */
  readonly onProgress?: (receivedBytes: number) => void;
  /** Asked before bytes go further, with all so far; what it gives back is waited for. */
  readonly hasRoom?: (receivedBytes: number) => Promise<void> | undefined;
  /** Shown all bytes in their order, before anybody else sees them; must not keep them. */
  readonly onBytes?: (bytes: Uint8Array) => void;
  /** Ends the transfer at once with the signal's reason, also while the client is silent. */
  readonly signal?: AbortSignal;
}

/** Bytes that have arrived and are hashed, but that nobody can see before `commit`. */
export interface ReceivedData {
  readonly sizeBytes: number;
  /** md5, in lower-case hex. */
  readonly checksum: string;
  readonly osHashAlgo: OsHashAlgo;
  readonly osHashValue: string;
  /** Whether the bytes are those that were signed, where a signature was to be checked. */
  readonly isSignatureValid?: boolean;
  /** Makes them durable and visible, after the caller has made sure that the attempt still holds its lease. */
  commit(): Promise<void>;
  /** Throws them away; nothing happens after a commit. */
  cancel(): Promise<void>;
}

/** How many slabs one transfer may have at the hashes and the store at once, besides the one it waits with: so many that neither a disk nor a processor that is busy elsewhere for a moment stops the hashes. */
const windowSlabs = 8;
/** What all uploads of a process may hold together. Who finds none free waits, and so does his client. */
export const slabs = slabPool(128);
const threads = hashThreads();

/** Takes a stream into a store in one pass: limit, both hashes and the write go on side by side, at the pace of the slowest.
 *  Whatever fails, the writer is cancelled and nothing is left; the source stays open for the caller to answer on.
 *  Refuses: ImageTooLarge, SizeMismatch, HashMismatch, UploadInterrupted, StoreFull, StoreUnavailable, AttemptOver. Empty data is legal. */
export async function receiveData(store: Pick<Store, 'create'>, key: DataKey, source: ByteSource, options: ReceiveOptions): Promise<ReceivedData> {
  const { declaredSizeBytes, limitBytes, osHashAlgo } = options;
  if (declaredSizeBytes !== undefined && declaredSizeBytes > limitBytes) throw new Problem('ImageTooLarge', { limitBytes });
  const writer = await store.create(key, declaredSizeBytes === undefined ? {} : { declaredSizeBytes });
  const algos = algosOf(options);
  const hashes = threads.start(options.signature ? [...algos, options.signature] : algos);
  try {
    const sizeBytes = await pump(key, source, options, writer, hashes);
    const digests = await Promise.all(hashes.map((hash) => hash.digest()));
    refuseOtherHash(key, algos, digests, options);
    const [checksum = '', osHashValue = ''] = digests;
    const verdict = options.signature ? { isSignatureValid: digests.at(-1) === 'valid' } : {};
    return { sizeBytes, checksum, osHashAlgo, osHashValue, ...verdict, commit: () => writer.commit(), cancel: () => writer.cancel() };
  } catch (error) {
    hashes.forEach((hash) => { hash.drop(); });
    // What went wrong first is what the caller needs to hear; bytes that could not be thrown away now go with their key later.
    await writer.cancel().catch(() => {});
    throw error;
  }
}

function algosOf({ osHashAlgo, expectedHash }: ReceiveOptions): readonly OsHashAlgo[] {
  const always: readonly OsHashAlgo[] = ['md5', osHashAlgo];
  return expectedHash && !always.includes(expectedHash.algo) ? [...always, expectedHash.algo] : always;
}

function refuseOtherHash({ imageId }: DataKey, algos: readonly OsHashAlgo[], digests: readonly string[], { expectedHash }: ReceiveOptions): void {
  if (expectedHash && digests[algos.indexOf(expectedHash.algo)] !== expectedHash.value) throw new Problem('HashMismatch', { imageId });
}

async function pump(key: DataKey, source: ByteSource, options: ReceiveOptions, writer: StoreWriter, hashes: readonly RunningHash[]): Promise<number> {
  const stop = new AbortController();
  const signal = options.signal ? AbortSignal.any([options.signal, stop.signal]) : stop.signal;
  const consume = slabConsumer(writer, hashes, options.onBytes);
  // A store that fails must not wait for a client that is silent to be heard.
  const inFlight = slabWindow(consume, (error) => { stop.abort(error); });
  const cutter = slabCutter(slabs, inFlight.add);
  const gate = sizeGate(options);
  try {
    await eachChunk(source, signal, (chunk) => {
      const room = gate.pass(chunk.byteLength);
      return room ? room.then(() => cutter.take(chunk)) : cutter.take(chunk);
    }).catch((error: unknown) => {
      throw isLostConnection(error) && !stop.signal.aborted ? new Problem('UploadInterrupted', { imageId: key.imageId }, { cause: error }) : error;
    });
    gate.end();
    await cutter.finish();
    await inFlight.end();
    stop.signal.throwIfAborted();
    return gate.receivedBytes();
  } finally {
    cutter.drop();
    await inFlight.end();
  }
}

/** Slabs that are being hashed and written. `add` gives a promise where there are enough of them: the next one has to wait for it. */
function slabWindow(consume: (filled: FilledSlab) => Promise<void>, onFailure: (error: unknown) => void) {
  const running = new Set<Promise<void>>();
  return {
    add(filled: FilledSlab): Promise<void> | undefined {
      const one = consume(filled).catch(onFailure).finally(() => { running.delete(one); });
      running.add(one);
      return running.size <= windowSlabs ? undefined : Promise.race(running);
    },
    end: async (): Promise<void> => { await Promise.all(running); },
  };
}

/** Counts what passes and refuses too much of it at the first byte over; refuses too little at the end. */
function sizeGate(options: ReceiveOptions) {
  const { declaredSizeBytes, hasRoom, onProgress } = options;
  let receivedBytes = 0;
  return {
    pass(chunkBytes: number): Promise<void> | undefined {
      receivedBytes += chunkBytes;
      refuseTooMuch(receivedBytes, options);
      const room = hasRoom?.(receivedBytes);
      if (room) return room.then(() => { onProgress?.(receivedBytes); });
      onProgress?.(receivedBytes);
      return undefined;
    },
    end(): void {
      if (declaredSizeBytes !== undefined && receivedBytes < declaredSizeBytes) throw new Problem('SizeMismatch', { declaredBytes: declaredSizeBytes, receivedBytes });
    },
    receivedBytes: () => receivedBytes,
  };
}

function refuseTooMuch(receivedBytes: number, { declaredSizeBytes: declaredBytes = Infinity, limitBytes }: ReceiveOptions): void {
  if (receivedBytes > limitBytes) throw new Problem('ImageTooLarge', { limitBytes });
  if (receivedBytes > declaredBytes) throw new Problem('SizeMismatch', { declaredBytes, receivedBytes });
}

/** How Node tells that the client hung up, from the socket and from the stream above it. */
const isLostConnection = (error: unknown): boolean => ['ECONNRESET', 'EPIPE', 'ERR_STREAM_PREMATURE_CLOSE'].includes(errnoOf(error) ?? '');

/** Hands a slab to the store and to the hashes, and gives it back when none of them reads it any more. */
function slabConsumer(writer: StoreWriter, hashes: readonly RunningHash[], onBytes: ReceiveOptions['onBytes']): (filled: FilledSlab) => Promise<void> {
  let writing: Promise<void> = Promise.resolve();
  return async ({ slab, lengthBytes }) => {
    const bytes = slab.bytes.subarray(0, lengthBytes);
    onBytes?.(bytes);
    writing = writing.then(() => writer.write(bytes));
    const results = await Promise.allSettled([writing, ...hashes.map((hash) => hash.update(slab, lengthBytes))]);
    slabs.give(slab);
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) throw failed.reason;
  };
}
