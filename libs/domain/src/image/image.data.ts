import { Problem } from '../problem.js';
import { attemptIn, openAttempt } from './image.attempts.js';
import type { DataInspection, DataVerification, Image, ImageDataFacts, ImageEvent, SignatureVerdict, UploadFailure } from './image.js';
import { failDataHealing } from './image.scrub.js';

/** Begins a direct upload: queued → saving. Refuses: ImageStatusConflict, FormatsMissing.
 *  Source: api-ref "Upload binary image data", Preconditions; the order of checks is Glance's. */
export function startImageDataUpload(imageId: string, start: { attemptId: string; storeId: string; declaredSizeBytes?: number }, image: Image): ImageEvent[] {
  if (image.status !== 'queued') throw new Problem('ImageStatusConflict', { imageId, status: image.status, needed: 'queued' });
  refuseMissingFormats(imageId, image);
  const { attemptId, storeId, declaredSizeBytes } = start;
  return [{ type: 'ImageDataUploadStarted', data: { attemptId, storeId, ...(declaredSizeBytes === undefined ? {} : { declaredSizeBytes }) } }];
}

/** Makes the bytes of an attempt the image's data: saving → active. Only the open attempt may complete (AttemptOver),
 *  so that an upload that stalled and wakes up can never activate, or replace, another's bytes. */
export function completeImageDataUpload(imageId: string, { attemptId, sizeBytes, virtualSizeBytes, checksum, osHashAlgo, osHashValue, inspection }: { attemptId: string; inspection?: DataInspection } & ImageDataFacts, image: Image): ImageEvent[] {
  const attempt = openAttempt(image, attemptId);
  if (image.status !== 'saving' || !attempt) throw new Problem('AttemptOver', { imageId });
  const virtual = virtualSizeBytes === undefined ? {} : { virtualSizeBytes };
  return [
    ...inspected(attemptId, inspection),
    { type: 'ImageDataStored', data: { attemptId, storeId: attempt.storeId, sizeBytes, ...virtual, checksum, osHashAlgo, osHashValue } },
    { type: 'ImageActivated', data: {} },
  ];
}

/** Records what the bytes of an attempt are, as when they were refused for it or are looked at again. Nothing new, or an attempt that is not known, changes nothing. */
export function recordDataInspection({ attemptId, inspection }: { attemptId: string; inspection: DataInspection }, image: Image): ImageEvent[] {
  const attempt = image.attempts.find((candidate) => candidate.attemptId === attemptId);
  return !attempt || isSameInspection(attempt.inspection, inspection) ? [] : inspected(attemptId, inspection);
}

/** Records that the operator's verification refused the bytes of an attempt; of an attempt that is not known, nothing. */
export function recordDataVerification({ attemptId, verification }: { attemptId: string; verification: DataVerification }, image: Image): ImageEvent[] {
  const isKnown = image.attempts.some((candidate) => candidate.attemptId === attemptId);
  return isKnown ? [{ type: 'ImageDataVerified', data: { attemptId, ...verification } }] : [];
}

/** What a completion tells of the bytes comes before what it makes of them. */
export const inspected = (attemptId: string, inspection: DataInspection | undefined): ImageEvent[] =>
  inspection ? [{ type: 'ImageDataInspected', data: { attemptId, ...inspection } }] : [];

/** Whether a look at data has shown nothing that was not known; a look without the signature says nothing of it. */
export const isSameInspection = (known: DataInspection | undefined, other: DataInspection): boolean =>
  known?.format === other.format && known?.virtualSizeBytes === other.virtualSizeBytes && (other.signature === undefined || isSameVerdict(known?.signature, other.signature))
  && known?.findings.map(({ rule, detail }) => `${rule} ${detail}`).join() === other.findings.map(({ rule, detail }) => `${rule} ${detail}`).join();

const isSameVerdict = (known: SignatureVerdict | undefined, other: SignatureVerdict): boolean =>
  known?.isValid === other.isValid && known.certificateId === other.certificateId && known.reason === other.reason;

/** Ends an attempt without data: saving → queued, to be tried again. An attempt that is over already changes nothing. */
export function failImageDataUpload({ attemptId, reason }: { attemptId: string; reason: UploadFailure }, image: Image): ImageEvent[] {
  // Whoever was healing a copy has lost his lease, too.
  const healing = failDataHealing({ attemptId }, image);
  if (healing.length > 0) return healing;
  if (image.status !== 'saving' || !openAttempt(image, attemptId)) return [];
  return [{ type: 'ImageDataUploadFailed', data: { attemptId, reason } }];
}

/** Records that the bytes of an attempt that is over are gone from their store. Anything else changes nothing. */
export function recordImageDataRemoved({ attemptId }: { attemptId: string }, image: Image): ImageEvent[] {
  const attempt = attemptIn(image, attemptId, 'over');
  return attempt ? [{ type: 'ImageDataRemoved', data: { attemptId, storeId: attempt.storeId } }] : [];
}

/** Data needs both formats: 400 on upload and stage. Source: api-ref "Upload binary image data", Preconditions. */
export function refuseMissingFormats(imageId: string, image: Image): void {
  const missing = [image.diskFormat === null && 'disk_format', image.containerFormat === null && 'container_format'].filter(Boolean);
  if (missing.length > 0) throw new Problem('FormatsMissing', { imageId, missing: missing.join(' and no ') });
}
