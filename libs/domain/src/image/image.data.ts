import { Problem } from '../problem.js';
import type { Attempt, Image, ImageDataFacts, ImageEvent, UploadFailure } from './image.js';

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
export function completeImageDataUpload(imageId: string, { attemptId, sizeBytes, virtualSizeBytes, checksum, osHashAlgo, osHashValue }: { attemptId: string } & ImageDataFacts, image: Image): ImageEvent[] {
  const attempt = openAttempt(image, attemptId);
  if (image.status !== 'saving' || !attempt) throw new Problem('AttemptOver', { imageId });
  const virtual = virtualSizeBytes === undefined ? {} : { virtualSizeBytes };
  return [
    { type: 'ImageDataStored', data: { attemptId, storeId: attempt.storeId, sizeBytes, ...virtual, checksum, osHashAlgo, osHashValue } },
    { type: 'ImageActivated', data: {} },
  ];
}

/** Ends an attempt without data: saving → queued, to be tried again. An attempt that is over already changes nothing. */
export function failImageDataUpload({ attemptId, reason }: { attemptId: string; reason: UploadFailure }, image: Image): ImageEvent[] {
  if (image.status !== 'saving' || !openAttempt(image, attemptId)) return [];
  return [{ type: 'ImageDataUploadFailed', data: { attemptId, reason } }];
}

/** Records that the bytes of an attempt that is over are gone from their store. Anything else changes nothing. */
export function recordImageDataRemoved({ attemptId }: { attemptId: string }, image: Image): ImageEvent[] {
  const attempt = image.attempts.find((candidate) => candidate.attemptId === attemptId && candidate.state === 'over');
  return attempt ? [{ type: 'ImageDataRemoved', data: { attemptId, storeId: attempt.storeId } }] : [];
}

/** Data needs both formats: 400 on upload and stage. Source: api-ref "Upload binary image data", Preconditions. */
export function refuseMissingFormats(imageId: string, image: Image): void {
  const missing = [image.diskFormat === null && 'disk_format', image.containerFormat === null && 'container_format'].filter(Boolean);
  if (missing.length > 0) throw new Problem('FormatsMissing', { imageId, missing: missing.join(' and no ') });
}

const openAttempt = (image: Image, attemptId: string): Attempt | undefined =>
  image.attempts.find((attempt) => attempt.attemptId === attemptId && attempt.state === 'open');
