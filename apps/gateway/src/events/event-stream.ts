import { once } from 'node:events';
import type { Writable } from 'node:stream';
import type { AuditEvent } from '#libs/contracts';
import { Problem } from '#libs/domain';
import type { FeedCursor, FeedPage } from '#libs/read-model';
import { doorbell } from '../edge/doorbell.js';
import { cursorText } from './event-query.js';

export interface StreamTimes {
  /** After so long without an event comes a comment, so that no proxy takes the connection for dead. */
  readonly heartbeatMs: number;
  /** Nothing new was announced: how long until somebody looks all the same, and whether the listener may still listen. */
  readonly lookMs: number;
}

export const streamTimes: StreamTimes = { heartbeatMs: 15_000, lookMs: 5000 };

export interface EventStream {
  readonly response: Writable;
  readonly times: StreamTimes;
  readonly after: FeedCursor;
  /** Aborts when the service stops. */
  readonly stop: AbortSignal;
  page(after: FeedCursor): Promise<FeedPage>;
  /** The event as this listener may see it. */
  show(event: AuditEvent): AuditEvent;
  /** Calls back when there may be something new; gives the function that ends it. */
  onNews(listener: () => void): () => void;
  /** False once the listener's right has ended. */
  mayStillRead(): boolean;
}

/**
 * Writes the feed as Server-Sent Events from `after` on, each with its id, until the listener leaves, his right ends or the service stops; the last event is
 * then `end`. Nothing is kept for a slow listener: the next page is fetched when he has taken the last.
 */
export async function streamEvents(stream: EventStream): Promise<void> {
  const { response, times, stop, mayStillRead } = stream;
  const bell = doorbell();
  const forget = stream.onNews(bell.ring);
  response.once('close', bell.ring);
  response.on('error', bell.ring);
  stop.addEventListener('abort', bell.ring, { once: true });
  let after = stream.after;
  let lastWriteAt = performance.now();
  const write = async (text: string): Promise<void> => {
    lastWriteAt = performance.now();
    if (!response.write(text)) await Promise.race([once(response, 'drain'), once(response, 'close')]).catch(() => undefined);
  };
  const mustEnd = (): boolean => response.destroyed || stop.aborted || !mayStillRead();
  /** False when the listener must leave. */
  const writeAll = async (events: readonly AuditEvent[]): Promise<boolean> => {
    for (const event of events) {
      if (mustEnd()) return false;
      await write(`id: ${event.id}\nevent: ${event.type}\ndata: ${JSON.stringify(stream.show(event))}\n\n`);
    }
    return true;
  };
  const rest = async (): Promise<void> => {
    if (performance.now() - lastWriteAt >= times.heartbeatMs) await write(`: ${cursorText(after)}\n\n`);
    await bell.within(Math.min(times.heartbeatMs, times.lookMs));
  };
  try {
    while (!mustEnd()) {
      const page = await nextPage(stream, after);
      if (!await writeAll(page?.events ?? [])) return;
      if (page) after = page.next;
      if (!page?.hasMore) await rest();
    }
  } finally {
    forget();
    stop.removeEventListener('abort', bell.ring);
    if (!response.destroyed) response.end('event: end\ndata: {}\n\n');
  }
}

/** Undefined while the feed cannot be read: the listener waits, and hears the comments meanwhile. */
async function nextPage({ page }: EventStream, after: FeedCursor): Promise<FeedPage | undefined> {
  try {
    return await page(after);
  } catch (error) {
    if (error instanceof Problem && error.code === 'Unavailable') return undefined;
    throw error;
  }
}
