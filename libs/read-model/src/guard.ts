import { reachable, type Database } from './database.js';
import { LogPositionEntity, LogTailEntity } from './entities.js';
import type { LogMessage } from './log-message.js';

/** The last message that was applied, of which log, and the hash of its bytes: what the log must still hold. */
export interface GuardPosition {
  readonly logCreatedAt: string;
  readonly sequence: number;
  readonly hash: string;
}

/** What is remembered about the log outside of everything that a rebuild throws away. */
export interface LogGuardRecord {
  /** Undefined before the first commit was ever applied. */
  guardPosition(): Promise<GuardPosition | undefined>;
  /** Raw messages after a sequence, oldest first, as far as the tail reaches back. */
  logTail(after: number, limit: number): Promise<LogMessage[]>;
  /** Where the tail begins; undefined where it is empty. */
  logTailStart(): Promise<number | undefined>;
  /** The operator's word that a log which was made anew holds what is remembered: from now on it is the one to trust. Used by `log:repair`. */
  acceptLog(position: GuardPosition): Promise<void>;
}

export function logGuardRecord({ orm, pool }: Pick<Database, 'orm' | 'pool'>): LogGuardRecord {
  const unseen = { disableIdentityMap: true } as const;
  return {
    guardPosition: () => reachable(async () => {
      const found = await orm.em.fork().findOne(LogPositionEntity, { id: 1 }, unseen);
      return found ? { logCreatedAt: found.logCreatedAt, sequence: found.sequence, hash: found.hash } : undefined;
    }),
    logTail: (after, limit) => reachable(async () => {
      const found = await orm.em.fork().find(LogTailEntity, { sequence: { $gt: after } }, { orderBy: { sequence: 'asc' }, limit, ...unseen });
      return found.map(({ sequence, subject, bytes }) => ({ sequence, subject, bytes }));
    }),
    logTailStart: () => reachable(async () =>
      (await orm.em.fork().findAll(LogTailEntity, { fields: ['sequence'], orderBy: { sequence: 'asc' }, limit: 1, ...unseen }))[0]?.sequence),
    acceptLog: ({ logCreatedAt, sequence, hash }) => reachable(async () => {
      // The rows stand at the same position: a rebuild compares both.
      await pool.query(`with guarded as (
          insert into guard.log_position (log_created_at, sequence, hash) values ($1, $2, $3)
          on conflict (id) do update set log_created_at = excluded.log_created_at, sequence = excluded.sequence, hash = excluded.hash)
        update position set log_created_at = $1 where sequence = $2 and sequence > 0`,
      [logCreatedAt, sequence, hash]);
    }),
  };
}
