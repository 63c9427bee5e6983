import { Problem } from '../problem.js';
import { openAttempt } from './image.attempts.js';
import { inspected, refuseMissingFormats } from './image.data.js';
import type { DataInspection, Image, ImageEvent, StagedFacts, UploadFailure } from './image.js';

/** Begins to stage: queued → uploading; what an earlier import left in the staging area is given up for it.
 *  Refuses: ImageStatusConflict, FormatsMissing, AttemptOver for an attempt that was made before. Source: api-ref "Stage binary image data", Preconditions. */
export function startImageStaging(imageId: string, start: { attemptId: string; storeId: string; declaredSizeBytes?: number; isResumable?: boolean }, image: Image): ImageEvent[] {
  if (image.status !== 'queued') throw new Problem('ImageStatusConflict', { imageId, status: image.status, needed: 'queued' });
  refuseMissingFormats(imageId, image);
  const { attemptId, storeId, declaredSizeBytes, isResumable = false } = start;
  if (image.attempts.some((attempt) => attempt.attemptId === attemptId)) throw new Problem('AttemptOver', { imageId });
  return [
    ...(image.staged ? [{ type: 'ImageStagedDataExpired', data: { attemptId: image.staged.attemptId } } as const] : []),
    { type: 'ImageStagingStarted', data: { attemptId, storeId, ...(declaredSizeBytes === undefined ? {} : { declaredSizeBytes }), ...(isResumable ? { isResumable } : {}) } },
  ];
}

/** Records that the bytes wait in the staging area. Only the open attempt may complete: AttemptOver. */
export function completeImageStaging(imageId: string, { attemptId, sizeBytes, checksum, osHashAlgo, osHashValue, inspection }: { attemptId: string; inspection?: DataInspection } & StagedFacts, image: Image): ImageEvent[] {
  const attempt = openAttempt(image, attemptId);
  if (image.status !== 'uploading' || !attempt) throw new Problem('AttemptOver', { imageId });
  return [
    ...inspected(attemptId, inspection),
    { type: 'ImageDataStaged', data: { attemptId, storeId: attempt.storeId, sizeBytes, checksum, osHashAlgo, osHashValue } },
  ];
}

/** Ends a staging attempt without data: uploading → queued. An attempt that is over already changes nothing, and the end of a lease is none of one that can be resumed. */
export function failImageStaging({ attemptId, reason }: { attemptId: string; reason: UploadFailure }, image: Image): ImageEvent[] {
  const attempt = openAttempt(image, attemptId);
  if (image.status !== 'uploading' || !attempt) return [];
  if (attempt.isResumable === true && reason === 'lease_expired') return [];
  return [{ type: 'ImageStagingFailed', data: { attemptId, reason } }];
}

/** Gives up staged bytes that nobody imported in time. Bytes that an import is using, or that are gone, change nothing. */
export function expireStagedData({ attemptId }: { attemptId: string }, image: Image): ImageEvent[] {
  if (image.staged?.attemptId !== attemptId || image.importing) return [];
  return [{ type: 'ImageStagedDataExpired', data: { attemptId } }];
}
