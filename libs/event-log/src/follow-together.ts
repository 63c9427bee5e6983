import type { EventLog, FollowOptions, Stored } from './event-log.js';

/** One who follows the log first, and others in the same process who come after him. */
export interface FollowTogether {
  /** Follows the log, and leaves every batch for the others once it is handled. */
  readonly lead: EventLog['follow'];
  /** As `EventLog.follow`: from what was left where it covers the position, so that the server is not asked for the same again; from the log where it does not. */
  readonly follow: EventLog['follow'];
}

type OnBatch = (batch: readonly Stored[]) => Promise<void>;

/** What is left for the others; who is further behind reads the log. */
const mostMessages = 5_000;
const mostBytes = 4 * 1024 ** 2;

export function followTogether(log: Pick<EventLog, 'follow'>): FollowTogether {
  /** Every message after `after`, as far as the leader has come; undefined where nobody leads. */
  let left: { after: number; messages: Stored[]; bytes: number } | undefined;
  const waiting = new Set<() => void>();
  const wake = (): void => { for (const look of [...waiting]) look(); };

  function leave(batch: readonly Stored[]): void {
    if (!left) return;
    left.messages.push(...batch);
    left.bytes += batch.reduce((sum, { bytes }) => sum + bytes.byteLength, 0);
    while (left.messages.length > mostMessages || left.bytes > mostBytes) {
      const first = left.messages.shift();
      left.after = first?.sequence ?? left.after;
      left.bytes -= first?.bytes.byteLength ?? 0;
    }
    wake();
  }

  const last = (): number => left?.messages.at(-1)?.sequence ?? left?.after ?? -1;
  const covers = (position: number): boolean => left !== undefined && left.after <= position && position <= last();

  function leftAfter(position: number, most: number): Stored[] {
    if (!left) return [];
    const from = left.messages.findLastIndex(({ sequence }) => sequence <= position) + 1;
    return left.messages.slice(from, from + most);
  }

  /** Until what is left goes beyond the position, or does not cover it any more, or `signal` aborts. */
  function news(position: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!signal.aborted && covers(position) && last() === position) return;
        waiting.delete(look);
        signal.removeEventListener('abort', look);
        resolve();
      };
      waiting.add(look);
      signal.addEventListener('abort', look);
      look();
    });
  }

  /** From the log, until what is left covers the position that was come to. */
  async function catchUp({ after, batchSize, signal }: FollowOptions, onBatch: OnBatch): Promise<number> {
    let position = after;
    const enough = new AbortController();
    const look = (): void => { if (covers(position)) enough.abort(); };
    waiting.add(look);
    try {
      await log.follow({ after, batchSize, signal: AbortSignal.any([signal, enough.signal]) }, async (batch) => {
        await onBatch(batch);
        position = batch.at(-1)?.sequence ?? position;
        look();
      });
    } finally {
      waiting.delete(look);
    }
    return position;
  }

  return {
    async lead(options, onBatch) {
      left = { after: options.after, messages: [], bytes: 0 };
      wake();
      try {
        await log.follow(options, async (batch) => {
          await onBatch(batch);
          leave(batch);
        });
      } finally {
        left = undefined;
        wake();
      }
    },

    async follow({ after, batchSize, signal }, onBatch) {
      let position = after;
      while (!signal.aborted) {
        if (!covers(position)) {
          position = await catchUp({ after: position, batchSize, signal }, onBatch);
          continue;
        }
        const batch = leftAfter(position, batchSize);
        if (batch.length === 0) {
          await news(position, signal);
          continue;
        }
        await onBatch(batch);
        position = batch.at(-1)?.sequence ?? position;
      }
    },
  };
}
