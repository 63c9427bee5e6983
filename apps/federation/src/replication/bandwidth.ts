import { setTimeout as pause } from 'node:timers/promises';

/** So many bytes a second for all that passes through it together, whoever sends how many at once. */
export interface Bandwidth {
  /** Resolves when so many bytes may go. */
  take(bytes: number, signal: AbortSignal): Promise<void>;
}

/** What is not used is not saved up for longer than a tenth of a second: a link is never flooded. */
export function createBandwidth(bytesPerSecond: number, nowMs: () => number = () => performance.now(), wait: typeof pause = pause): Bandwidth {
  let freeAtMs = 0;
  return {
    async take(bytes, signal) {
      const now = nowMs();
      freeAtMs = Math.max(freeAtMs, now - burstMs) + (bytes / bytesPerSecond) * 1000;
      if (freeAtMs > now) await wait(freeAtMs - now, undefined, { signal });
    },
  };
}

const burstMs = 100;
export const unlimited: Bandwidth = { take: () => Promise.resolve() };
