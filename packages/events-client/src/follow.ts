import { setTimeout as pause } from 'node:timers/promises';
import type { Checkpoints } from './checkpoints.js';
import type { ImageEvent } from './event.js';
import { Refused, type Delivery, type Position, type Source } from './source.js';

export interface FollowOptions {
  readonly source: Source;
  readonly checkpoints: Checkpoints;
  /** Where to begin when there is no checkpoint; `beginning` unless told. */
  readonly start?: Position;
  /** Ends it; then it resolves. */
  readonly signal?: AbortSignal;
  /** Told of every break; it goes on by itself. */
  onTrouble?(error: unknown, waitMs: number): void;
}

const shortestWaitMs = 250;
const longestWaitMs = 15_000;

/**
 * Hands every event to `handle`, one after another, in their order, and keeps the position when `handle` is done: an event is handled at least once, and
 * again only where this process died in between. To have it exactly once, let `handle` write the event's id with what it does. Rejects where `handle` or the
 * checkpoints do, and where the source refuses for good (`Refused`); every other break is waited out.
 */
export async function follow({ source, checkpoints, start = 'beginning', signal = new AbortController().signal, onTrouble }: FollowOptions, handle: Handle): Promise<void> {
  let position: Position = await checkpoints.read() ?? start;
  let waitMs = shortestWaitMs;
  const take = async ({ event, position: next }: Delivery): Promise<void> => {
    if (event) await handle(event, next);
    position = next;
    await checkpoints.write(next);
    waitMs = shortestWaitMs;
  };
  while (!signal.aborted) {
    const trouble = await followOnce(source.from(position, signal), signal, take);
    if (trouble instanceof Refused) throw trouble;
    if (trouble !== undefined && !signal.aborted) onTrouble?.(trouble, waitMs);
    await pause(waitMs, undefined, { signal }).catch(() => undefined);
    waitMs = Math.min(waitMs * 2, longestWaitMs);
  }
}

export type Handle = (event: ImageEvent, position: string) => Promise<void> | void;

/** Until the source ends or breaks; gives what broke it. Rejects where `take` does: that is the consumer's trouble, and not the source's. */
async function followOnce(deliveries: AsyncIterable<Delivery>, signal: AbortSignal, take: (delivery: Delivery) => Promise<void>): Promise<unknown> {
  let ofConsumer: { readonly error: unknown } | undefined;
  try {
    for await (const delivery of deliveries) {
      if (signal.aborted) return undefined;
      await take(delivery).catch((error: unknown) => {
        ofConsumer = { error };
        throw error;
      });
    }
    return undefined;
  } catch (error) {
    if (ofConsumer) throw ofConsumer.error;
    return error;
  }
}
