import { Problem } from '#libs/domain';

/** How far the read model has come, as this process knows it, and those who wait for it. */
export interface Reached {
  /** The highest sequence that can be read. */
  sequence(): number;
  /** The read model has come to `sequence`; a lower one than known before is old news. */
  advance(sequence: number): void;
  /** The read model starts over at `sequence`: what was known before was of another log or of a lost end of PostgreSQL. */
  restart(sequence: number): void;
  /** Resolves when `sequence` can be read. Refuses: NotYetVisible after `timeoutMs`. */
  until(sequence: number, timeoutMs: number): Promise<void>;
}

export function readModelReached(): Reached {
  let known = 0;
  const waiting = new Set<{ sequence: number; resolve(): void }>();

  function wake(): void {
    for (const waiter of waiting) {
      if (waiter.sequence > known) continue;
      waiting.delete(waiter);
      waiter.resolve();
    }
  }

  return {
    sequence: () => known,
    advance(sequence) {
      known = Math.max(known, sequence);
      wake();
    },
    restart(sequence) {
      known = sequence;
      wake();
    },
    until(sequence, timeoutMs) {
      if (sequence <= known) return Promise.resolve();
      return new Promise((resolve, reject) => {
        const waiter = { sequence, resolve: () => { clearTimeout(timer); resolve(); } };
        const timer = setTimeout(() => {
          waiting.delete(waiter);
          reject(new Problem('NotYetVisible', { seconds: 1 }));
        }, timeoutMs);
        waiting.add(waiter);
      });
    },
  };
}
