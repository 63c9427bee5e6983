import type { StoredAnswer, StoredImage } from '#libs/contracts';
import { count, fields, optional, uuid } from './checks.js';

const mostAtOnce = 500;

/** `ask.<region>.stored`: images with data, page by page. Refuses: InvalidRequest. */
export async function storedFor(question: unknown, storedImages: (limit: number, after?: string) => Promise<readonly StoredImage[]>): Promise<StoredAnswer> {
  const { limit, after } = fields(question, 'the question', { limit: count, after: optional(uuid) });
  return { images: await storedImages(Math.min(limit, mostAtOnce), after) };
}
