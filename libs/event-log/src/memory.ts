import { addressOf } from '#libs/contracts';
import { WrongExpectedSequence, type EventLog, type Stored } from './event-log.js';

export interface MemoryEventLogOptions {
  /** What the log already holds, in the order of its sequences; there may be gaps. */
  readonly messages?: readonly Stored[];
  readonly createdAt?: string;
}

/** A log in the memory of this process, with every promise of `EventLog` but durability. For tests. */
export function memoryEventLog({ messages = [], createdAt = new Date(0).toISOString() }: MemoryEventLogOptions = {}): EventLog {
  const stored: Stored[] = [...messages];
  const arrivals = new Set<() => void>();
  const lastSequence = () => stored.at(-1)?.sequence ?? 0;

  return {
    async append(subject, bytes, { expectedLastSequence }) {
      addressOf(subject);
      await Promise.resolve();
      const last = stored.findLast((message) => message.subject === subject)?.sequence ?? 0;
      if (last !== expectedLastSequence) throw new WrongExpectedSequence(subject, expectedLastSequence);
      const sequence = lastSequence() + 1;
      stored.push({ sequence, subject, bytes: bytes.slice() });
      for (const arrived of [...arrivals]) arrived();
      return { sequence };
    },

    async read(subject, { after = 0 } = {}) {
      addressOf(subject);
      return Promise.resolve(stored.filter((message) => message.subject === subject && message.sequence > after));
    },

    at: (sequence) => Promise.resolve(stored.find((message) => message.sequence === sequence)),

    async follow({ after, batchSize, signal }, onBatch) {
      let position = after;
      while (!signal.aborted) {
        const from = stored.findIndex((message) => message.sequence > position);
        if (from < 0) {
          await arrivalOrAbort(arrivals, signal);
          continue;
        }
        const batch = stored.slice(from, from + batchSize);
        await onBatch(batch);
        position = batch.at(-1)?.sequence ?? position;
      }
    },

    extent: () => Promise.resolve({ createdAt, firstSequence: stored[0]?.sequence ?? 1, lastSequence: lastSequence() }),
  };
}

function arrivalOrAbort(arrivals: Set<() => void>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      arrivals.delete(done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    arrivals.add(done);
    signal.addEventListener('abort', done, { once: true });
  });
}
