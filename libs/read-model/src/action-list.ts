import { isLowerUuid } from '#libs/contracts';
import type { Pool } from 'pg';
import type { AskedAction, TaskStatus } from './import.projection.js';
import { reachable } from './database.js';
import { readAt, type AtLeast } from './reads.js';

/** What a project asked to be done with images, and how far it is. */
export interface ImageAction {
  readonly actionId: string;
  readonly actionType: string;
  readonly owner: string | null;
  /** Of the image that is to come of it. */
  readonly imageId: string;
  readonly status: TaskStatus;
  readonly asked: AskedAction;
  /** Why it failed; empty where it did not. */
  readonly message: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly endedAt: Date | null;
}

export interface ActionListQuery {
  readonly limit: number;
  /** Those of one project; absent for those of all. */
  readonly owner?: string;
  readonly actionType?: string;
  /** The last action of the page before. */
  readonly marker?: string;
  /** Those that ended before are told of to nobody. */
  readonly endedAfter: Date;
}

interface Row {
  import_id: string; image_id: string; action: string; owner: string | null; status: TaskStatus; asked: AskedAction | null; message: string | null;
  created_at: string; updated_at: string; ended_at: string | null;
}

/** A page of actions, newest first; undefined where the marker is none that the query would show. */
export async function listActions(pool: Pool, { limit, owner, actionType, marker, endedAfter }: ActionListQuery, { atLeast }: AtLeast): Promise<readonly ImageAction[] | undefined> {
  if (marker !== undefined && !isLowerUuid(marker)) return undefined;
  const text = `
    select p.sequence as position, $4::uuid is null or exists (select from imports where import_id = $4 and action is not null and ($2::text is null or owner = $2)) as "markerIsThere",
      (select coalesce(json_agg(r), '[]') from (
        select * from imports where action is not null and ($2::text is null or owner = $2) and ($3::text is null or action = $3) and (ended_at is null or ended_at > $1)
          and ($4::uuid is null or (created_at, import_id) < (select created_at, import_id from imports where import_id = $4))
        order by created_at desc, import_id desc limit $5) r) as rows
    from position p`;
  const { markerIsThere, rows } = await readAt(atLeast, async () => {
    const { rows: [found] } = await pool.query<{ position: string; markerIsThere: boolean; rows: Row[] }>({ text, values: [endedAfter, owner ?? null, actionType ?? null, marker ?? null, limit] });
    if (!found) throw new Error('the read model has no position: run the migrations');
    return { ...found, position: Number(found.position) };
  });
  return markerIsThere ? rows.map(actionOf) : undefined;
}

export async function actionById(pool: Pool, actionId: string, { atLeast }: AtLeast): Promise<ImageAction | undefined> {
  if (!isLowerUuid(actionId)) return undefined;
  const { row } = await readAt(atLeast, async () => {
    const text = 'select p.sequence as position, to_json(i) as row from position p left join imports i on i.import_id = $1 and i.action is not null';
    const { rows: [found] } = await pool.query<{ position: string; row: Row | null }>({ name: 'action-by-id', text, values: [actionId] });
    return { position: Number(found?.position), row: found?.row };
  });
  return row ? actionOf(row) : undefined;
}

/** How many actions of a project are under way. */
export const openActions = (pool: Pool, owner: string): Promise<number> => reachable(async () => {
  const { rows: [found] } = await pool.query<{ open: number }>({
    name: 'open-actions', text: 'select count(*)::int as open from imports where action is not null and owner = $1 and ended_at is null', values: [owner],
  });
  return found?.open ?? 0;
});

const actionOf = (row: Row): ImageAction => ({
  actionId: row.import_id, actionType: row.action, owner: row.owner, imageId: row.image_id, status: row.status, asked: row.asked ?? { imageProperties: {} }, message: row.message ?? '',
  createdAt: new Date(row.created_at), updatedAt: new Date(row.updated_at), endedAt: row.ended_at === null ? null : new Date(row.ended_at),
});
