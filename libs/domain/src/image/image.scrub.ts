import { Problem } from '../problem.js';
import { attemptIn, openAttempt } from './image.attempts.js';
import type { DataCheck, Image, ImageDataFacts, ImageEvent } from './image.js';

/** Records what a look at a stored copy has shown. The same trouble once more, and a copy that the image does not refer to, change nothing. */
export function recordDataCheck({ attemptId, verdict, detail }: { attemptId: string } & Omit<DataCheck, 'at'>, image: Image): ImageEvent[] {
  const copy = attemptIn(image, attemptId, 'stored');
  const isKnown = verdict !== 'sound' && copy?.check?.verdict === verdict && copy.check.detail === detail;
  return !copy || isKnown ? [] : [{ type: 'ImageDataChecked', data: { attemptId, storeId: copy.storeId, verdict, detail } }];
}

/** Opens an attempt that is to replace a bad copy in its store. Refuses: AttemptOver where the copy is not the image's any more, or not known to be bad. */
export function startDataHealing(imageId: string, { attemptId, heals }: { attemptId: string; heals: string }, image: Image): ImageEvent[] {
  if (image.attempts.some((attempt) => attempt.attemptId === attemptId)) return [];
  const copy = attemptIn(image, heals, 'stored');
  if (!copy?.check || copy.check.verdict === 'sound') throw new Problem('AttemptOver', { imageId });
  return [{ type: 'ImageDataHealingStarted', data: { attemptId, storeId: copy.storeId, heals } }];
}

/** The new copy is durable: it takes the place of the bad one, which is given up in the same moment. Refuses: AttemptOver, HashMismatch. */
export function completeDataHealing(imageId: string, { attemptId, ...facts }: { attemptId: string } & ImageDataFacts, image: Image): ImageEvent[] {
  const attempt = image.attempts.find((candidate) => candidate.attemptId === attemptId);
  const { heals } = attempt ?? {};
  if (attempt?.state !== 'open' || heals === undefined || !attemptIn(image, heals, 'stored')) throw new Problem('AttemptOver', { imageId });
  if (image.data?.sizeBytes !== facts.sizeBytes || image.data.checksum !== facts.checksum) throw new Problem('HashMismatch', { imageId });
  return [{ type: 'ImageDataHealed', data: { attemptId, storeId: attempt.storeId, heals } }];
}

/** Ends an attempt to heal; the bad copy stays. One that is over already changes nothing. */
export function failDataHealing({ attemptId }: { attemptId: string }, image: Image): ImageEvent[] {
  const attempt = openAttempt(image, attemptId);
  return attempt?.heals !== undefined ? [{ type: 'ImageDataHealingFailed', data: { attemptId, storeId: attempt.storeId } }] : [];
}
