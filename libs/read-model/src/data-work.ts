import type { Pool } from 'pg';
import { reachable } from './database.js';

/** An attempt that somebody must look after. The read model only proposes: what is done rests on the log's leader. */
export interface AttemptCandidate {
  readonly imageId: string;
  readonly attemptId: string;
  readonly storeId: string;
  readonly since: Date;
}

export interface Counts {
  readonly images: Readonly<Record<string, number>>;
  readonly openAttempts: number;
  readonly removals: number;
  readonly parked: number;
}

export interface DataWork {
  /** Attempts that are over and whose bytes may still lie in a store; longest waiting first, after `after` where given. */
  removalCandidates(limit: number, after?: AttemptCandidate): Promise<AttemptCandidate[]>;
  /** Attempts that the log has not ended yet, oldest first: those whose lease ran out are the sweeper's. */
  openAttempts(limit: number, after?: AttemptCandidate): Promise<AttemptCandidate[]>;
  /** Images whose commits could not be projected. */
  parkedImages(limit: number): Promise<{ readonly imageId: string; readonly sequence: number; readonly reason: string }[]>;
  /** How many there are of what, for metrics; reads the whole table of images. */
  counts(): Promise<Counts>;
}

export function dataWork(pool: Pool): DataWork {
  return {
    removalCandidates: (limit, after) => reachable(() => attempts(pool, 'over', limit, after)),
    openAttempts: (limit, after) => reachable(() => attempts(pool, 'open', limit, after)),
    parkedImages: (limit) => reachable(async () => {
      const { rows } = await pool.query<{ image_id: string; sequence: string; reason: string }>('select * from parked_images order by sequence limit $1', [limit]);
      return rows.map(({ image_id, sequence, reason }) => ({ imageId: image_id, sequence: Number(sequence), reason }));
    }),
    counts: () => reachable(() => counts(pool)),
  };
}

async function attempts(pool: Pool, state: 'open' | 'over', limit: number, after?: AttemptCandidate): Promise<AttemptCandidate[]> {
  const { rows } = await pool.query<{ image_id: string; attempt_id: string; store_id: string; since_ms: string }>(`
    select image_id, attempt_id, store_id, floor(extract(epoch from since) * 1000)::text as since_ms from data_attempts
    where state = $1 and (since, attempt_id) > ($3, $4) order by since, attempt_id limit $2`,
  [state, limit, after?.since.toISOString() ?? '-infinity', after?.attemptId ?? '00000000-0000-0000-0000-000000000000']);
  return rows.map((row) => ({ imageId: row.image_id, attemptId: row.attempt_id, storeId: row.store_id, since: new Date(Number(row.since_ms)) }));
}

async function counts(pool: Pool): Promise<Counts> {
  const { rows: [row] } = await pool.query<{ found: Counts }>(`
    select json_build_object(
      'images', (select coalesce(json_object_agg(status, count), '{}') from (select status, count(*) from images group by status) by_status),
      'openAttempts', (select count(*) from data_attempts where state = 'open'),
      'removals', (select count(*) from data_attempts where state = 'over'),
      'parked', (select count(*) from parked_images)) as found`);
  if (!row) throw new Error('PostgreSQL answered a count with nothing');
  return row.found;
}
