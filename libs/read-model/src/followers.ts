import type { Pool } from 'pg';
import { reachable } from './database.js';

/** How far who follows the log for others has come, and in which log. */
export interface FollowerPosition { readonly logCreatedAt: string; readonly sequence: number }

/** Positions in schema `guard`, which no rebuild touches. Refuses: Unavailable. */
export interface Followers {
  followerPosition(name: string): Promise<FollowerPosition | undefined>;
  /** All who follow, by name; the feed is one of them, though its position stands beside its rows. */
  followerPositions(): Promise<ReadonlyMap<string, FollowerPosition>>;
  moveFollower(name: string, position: FollowerPosition): Promise<void>;
  /** It begins anew when it comes back. */
  forgetFollower(name: string): Promise<void>;
}

/** Waits for the disk only at a beginning: a step that PostgreSQL forgets in a crash is told once more, and a flush for each would hold up the projector's. */
const moveSql = `
  with hurry as materialized (select set_config('synchronous_commit', 'off', true) from guard.followers where name = $1 and log_created_at = $2)
  insert into guard.followers (name, log_created_at, sequence) select $1, $2, $3::bigint from (select count(*) from hurry) once
    on conflict (name) do update set log_created_at = excluded.log_created_at, sequence = excluded.sequence`;

export const followers = (pool: Pool): Followers => ({
  followerPosition: (name) => reachable(async () => {
    const { rows: [row] } = await pool.query<{ log_created_at: string; sequence: string }>('select log_created_at, sequence from guard.followers where name = $1', [name]);
    return row && { logCreatedAt: row.log_created_at, sequence: Number(row.sequence) };
  }),
  followerPositions: () => reachable(async () => {
    const { rows } = await pool.query<{ name: string; log_created_at: string; sequence: string }>(`select name, log_created_at, sequence from guard.followers
      union all select 'feed', log_created_at, sequence from feed_position`);
    return new Map(rows.map((row) => [row.name, { logCreatedAt: row.log_created_at, sequence: Number(row.sequence) }]));
  }),
  moveFollower: (name, { logCreatedAt, sequence }) => reachable(async () => {
    await pool.query({ name: 'move-follower', text: moveSql, values: [name, logCreatedAt, sequence] });
  }),
  forgetFollower: (name) => reachable(async () => {
    await pool.query('delete from guard.followers where name = $1', [name]);
  }),
});
