import type { Pool } from 'pg';
import { liveSchema, quoted, reachable } from './database.js';

/** A row that one schema has and the other has not, or has differently (then it appears twice). */
export interface Difference {
  readonly table: string;
  readonly onlyIn: string;
  readonly row: unknown;
}

const tables = ['position', 'images', 'image_members', 'data_attempts', 'deleted_images', 'parked_images', 'metadef_namespaces', 'metadef_resource_types', 'parked_namespaces', 'imports', 'project_usage', 'replications', 'parked_replications'];

/** A project that used something once and nothing now is the same as one that never did. */
const counted: Readonly<Record<string, string>> = { project_usage: 'where (images, size_bytes, stage_bytes, uploads) <> (0, 0, 0, 0)' };

/** Compares two catalogues of one database, row for row, in one snapshot. Empty: they are equal. */
export function compareSchemas(pool: Pool, other: string, live = liveSchema, limit = 20): Promise<Difference[]> {
  const oneWay = (table: string, left: string, right: string) => `
    select '${table}' as table, '${left}' as "onlyIn", to_jsonb(row) as row
    from (select * from ${quoted(left)}.${table} ${counted[table] ?? ''} except all select * from ${quoted(right)}.${table} ${counted[table] ?? ''}) row`;
  const text = tables.flatMap((table) => [oneWay(table, live, other), oneWay(table, other, live)]).join(' union all ');
  return reachable(async () => (await pool.query<Difference>(`${text} limit $1`, [limit])).rows);
}
