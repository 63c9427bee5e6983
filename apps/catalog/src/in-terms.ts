import { setTimeout as pause } from 'node:timers/promises';

/** Work of the one process that may do it, as telling of commits is. */
export interface Terms {
  /** Works whenever it may, until `signal` aborts; no failure ends it. */
  run(signal: AbortSignal): Promise<void>;
  /** Stops until it may again: another process does it, or the log is in doubt. */
  interrupt(): void;
}

const retryMs = 250;

/** Begins the work again a moment after each end, interruption and failure. */
export function inTerms({ may, work, onFailure }: { may(): boolean; work(signal: AbortSignal): Promise<void>; onFailure(error: unknown): void }): Terms {
  let term = new AbortController();
  return {
    interrupt: () => { term.abort(); },
    async run(signal) {
      while (!signal.aborted) {
        term = new AbortController();
        try {
          if (may()) await work(AbortSignal.any([signal, term.signal]));
        } catch (error) {
          onFailure(error);
        }
        await pause(retryMs, undefined, { signal }).catch(() => undefined);
      }
    },
  };
}
