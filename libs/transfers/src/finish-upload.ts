import { randomBytes } from 'node:crypto';
import { wholePart, type CapabilityClaims } from '#libs/contracts';
import { Problem } from '#libs/domain';
import { crashPoint } from '#libs/event-log';
import { receiveData, writerToNowhere, type ByteSource, type DataKey, type Store, type StoreReader, type StoreWriter, type UnfinishedData } from '#libs/stores';
import { watchFormat } from './data-format.js';
import { holdLease } from './held-lease.js';
import type { Transfer, TransferParts } from './transfer-data.js';
import type { UploadNote, UploadNoteBook } from './upload-note.js';

export interface FinishParts extends Pick<TransferParts, 'leases' | 'leaseMs' | 'clock' | 'osHashAlgo' | 'formats' | 'removeData'> {
  readonly store: Store;
  readonly unfinished: UnfinishedData;
  readonly notes: UploadNoteBook;
  readonly logger: { warn(facts: object, message: string): void };
  /** Sends commands on behalf of whom an upload was begun for. */
  sender(by: Pick<CapabilityClaims, 'imageId' | 'requestId' | 'actor' | 'personal'>): Transfer['send'];
}

/**
 * Makes the parts of an upload, all of whose bytes are there, staged data: reads them once, for hashes and format, moves them to where staged data lies, records
 * it, and asks for the import that it is for. Each step can be repeated after any death in between. Where it is refused the bytes stay: who ends the attempt in the log
 * ends them too. Refuses: ImageGone, AttemptOver, what the store or the log refuses.
 */
export async function finishUpload(parts: FinishParts, key: DataKey, by: Pick<CapabilityClaims, 'requestId' | 'actor' | 'personal'>): Promise<void> {
  const { notes, unfinished } = parts;
  const note = await notes.read(key);
  if (!note) return;
  const send = parts.sender({ imageId: key.imageId, ...by });
  if (note.isStaged !== true) await stage(parts, key, note, send);
  if (note.then && !await isAskedFor(parts, key, note, send)) return;
  await unfinished.forget(key);
}

async function stage(parts: FinishParts, key: DataKey, note: UploadNote, send: Transfer['send']): Promise<void> {
  const { imageId, attemptId } = key;
  const format = watchFormat(parts.formats, imageId, note.formats);
  const { bytes, sizeBytes, writer, close } = await openWhole(parts, key, note);
  try {
    const received = await receiveData({ ...parts.store, create: async () => writer }, key, bytes, {
      limitBytes: sizeBytes, declaredSizeBytes: sizeBytes, osHashAlgo: parts.osHashAlgo, onBytes: format.onBytes, onProgress: staysTouched(parts, key),
    });
    await received.commit();
    crashPoint('after-store-commit');
    const { checksum, osHashAlgo, osHashValue } = received;
    crashPoint('before-complete');
    const lease = holdLease({ ...parts, imageId, attemptId, onLost: () => {} });
    try {
      await lease.confirm();
      await send({ command: { type: 'CompleteImageStaging', attemptId, sizeBytes, checksum, osHashAlgo, osHashValue, ...format.found() } }, { commandId: `upload-complete:${attemptId}` });
    } finally {
      await lease.release();
    }
  } finally {
    await close();
  }
  await parts.notes.change(key, (known) => ({ ...known ?? note, isStaged: true }));
}

/** What is being finished has been touched a moment ago, so that another service of the same area lets it be. */
function staysTouched({ unfinished, clock }: FinishParts, key: DataKey): () => void {
  let touchedAt = -Infinity;
  return () => {
    const now = clock();
    if (now.getTime() - touchedAt < touchEveryMs) return;
    touchedAt = now.getTime();
    unfinished.touch(key, now).catch(() => {});
  };
}

/** Who has not touched what he finishes for so long is dead. */
export const deadAfterMs = 15_000;
const touchEveryMs = 3000;

interface Whole { readonly bytes: ByteSource; readonly sizeBytes: number; readonly writer: StoreWriter; close(): Promise<void> }

/** All the bytes of an upload in one row, and the writer that makes them the staging area's; bytes that are there already are only read. */
async function openWhole({ store, unfinished }: FinishParts, key: DataKey, { joins }: UploadNote): Promise<Whole> {
  const stored = await store.read(key).catch(orNotThere);
  if (stored) return { bytes: stored, sizeBytes: stored.sizeBytes, writer: writerToNowhere, close: () => stored.close() };
  const sizes = await unfinished.partsOf(key);
  const wanted = joins ?? [wholePart];
  if (!joins && !sizes.has(wholePart)) await (await unfinished.append(key, wholePart, { at: 0 })).keep();
  const writer = joins ? await unfinished.rewrite(key, `joined-${randomBytes(4).toString('hex')}`) : await unfinished.seal(key, wholePart);
  const row = inOneRow(wanted.map((part) => () => unfinished.read(key, part)));
  return { ...row, sizeBytes: wanted.reduce((sum, part) => sum + (sizes.get(part) ?? 0), 0), writer };
}

function inOneRow(open: readonly (() => Promise<StoreReader>)[]): Pick<Whole, 'bytes' | 'close'> {
  let reader: StoreReader | undefined;
  async function* bytes(): AsyncGenerator<Uint8Array, void, undefined> {
    for (const openNext of open) {
      reader = await openNext();
      yield* reader;
      await reader.close();
    }
  }
  return { bytes: bytes(), close: async () => { await reader?.close(); } };
}

/** What is not there is nothing to fail at. */
export function orNotThere(error: unknown): undefined {
  if (error instanceof Problem && error.code === 'ImageDataNotFound') return undefined;
  throw error;
}

/** Asked for in the name of whoever began the upload, and by what his permission rested on then. A refusal leaves the data staged, as it does for who asks by himself. */
async function isAskedFor({ logger }: FinishParts, { imageId, attemptId }: DataKey, { then, by: { authorizedFor } }: UploadNote, send: Transfer['send']): Promise<boolean> {
  if (!then) return true;
  try {
    await send({ command: then, ...(authorizedFor ? { authorizedFor } : {}) }, { commandId: `upload-import:${attemptId}` });
    return true;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    logger.warn({ err: error, image_id: imageId, attempt_id: attemptId }, 'the import that an upload was for could not be asked for');
    return error.code !== 'Unavailable' && error.code !== 'LogFull' && error.code !== 'LogNotTrusted';
  }
}
