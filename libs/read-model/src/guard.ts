import type { Pool } from 'pg';
import { reachable } from './database.js';
import type { LogMessage } from './projection-writer.js';

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
  /** The operator's word that this log, up to here, is the one to trust: used by `log:repair`. */
  acceptLog(position: GuardPosition): Promise<void>;
}

export function logGuardRecord(pool: Pool): LogGuardRecord {
  return {
    guardPosition: () => reachable(async () => {
      const { rows: [row] } = await pool.query<{ log_created_at: string; sequence: string; hash: string }>(
        'select log_created_at, sequence, hash from guard.log_position');
      return row && { logCreatedAt: row.log_created_at, sequence: Number(row.sequence), hash: row.hash };
    }),
    logTail: (after, limit) => reachable(async () => {
      const { rows } = await pool.query<{ sequence: string; subject: string; bytes: Buffer }>(
        'select sequence, subject, bytes from guard.log_tail where sequence > $1 order by sequence limit $2', [after, limit]);
      return rows.map((row) => ({ ...row, sequence: Number(row.sequence) }));
    }),
    logTailStart: () => reachable(async () => {
      const { rows: [row] } = await pool.query<{ start: string | null }>('select min(sequence) as start from guard.log_tail');
      return row?.start ? Number(row.start) : undefined;
    }),
    acceptLog: ({ logCreatedAt, sequence, hash }) => reachable(async () => {
      await pool.query(`insert into guard.log_position (log_created_at, sequence, hash) values ($1, $2, $3)
        on conflict (id) do update set log_created_at = excluded.log_created_at, sequence = excluded.sequence, hash = excluded.hash`,
      [logCreatedAt, sequence, hash]);
    }),
  };
}
