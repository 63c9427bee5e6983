import { setTimeout as pause } from 'node:timers/promises';

export interface Pace {
  /** Bytes in a second, over all that goes through. */
  readonly bytesPerSecond: number;
  readonly signal?: AbortSignal;
}

/** What is allowed to pass in a second, shared by everything that one job reads. */
export interface Pacer {
  /** Resolves when so many bytes may have passed. Rejects with the signal's reason. */
  passed(bytes: number): Promise<void>;
  through(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined>;
}

/** So much may be caught up: a pause that came from elsewhere is no reason for a burst. */
const mostBehindMs = 1000;

export function pacer({ bytesPerSecond, signal }: Pace, now: () => number = () => performance.now()): Pacer {
  let allowedAt = now();
  const passed = async (bytes: number): Promise<void> => {
    signal?.throwIfAborted();
    allowedAt = Math.max(allowedAt, now() - mostBehindMs) + (bytes / bytesPerSecond) * 1000;
    const waitMs = allowedAt - now();
    if (waitMs > 20) await pause(waitMs, undefined, signal ? { signal } : {});
  };
  return {
    passed,
    async* through(bytes) {
      for await (const chunk of bytes) {
        yield chunk;
        await passed(chunk.byteLength);
      }
    },
  };
}
