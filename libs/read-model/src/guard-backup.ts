import type { Pool } from 'pg';
import { reachable } from './database.js';

/** What of schema `guard` is nowhere else. The tail and the position come from the log; reservations end with the commands that made them. */
export interface GuardContents {
  /** The keys of persons, base64. */
  readonly personKeys: readonly { readonly userId: string; readonly key: string; readonly createdAt: string }[];
  /** How far those who follow the log for others have come. */
  readonly followers: readonly { readonly name: string; readonly sequence: number }[];
  readonly limitedProjects: readonly string[];
  /** Their targets are sealed, with a key that is not here. Backups from before they were kept have none. */
  readonly webhooks?: readonly KeptWebhook[];
}

interface KeptWebhook {
  readonly id: string; readonly project: string | null; readonly owner: string; readonly url: string; readonly types: readonly string[]; readonly sealed: string; readonly createdAt: string;
  /** The last event that it was told of. */
  readonly sequence: number; readonly ordinal: number;
}

export interface GuardBackup {
  guardContents(): Promise<GuardContents>;
  /** Puts back what a backup holds; keys that are there already stay. Followers go on in the log that was created then. Webhooks are paused: nobody is told anything by a region that was restored to be looked at. */
  restoreGuard(contents: GuardContents, logCreatedAt: string): Promise<void>;
}

const pausedBecause = 'The region was restored from a backup.';

export const guardBackup = (pool: Pool): GuardBackup => ({
  guardContents: () => reachable(async () => {
    const { rows: [row] } = await pool.query<{ contents: GuardContents }>(`select json_build_object(
      'personKeys', (select coalesce(json_agg(json_build_object('userId', user_id, 'key', translate(encode(key, 'base64'), E'\\n', ''), 'createdAt', created_at) order by user_id), '[]') from guard.person_keys),
      'followers', (select coalesce(json_agg(json_build_object('name', name, 'sequence', sequence) order by name), '[]') from guard.followers),
      'limitedProjects', (select coalesce(json_agg(project order by project), '[]') from guard.limited_projects),
      'webhooks', (select coalesce(json_agg(json_build_object('id', id, 'project', project, 'owner', owner, 'url', url, 'types', types, 'sealed', sealed, 'createdAt', created_at,
        'sequence', sequence, 'ordinal', ordinal) order by id), '[]') from guard.webhooks)) as contents`);
    if (!row) throw new Error('PostgreSQL answered with nothing');
    return row.contents;
  }),
  restoreGuard: ({ personKeys, followers, limitedProjects, webhooks = [] }, logCreatedAt) => reachable(async () => {
    await pool.query(`with keys as (
        insert into guard.person_keys (user_id, key, created_at)
        select r."userId", decode(r.key, 'base64'), r."createdAt" from json_to_recordset($1) r ("userId" text, key text, "createdAt" timestamptz) on conflict do nothing),
      followed as (
        insert into guard.followers (name, log_created_at, sequence) select r.name, $4, r.sequence from json_to_recordset($2) r (name text, sequence bigint)
        on conflict (name) do update set log_created_at = excluded.log_created_at, sequence = excluded.sequence),
      paused as (
        insert into guard.webhooks (id, project, owner, url, types, sealed, is_active, paused_because, created_at, log_created_at, sequence, ordinal, next_at)
        select r.id, r.project, r.owner, r.url, r.types, r.sealed, false, $6, r."createdAt", $4, r.sequence, r.ordinal, r."createdAt"
        from json_to_recordset($5) r (id uuid, project text, owner text, url text, types text[], sealed text, "createdAt" timestamptz, sequence bigint, ordinal integer) on conflict do nothing)
      insert into guard.limited_projects (project) select r from json_array_elements_text($3) r on conflict do nothing`,
    [JSON.stringify(personKeys), JSON.stringify(followers), JSON.stringify(limitedProjects), logCreatedAt, JSON.stringify(webhooks), pausedBecause]);
  }),
});
