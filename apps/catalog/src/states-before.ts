import { LRUCache } from 'lru-cache';
import type { Commit, CommitCodec } from '#libs/contracts';
import type { EventLog } from '#libs/event-log';

export interface StateKind<Event, State> {
  /** So many are remembered. */
  readonly remembered: number;
  subjectOf(token: string): string;
  readonly commits: CommitCodec<Event>;
  readonly none: State;
  /** The state that follows from a commit. */
  pass(before: State, commit: Commit<Event>): State;
}

export interface StatesBefore<State> {
  /** What it was at this version, from memory or from the log. Rejects with `Unavailable` where the log cannot be reached. */
  at(token: string, version: number): Promise<State>;
  remember(token: string, state: State): void;
}

/** For who follows the log commit by commit and has to know what each of them changed. */
export function statesBefore<Event, State extends { readonly version: number }>(log: Pick<EventLog, 'read'>, { remembered, subjectOf, commits, none, pass }: StateKind<Event, State>): StatesBefore<State> {
  const known = new LRUCache<string, State>({ max: remembered });
  return {
    async at(token, version) {
      const last = known.get(token);
      if (last?.version === version) return last;
      const earlier = version === 0 ? [] : (await log.read(subjectOf(token), { consistent: true })).map(({ bytes }) => commits.decode(bytes));
      return earlier.filter((commit) => commit.version <= version).reduce(pass, none);
    },
    remember(token, state) {
      known.set(token, state);
    },
  };
}

/** What ends the following until the log can be reached again; everything else is the commit's own fault. */
export const isOutage = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'Unavailable';
