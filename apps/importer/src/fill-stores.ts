import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { isProblem, nextImportStep, Problem, type DataInspection, type DataVerification, type ImportHop, type ProblemCode } from '#libs/domain';
import { crashPoint } from '#libs/event-log';
import { bringToStore } from './bring-to-store.js';
import { isCopyOut } from './copy-out.js';
import type { Run } from './import-parts.js';
import { isHeld, type ImageUnderImport, type SourceDescription } from './sources.js';

const internalReason = 'Something went wrong in the image service. Import again, and tell your operator if it happens once more.';
const reasonLength = 1024;

/** It is not this store's fault, and not the source's: somebody else has decided. */
const decidedElsewhere: ReadonlySet<ProblemCode> = new Set(['ImportOver', 'ImageGone', 'ImageNotFound', 'AttemptOver']);
/** The bytes cannot be had, whatever store they go to. */
const sourceCodes: ReadonlySet<ProblemCode> = new Set([
  'LimitReached', 'UriNotAllowed', 'UriQueryLost', 'SourceImageGone', 'ExportFailed', 'CopyFailed', 'ReplicationPolicyNotFound', 'DownloadFailed', 'DownloadTimedOut', 'ImageTooLarge', 'SizeMismatch', 'HashMismatch', 'DataFormatMismatch', 'DataFormatUnknown', 'DataUnsafe', 'SignatureNotVerified', 'DataNotDecompressed', 'DataNotConverted', 'DataNotVerified', 'ImageDataNotFound', 'Unavailable', 'TooManyProperties', 'CommitTooLarge',
  'RegionNotInCatalogue', 'RemoteTokenRefused', 'RemoteTokenLost', 'RemoteImageNotFound', 'RemoteImageForbidden', 'RemoteImageNotActive', 'RemoteImageUnusable', 'RemoteRegionFailed',
]);

/**
 * Fills some stores of an import side by side, each to its own end in the log. Where the import ends meanwhile (its image is deleted, somebody
 * cancels it), or one store fails where all must succeed, the others stop at once. Rejects with the refusal that ended it, or with the reason of `signal`.
 */
export async function fillStores(asked: ImageUnderImport, storeIds: readonly string[], run: Run, signal: AbortSignal): Promise<void> {
  const round = new AbortController();
  const stop = AbortSignal.any([signal, round.signal]);
  const watching = watch(asked, run, stop, (reason) => { round.abort(reason); });
  const filled = storeIds.map(async (storeId) => {
    try {
      const isFilled = await fillStore(asked, storeId, run, stop);
      if (!isFilled && asked.importing.allStoresMustSucceed) round.abort(over(asked));
    } catch (error) {
      round.abort(error);
      throw error;
    }
  });
  const results = await Promise.allSettled(filled);
  const isOver = stop.aborted;
  round.abort();
  await watching;
  if (isOver && results.some(({ status }) => status === 'rejected')) throw stop.reason;
}

const over = ({ imageId, importing: { importId } }: ImageUnderImport): Problem => new Problem('ImportOver', { imageId, importId });

/** While bytes move nobody tells us that the import is not wanted any more; the log does, when asked. */
async function watch(asked: ImageUnderImport, { parts }: Run, signal: AbortSignal, onOver: (reason: Problem) => void): Promise<void> {
  const isAwake = (): Promise<boolean> => pause(parts.watchMs, undefined, { signal }).then(() => true, () => false);
  while (await isAwake()) {
    const image = await parts.imageFromLeader(asked.imageId).catch(() => undefined);
    if (image && nextImportStep(image, asked.importing.importId).do === 'nothing') return onOver(over(asked));
  }
}

/** Brings the data into one store and records it; false where it could not, which is then recorded. Rejects where somebody else has decided. */
async function fillStore(asked: ImageUnderImport, storeId: string, run: Run, signal: AbortSignal): Promise<boolean> {
  const { imageId, importing: { importId } } = asked;
  const attemptId = randomUUID();
  await run.send({ type: 'StartStoreImport', importId, attemptId, storeId }, `start:${attemptId}`);
  try {
    crashPoint('after-start');
    let told = 0;
    const recordHops = async (hops: readonly ImportHop[]): Promise<void> => {
      told += 1;
      await run.send({ type: 'RecordImportHops', importId, hops }, `hops:${attemptId}:${told}`);
    };
    const describe = async ({ diskFormat, containerFormat, properties }: SourceDescription): Promise<void> => {
      await run.send({ type: 'DescribeImportedImage', importId, diskFormat, containerFormat, properties }, `describe:${attemptId}`);
    };
    const recordInspection = async (inspection: DataInspection): Promise<void> => {
      await run.send({ type: 'RecordDataInspection', attemptId, inspection }, `inspection:${attemptId}`);
    };
    const recordVerification = async (verification: DataVerification): Promise<void> => {
      await run.send({ type: 'RecordDataVerification', attemptId, verification }, `verification:${attemptId}:${verification.verifier}`);
    };
    const brought = await run.parts.tracing.inSpan('bring to store', { facts: { 'heliograph.store': storeId } }, () => (isCopyOut(asked.importing) ? run.parts.copyOut(asked, signal)
      : bringToStore(asked, { imageId, attemptId, storeId }, run.parts, { signal, recordHops, describe, recordInspection, recordVerification })));
    crashPoint('after-store-commit');
    crashPoint('before-complete');
    try {
      const { remove: _, facts, ...judged } = brought;
      await run.send({ type: 'CompleteStoreImport', importId, attemptId, ...facts, ...judged }, `complete:${attemptId}`);
    } catch (error) {
      // Refused, so no image refers to these bytes; after any other failure nobody knows, and the log decides.
      if (error instanceof Problem) await brought.remove();
      throw error;
    }
    return true;
  } catch (error) {
    signal.throwIfAborted();
    if (isProblem(error, decidedElsewhere)) throw error;
    await recordFailure(asked, storeId, error, run, attemptId);
    return false;
  }
}

async function recordFailure(asked: ImageUnderImport, storeId: string, error: unknown, run: Run, attemptId: string): Promise<void> {
  if (!(error instanceof Problem)) run.parts.onFault(error, run.request);
  run.reason = (error instanceof Problem ? error.message : `Store ${storeId}: ${internalReason}`).slice(0, reasonLength);
  const { reason } = run;
  const { importId } = asked.importing;
  // What one store of ours gives to another is that other one's affair alone.
  if (!isHeld(asked) && isProblem(error, sourceCodes)) await run.send({ type: 'FailImport', importId, reason }, `fail:${attemptId}`);
  else await run.send({ type: 'FailStoreImport', importId, storeId, reason }, `fail:${attemptId}`);
}
