import { randomUUID } from 'node:crypto';
import type { TellProgress } from '#libs/contracts';
import { Problem, type Image, type ImageCommandEnvelope, type UploadFailure } from '#libs/domain';
import { crashPoint, type Leases } from '#libs/event-log';
import { receiveData, type ByteSource, type OsHashAlgo, type ReceivedData, type Store } from '#libs/stores';
import { isRefusedForData, type FormatRules } from './data-format.js';
import { watchData, type DataWatch } from './data-watch.js';
import { holdLease } from './held-lease.js';
import { idleLimit } from './idle-limit.js';
import { progressMeter } from './progress-meter.js';
import type { OpenSignature } from './signature-watch.js';
import { reservedRoom, type AskRoom } from './reserved-room.js';

/** Where the bytes go: to become the image's data, or to wait in the staging area for an import. */
export type TransferKind = 'ImageDataUpload' | 'ImageStaging';

/** What a command is known by; `requestHash` where the client sent an Idempotency-Key. */
export interface SentAs { readonly commandId: string; readonly requestHash?: string }

export interface TransferParts {
  readonly leases: Leases;
  readonly leaseMs: number;
  readonly clock: () => Date;
  readonly osHashAlgo: OsHashAlgo;
  /** For how long a client may send nothing. */
  readonly idleMs: number;
  /** What an image may have as its data. */
  readonly formats: FormatRules;
  readonly tellProgress: TellProgress;
  readonly askRoom: AskRoom;
  /** Removes the bytes of attempts that are over. Never rejects. */
  removeData(imageId: string, image: Image): Promise<void>;
}

export interface Transfer {
  readonly kind: TransferKind;
  readonly imageId: string;
  /** One that nobody used before; a random one unless given. */
  readonly attemptId?: string;
  readonly store: Store;
  readonly source: ByteSource;
  readonly limitBytes: number;
  readonly declaredSizeBytes?: number;
  /** What the caller's permission was checked against, where somebody checked it. */
  readonly authorizedFor?: NonNullable<ImageCommandEnvelope['authorizedFor']>;
  /** How the signature of an upload is checked, where its image is signed. */
  readonly openSignature?: OpenSignature;
  /** What the completion is known by: a repeated request with an Idempotency-Key finds its own. */
  readonly completion: SentAs;
  /** Sends a command on behalf of the caller and returns the image after it; each gets an id of its own unless one is given. */
  send(envelope: Omit<ImageCommandEnvelope, 'imageId'>, sentAs?: SentAs): Promise<Image>;
}

/**
 * The whole story of `PUT /file` and `PUT /stage`: start in the log, bytes, store commit, complete in the log. Whatever fails, the image is queued again
 * and the bytes are gone; where it is unknown whether the completion was recorded, nothing is undone and the sweeper judges by the log.
 * Data is looked at on its way. An upload is refused for what it is; of staged data that is only recorded, and its import is refused.
 * Refuses: what the image, the limits or the store refuse; DataFormatMismatch, DataUnsafe, SignatureNotVerified; AttemptOver where the lease was lost. Source: api-ref "Upload binary image data" and "Stage binary image data".
 */
export async function transferData(parts: TransferParts, transfer: Transfer): Promise<void> {
  const attemptId = transfer.attemptId ?? randomUUID();
  const image = await start(transfer, attemptId);
  if (image === 'done before') return;
  const data = watchData({ formats: parts.formats, imageId: transfer.imageId, claim: image, image, openSignature: transfer.kind === 'ImageDataUpload' ? transfer.openSignature : undefined });
  const attempt = holdAttempt(parts, transfer, attemptId);
  try {
    const received = await receive(parts, transfer, attemptId, attempt, data);
    attempt.progress.step('storing');
    const gained = await commitHeld(transfer, received, data, attempt.confirm);
    crashPoint('after-store-commit');
    crashPoint('before-complete');
    attempt.progress.step('recording');
    await complete(transfer, attemptId, received, gained);
    attempt.progress.end('succeeded');
    crashPoint('before-acknowledgement');
  } catch (error) {
    if (error instanceof UnknownOutcome) {
      attempt.progress.fallSilent();
      throw error;
    }
    const queued = await fail(parts, transfer, attemptId, error, data);
    throw queued?.status === 'deleted' ? new Problem('ImageGone', { imageId: transfer.imageId }, { cause: error }) : error;
  } finally {
    await attempt.end();
  }
}

async function start({ kind, store, declaredSizeBytes, authorizedFor, completion, send }: Transfer, attemptId: string): Promise<Image | 'done before'> {
  const declared = declaredSizeBytes === undefined ? {} : { declaredSizeBytes };
  try {
    return await send({ command: { type: `Start${kind}`, attemptId, storeId: store.id, ...declared }, ...(authorizedFor ? { authorizedFor } : {}) });
  } catch (error) {
    const mayBeRepeated = completion.requestHash !== undefined && error instanceof Problem && error.code === 'ImageStatusConflict';
    if (mayBeRepeated && await wasCompleted(kind, attemptId, completion, send)) return 'done before';
    throw error;
  }
}

/** An attempt that never started can complete nothing, so only the commit of an earlier request with the same key can answer this. */
async function wasCompleted(kind: TransferKind, attemptId: string, completion: SentAs, send: Transfer['send']): Promise<boolean> {
  const nothing = { sizeBytes: 0, checksum: '', osHashAlgo: '', osHashValue: '' };
  try {
    await send({ command: { type: `Complete${kind}`, attemptId, ...nothing } }, completion);
    return true;
  } catch (error) {
    if (error instanceof Problem && (error.code === 'AttemptOver' || error.code === 'ImageGone')) return false;
    throw error;
  }
}

/** The attempt's lease, the word on how far it is, and the signal that ends its transfer when the lease is lost or nothing moves any more. */
function holdAttempt(parts: TransferParts, { kind, imageId, store, declaredSizeBytes }: Transfer, attemptId: string) {
  const lost = new AbortController();
  const lease = holdLease({ ...parts, imageId, attemptId, onLost: (reason) => { lost.abort(reason); } });
  const idle = idleLimit(imageId, parts.idleMs);
  const progress = progressMeter(parts.tellProgress, parts.clock, imageId, {
    attemptId, action: actions[kind], storeId: store.id, ...(declaredSizeBytes === undefined ? {} : { totalBytes: declaredSizeBytes }),
  });
  return {
    signal: AbortSignal.any([lost.signal, idle.signal]),
    progress,
    moved(receivedBytes: number) {
      idle.moved();
      progress.moved(receivedBytes);
    },
    arrived: idle.end,
    confirm: lease.confirm,
    async end() {
      idle.end();
      progress.end('failed');
      await lease.release();
    },
  };
}
const actions = { ImageDataUpload: 'upload', ImageStaging: 'stage' } as const;
type HeldAttempt = ReturnType<typeof holdAttempt>;

async function receive({ osHashAlgo, askRoom }: TransferParts, { kind, imageId, store, source, limitBytes, declaredSizeBytes }: Transfer, attemptId: string, attempt: HeldAttempt, { open, onBytes }: DataWatch): Promise<ReceivedData> {
  const checked = await open();
  const resource = kind === 'ImageDataUpload' ? 'sizeBytes' : 'stageBytes';
  const received = await receiveData(store, { imageId, attemptId, storeId: store.id }, source, {
    hasRoom: reservedRoom(askRoom, { attemptId, resource }, declaredSizeBytes), limitBytes, osHashAlgo, signal: attempt.signal, onProgress: attempt.moved, onBytes, ...checked, ...(declaredSizeBytes === undefined ? {} : { declaredSizeBytes }),
  });
  attempt.arrived();
  return received;
}

/** What an image gains from its data, beside the bytes; staged data is no image's yet. */
type Gained = ReturnType<DataWatch['accept']> & ReturnType<DataWatch['found']>;

async function commitHeld({ kind }: Transfer, received: ReceivedData, data: DataWatch, confirmLease: () => Promise<void>): Promise<Gained> {
  try {
    const gained = { ...(kind === 'ImageDataUpload' ? data.accept(received) : {}), ...data.found() };
    await confirmLease();
    await received.commit();
    return gained;
  } catch (error) {
    await received.cancel();
    throw error;
  }
}

/** An unanswered completion may have been recorded: it is repeated under the same command id until the answer is known. */
async function complete({ kind, completion, send }: Transfer, attemptId: string, { sizeBytes, checksum, osHashAlgo, osHashValue }: ReceivedData, gained: Gained): Promise<void> {
  const command = { type: `Complete${kind}`, attemptId, sizeBytes, checksum, osHashAlgo, osHashValue, ...gained } as const;
  for (let triesLeft = 3; ; triesLeft -= 1) {
    try {
      await send({ command }, completion);
      return;
    } catch (error) {
      if (!isUnknown(error)) throw error;
      if (triesLeft === 1) throw new UnknownOutcome(error);
    }
  }
}

/** Queues the image again, removes the bytes, and returns the image as it is now; undefined where nobody answers. */
async function fail(parts: TransferParts, { kind, imageId, send }: Transfer, attemptId: string, error: unknown, data: DataWatch): Promise<Image | undefined> {
  const { inspection } = isRefusedForData(error) ? data.found() : {};
  try {
    // Queued again is what the image must be, also where this cannot be written down.
    if (inspection) await send({ command: { type: 'RecordDataInspection', attemptId, inspection } }).catch(() => undefined);
    const image = await send({ command: { type: `Fail${kind}`, attemptId, reason: reasonOf(error) } });
    await parts.removeData(imageId, image);
    return image;
  } catch {
    // The catalog cannot be reached: without a lease the sweeper ends this attempt, and its bytes go then.
    return undefined;
  }
}

const reasonOf = (error: unknown): UploadFailure => (error instanceof Problem ? reasons[error.code] ?? 'refused' : 'store_failed');
const reasons: Partial<Record<Problem['code'], UploadFailure>> = {
  UploadInterrupted: 'interrupted', SizeMismatch: 'interrupted', StoreFull: 'store_failed', StoreUnavailable: 'store_failed', AttemptOver: 'lease_expired',
};

const isUnknown = (error: unknown): error is Problem => error instanceof Problem && (error.code === 'Unavailable' || error.code === 'NotYetVisible');

/** The completion was sent and nobody knows whether it was recorded. */
class UnknownOutcome extends Problem {
  constructor(cause: Problem) {
    super(cause.code, cause.params, { cause });
  }
}
