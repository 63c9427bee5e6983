import { Problem } from '#libs/domain';
import { compareWithLog, type EventLog, type LogJudgement } from '#libs/event-log';
import type { ReadModel } from '#libs/read-model';

/** What the guard last found: `unknown` since a connection was lost or because log or memory cannot be read, `lost` with what is missing. */
export type Trust = { readonly is: 'unknown' } | { readonly is: 'trusted' } | { readonly is: 'lost'; readonly reason: string };

export interface LogGuardOptions {
  /** Compares the log with what is remembered of it outside of it; rejects where one of them cannot be read. */
  compare(): Promise<LogJudgement>;
  /** Told of every change of mind. */
  onChange(trust: Trust): void;
  onUnreadable(error: unknown): void;
}

/**
 * Stands between commands and a log that lost its tail or was replaced. Sequences of a lost tail are given out again, so
 * whatever is done on such a log is done twice: DESIGN.md section 2 has us stop instead. It heals by itself once `log:repair` has run.
 */
export interface LogGuard {
  trust(): Trust;
  /** Resolves while the log is trusted. Refuses: LogNotTrusted; Unavailable where that cannot be found out within `timeoutMs`. */
  ensureTrusted(timeoutMs?: number): Promise<void>;
  /** A connection was lost or made anew: nothing is trusted until it was compared again. */
  doubt(): void;
  /** Compares now, unless a comparison that began after the last doubt is under way already. */
  check(): Promise<Trust>;
}

export function createLogGuard({ compare, onChange, onUnreadable }: LogGuardOptions): LogGuard {
  let trust: Trust = { is: 'unknown' };
  let doubts = 0;
  let running: { readonly since: number; readonly check: Promise<Trust> } | undefined;

  function settle(next: Trust): void {
    const changed = JSON.stringify(next) !== JSON.stringify(trust);
    trust = next;
    if (changed) onChange(next);
  }

  async function compareOnce(since: number): Promise<Trust> {
    try {
      const found = await compare();
      if (since === doubts) settle(found === 'trusted' ? { is: 'trusted' } : { is: 'lost', reason: found.lost });
    } catch (error) {
      onUnreadable(error);
      if (since === doubts && trust.is === 'trusted') settle({ is: 'unknown' });
    }
    return trust;
  }

  function check(): Promise<Trust> {
    if (running?.since === doubts) return running.check;
    const mine = { since: doubts, check: compareOnce(doubts) };
    running = mine;
    void mine.check.finally(() => { if (running === mine) running = undefined; });
    return mine.check;
  }

  return {
    trust: () => trust,
    check,
    doubt() {
      doubts += 1;
      // A log that was found lost stays so until it is found whole.
      if (trust.is === 'trusted') settle({ is: 'unknown' });
    },
    async ensureTrusted(timeoutMs = 2000) {
      const found = trust.is === 'unknown' ? await within(timeoutMs, check()) : trust;
      if (found?.is === 'lost') throw new Problem('LogNotTrusted');
      if (found?.is !== 'trusted') throw new Problem('Unavailable', { what: 'The event log', seconds: 2 });
    },
  };
}

/** Holds the log's leader against what the projector last wrote down of it. Rejects where either cannot be read. */
export async function compareWithMemory(log: EventLog, readModel: Pick<ReadModel, 'guardPosition'>): Promise<LogJudgement> {
  const known = await readModel.guardPosition();
  return compareWithLog(log, known && { createdAt: known.logCreatedAt, sequence: known.sequence, hash: known.hash });
}

async function within<Result>(timeoutMs: number, work: Promise<Result>): Promise<Result | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => { timer = setTimeout(() => resolve(undefined), timeoutMs); });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
