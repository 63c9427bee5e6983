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
    await pool.query(`insert into guard.followers (name, log_created_at, sequence) values ($1, $2, $3)
      on conflict (name) do update set log_created_at = excluded.log_created_at, sequence = excluded.sequence`, [name, logCreatedAt, sequence]);
  }),
  forgetFollower: (name) => reachable(async () => {
    await pool.query('delete from guard.followers where name = $1', [name]);
  }),
});
