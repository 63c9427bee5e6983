import { Problem } from '../problem.js';
import type { Attempt, EventData, Image, ImageEvent } from './image.js';
import type { ImageStatus } from './image.status.js';

/** Deletes an image in any status; its id stays taken. Its bytes become removable, or, where the operator keeps them for a while, later. Refuses: ImageIsProtected.
 *  Source: api-ref "Delete image". */
export function deleteImage(imageId: string, { keptUntil }: { readonly keptUntil?: string }, image: Image): ImageEvent[] {
  if (image.isProtected) throw new Problem('ImageIsProtected', { imageId });
  return [{ type: 'ImageDeleted', data: keptUntil === undefined ? {} : { keptUntil } }];
}

/** Brings a deleted image back that is still kept: as it was where it had data, else `queued`. Refuses: ImageNotDeleted, UndeleteTooLate. */
export function undeleteImage(imageId: string, { at }: { readonly at?: string }, image: Image): ImageEvent[] {
  if (image.status !== 'deleted') throw new Problem('ImageNotDeleted', { imageId, status: image.status });
  if (!image.deletion || at === undefined || at >= image.deletion.keptUntil) throw new Problem('UndeleteTooLate', { imageId });
  return [{ type: 'ImageUndeleted', data: { status: keepsData(image.deletion.statusBefore) ? image.deletion.statusBefore : 'queued' } }];
}

/** The time is over for which a deleted image was kept: its bytes become removable. Before that, and repeated, it changes nothing. */
export function endImageRetention({ at }: { readonly at?: string }, { deletion }: Image): ImageEvent[] {
  return deletion && at !== undefined && at >= deletion.keptUntil ? [{ type: 'ImageRetentionEnded', data: {} }] : [];
}

/** Data that was not complete is not worth keeping. */
const keepsData = (status: ImageStatus): boolean => status === 'active' || status === 'deactivated';

const over = (attempt: Attempt): Attempt => ({ ...attempt, state: 'over' });

export function deleted(image: Image, { keptUntil }: EventData<'ImageDeleted'>): Image {
  const isKept = keptUntil !== undefined && keepsData(image.status);
  return {
    ...image, status: 'deleted', staged: null, importing: null,
    attempts: image.attempts.map((attempt) => (isKept && attempt.state === 'stored' ? attempt : over(attempt))),
    ...(keptUntil === undefined ? {} : { deletion: { keptUntil, statusBefore: image.status } }),
  };
}

export const undeleted = ({ deletion: _, ...image }: Image, { status }: EventData<'ImageUndeleted'>): Image =>
  ({ ...image, status, data: status === 'queued' ? null : image.data });

export const retentionEnded = ({ deletion: _, ...image }: Image): Image => ({ ...image, attempts: image.attempts.map(over) });
