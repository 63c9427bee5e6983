import type { RemovalsAnswer } from '#libs/contracts';
import type { ImageState } from '#libs/domain';
import { count, fields, list, optional, text } from './checks.js';

type Removal = RemovalsAnswer['removals'][number];

export interface RemovalsOptions {
  /** Attempts that the read model shows as over, up to a limit; only those in the given stores. */
  candidates(limit: number, storeIds?: readonly string[]): Promise<readonly Removal[]>;
  /** The image as the log's leader tells it. */
  imageFromLeader(imageId: string): Promise<ImageState>;
  onUnreadable(imageId: string, error: unknown): void;
}

const mostAtOnce = 500;

/**
 * `ask.<region>.removals`: bytes that may be removed. The read model only proposes; the log's leader decides, image by image, because
 * what is removed here is gone. An image whose history cannot be read keeps its bytes. Refuses: InvalidRequest.
 */
export async function removalsFor(question: unknown, { candidates, imageFromLeader, onUnreadable }: RemovalsOptions): Promise<RemovalsAnswer> {
  const { limit, storeIds } = fields(question, 'the question', { limit: count, storeIds: optional(list(1000, text(64))) });
  const removals: Removal[] = [];
  for (const [imageId, proposed] of byImage(await candidates(Math.min(limit, mostAtOnce), storeIds))) {
    try {
      const image = await imageFromLeader(imageId);
      removals.push(...proposed.filter((candidate) => isOver(image, candidate)));
    } catch (error) {
      onUnreadable(imageId, error);
    }
  }
  return { removals };
}

const isOver = (image: ImageState, { attemptId, storeId }: Removal): boolean =>
  image.exists && image.attempts.some((attempt) => attempt.attemptId === attemptId && attempt.storeId === storeId && attempt.state === 'over');

function byImage(candidates: readonly Removal[]): Map<string, Removal[]> {
  const images = new Map<string, Removal[]>();
  for (const { imageId, attemptId, storeId } of candidates) {
    images.set(imageId, [...images.get(imageId) ?? [], { imageId, attemptId, storeId }]);
  }
  return images;
}
