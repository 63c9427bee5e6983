import type { Pool } from 'pg';
import { reachable } from './database.js';

/** What of schema `guard` is nowhere else. The tail and the position come from the log; reservations end with the commands that made them. */
export interface GuardContents {
  /** The keys of persons, base64. */
  readonly personKeys: readonly { readonly userId: string; readonly key: string; readonly createdAt: string }[];
  /** How far those who follow the log for others have come. */
  readonly followers: readonly { readonly name: string; readonly sequence: number }[];
  readonly limitedProjects: readonly string[];
}

export interface GuardBackup {
  guardContents(): Promise<GuardContents>;
  /** Puts back what a backup holds; keys that are there already stay. Followers go on in the log that was created then. */
  restoreGuard(contents: GuardContents, logCreatedAt: string): Promise<void>;
}

export const guardBackup = (pool: Pool): GuardBackup => ({
  guardContents: () => reachable(async () => {
    const { rows: [row] } = await pool.query<{ contents: GuardContents }>(`select json_build_object(
      'personKeys', (select coalesce(json_agg(json_build_object('userId', user_id, 'key', translate(encode(key, 'base64'), E'\\n', ''), 'createdAt', created_at) order by user_id), '[]') from guard.person_keys),
      'followers', (select coalesce(json_agg(json_build_object('name', name, 'sequence', sequence) order by name), '[]') from guard.followers),
      'limitedProjects', (select coalesce(json_agg(project order by project), '[]') from guard.limited_projects)) as contents`);
    if (!row) throw new Error('PostgreSQL answered with nothing');
    return row.contents;
  }),
  restoreGuard: ({ personKeys, followers, limitedProjects }, logCreatedAt) => reachable(async () => {
    await pool.query(`with keys as (
        insert into guard.person_keys (user_id, key, created_at)
        select r."userId", decode(r.key, 'base64'), r."createdAt" from json_to_recordset($1) r ("userId" text, key text, "createdAt" timestamptz) on conflict do nothing),
      followed as (
        insert into guard.followers (name, log_created_at, sequence) select r.name, $4, r.sequence from json_to_recordset($2) r (name text, sequence bigint)
        on conflict (name) do update set log_created_at = excluded.log_created_at, sequence = excluded.sequence)
      insert into guard.limited_projects (project) select r from json_array_elements_text($3) r on conflict do nothing`,
    [JSON.stringify(personKeys), JSON.stringify(followers), JSON.stringify(limitedProjects), logCreatedAt]);
  }),
});
