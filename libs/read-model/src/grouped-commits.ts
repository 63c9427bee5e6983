import { addressOf, type AggregateKind, type Commit, type CommitCodec } from '#libs/contracts';
import type { LogMessage } from './log-message.js';

/** What stands at a place in the log: a commit, or the reason why its message is none. */
export type ReadCommit<Event> = Commit<Event> | { readonly unreadable: string };

/** The commits of one kind in a batch, by token, tokens in order: two writers that lock rows in one order cannot wait for each other. `place` leaves out what it gives undefined for. */
export function groupByToken<Placed>(batch: readonly LogMessage[], kind: AggregateKind, place: (token: string, message: LogMessage) => Placed | undefined): Map<string, Placed[]> {
  const byToken = new Map<string, Placed[]>();
  for (const message of batch) {
    const address = addressOf(message.subject);
    const placed = address.kind === kind ? place(address.token, message) : undefined;
    if (placed === undefined) continue;
    const commits = byToken.get(address.token);
    if (commits) commits.push(placed);
    else byToken.set(address.token, [placed]);
  }
  return new Map([...byToken].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** Reads a commit that has to be one of `aggregateId`. */
export function readCommit<Event>(commits: CommitCodec<Event>, aggregateId: string | undefined, bytes: Uint8Array): ReadCommit<Event> {
  try {
    const commit = commits.decode(bytes);
    return commit.aggregateId === aggregateId ? commit : { unreadable: `the commit is one of ${commit.aggregateId}` };
  } catch (error) {
    return { unreadable: reasonOf(error) };
  }
}

export const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
