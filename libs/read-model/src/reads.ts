import { setTimeout as sleep } from 'node:timers/promises';
import { Problem } from '#libs/domain';
import { reachable } from './database.js';

/** The lowest position that a read may be answered from: the highest sequence that was acknowledged to anybody. */
export interface AtLeast { readonly atLeast?: number }

const waitMs = 2_000;

/**
 * Repeats a read, which says in the same snapshot which position it saw, until that is high enough.
 * After two seconds: `Problem('Unavailable')`.
 */
export async function readAt<Found extends { position: number }>(atLeast: number | undefined, read: () => Promise<Found>): Promise<Found> {
  const deadline = performance.now() + waitMs;
  for (let pauseMs = 2; ; pauseMs = Math.min(pauseMs * 2, 50)) {
    const found = await reachable(read);
    if (found.position >= (atLeast ?? 0)) return found;
    if (performance.now() + pauseMs > deadline) throw new Problem('Unavailable', { what: 'The catalogue', seconds: 2 });
    await sleep(pauseMs);
  }
}
