import { isLowerUuid } from '#libs/contracts';
import { errandTypes } from '#libs/domain';
import type { Pool } from 'pg';
import type { TaskStatus } from './import.projection.js';
import { reachable } from './database.js';
import { readAt, type AtLeast } from './reads.js';

/** An import as lists tell it. */
export interface ImportHead {
  readonly importId: string;
  readonly imageId: string;
  readonly taskType: string;
  readonly owner: string | null;
  readonly status: TaskStatus;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly endedAt: Date | null;
}

/** The imports that have not ended. */
export interface ImportsUnderWay {
  readonly byStatus: Readonly<Record<'pending' | 'processing', number>>;
  /** When the oldest of them was asked for. */
  readonly oldestSince?: Date;
}

export interface ImportListQuery {
  readonly limit: number;
  readonly status?: TaskStatus;
  readonly taskType?: string;
  readonly sortBy: 'createdAt' | 'updatedAt' | 'status' | 'taskType' | 'importId';
  readonly sortDirection: 'asc' | 'desc';
  /** The last import of the page before. */
  readonly marker?: string;
  /** Those that ended before are over for everybody. */
  readonly endedAfter: Date;
}

interface Row { import_id: string; image_id: string; task_type: string; owner: string | null; status: TaskStatus; created_at: string; updated_at: string; ended_at: string | null }
interface Found { position: number; markerIsThere: boolean; rows: Row[] }

const keys: Record<ImportListQuery['sortBy'], string> = { createdAt: 'created_at', updatedAt: 'updated_at', status: 'status', taskType: 'task_type', importId: 'import_id' };

/** A page of imports; undefined where the marker is none. */
export async function listImports(pool: Pool, query: ImportListQuery, { atLeast }: AtLeast): Promise<readonly ImportHead[] | undefined> {
  if (query.marker !== undefined && !isLowerUuid(query.marker)) return undefined;
  const { markerIsThere, rows } = await readAt(atLeast, () => page(pool, query));
  return markerIsThere ? rows.map(headOf) : undefined;
}

export async function importById(pool: Pool, importId: string, { atLeast }: AtLeast): Promise<ImportHead | undefined> {
  if (!isLowerUuid(importId)) return undefined;
  const { row } = await readAt(atLeast, async () => {
    const text = 'select p.sequence as position, to_json(i) as row from position p left join imports i on i.import_id = $1';
    const { rows: [found] } = await pool.query<{ position: string; row: Row | null }>({ name: 'import-by-id', text, values: [importId] });
    return { position: Number(found?.position), row: found?.row };
  });
  return row ? headOf(row) : undefined;
}

export const importsUnderWay = (pool: Pool): Promise<ImportsUnderWay> => reachable(async () => {
  const { rows: [found] } = await pool.query<{ pending: string; processing: string; oldest: string | null }>(`
    select count(*) filter (where status = 'pending') as pending, count(*) filter (where status = 'processing') as processing, to_json(min(created_at)) as oldest
    from imports where ended_at is null`);
  const oldestSince = found?.oldest ? { oldestSince: new Date(found.oldest) } : {};
  return { byStatus: { pending: Number(found?.pending), processing: Number(found?.processing) }, ...oldestSince };
});

async function page(pool: Pool, { limit, status, taskType, sortBy, sortDirection, marker, endedAfter }: ImportListQuery): Promise<Found> {
  const order = `(${keys[sortBy]}, created_at, import_id)`;
  const beyond = sortDirection === 'asc' ? '>' : '<';
  const text = `
    select p.sequence as position, $5::uuid is null or exists (select from imports where import_id = $5) as "markerIsThere",
      (select coalesce(json_agg(r), '[]') from (
        select * from imports where (action is null or action <> all ($6)) and (ended_at is null or ended_at > $1) and ($2::text is null or status = $2) and ($3::text is null or task_type = $3)
          and ($5::uuid is null or ${order} ${beyond} (select ${keys[sortBy]}, created_at, import_id from imports where import_id = $5))
        order by ${[keys[sortBy], 'created_at', 'import_id'].map((key) => `${key} ${sortDirection}`).join(', ')} limit $4) r) as rows
    from position p`;
  const { rows: [found] } = await pool.query<Found>({ text, values: [endedAfter, status ?? null, taskType ?? null, limit, marker ?? null, errandTypes] });
  if (!found) throw new Error('the read model has no position: run the migrations');
  return { ...found, position: Number(found.position) };
}

const headOf = (row: Row): ImportHead => ({
  importId: row.import_id, imageId: row.image_id, taskType: row.task_type, owner: row.owner, status: row.status,
  createdAt: new Date(row.created_at), updatedAt: new Date(row.updated_at), endedAt: row.ended_at === null ? null : new Date(row.ended_at),
});
