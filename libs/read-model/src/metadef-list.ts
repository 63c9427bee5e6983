import { Problem, type MetadefVisibility, type Namespace } from '#libs/domain';
import type { Pool } from 'pg';
import { reachable } from './database.js';
import { headOf, namespaceOf, type NamespaceHead, type NamespaceHeadRow, type NamespaceRow } from './metadef.row.js';
import type { SortDirection, Viewer } from './image-list.query.js';
import { parameters, type Parameters } from './image-list.sql.js';
import { readAt, type AtLeast } from './reads.js';

/** Columns that namespaces can be sorted by, under Glance's names; its running number is the order of creation. */
export const namespaceSortKeys = ['created_at', 'updated_at', 'namespace', 'display_name', 'description', 'visibility', 'protected', 'owner', 'id'] as const;
export type NamespaceSortKey = (typeof namespaceSortKeys)[number];

/** What is asked of `GET /v2/metadefs/namespaces`, parsed. Source: API reference, "List namespaces". */
export interface NamespaceListQuery {
  /** `none` matches no namespace. */
  readonly visibility?: MetadefVisibility | 'none';
  /** Associated with one of them. */
  readonly resourceTypes?: readonly string[];
  readonly marker?: string;
  readonly sortKey: NamespaceSortKey;
  readonly sortDirection: SortDirection;
  readonly limit: number;
}

export interface NamespaceRecord { readonly version: number; readonly sequence: number; readonly namespace: Namespace }
export interface ResourceType { readonly name: string; readonly createdAt: Date }

const orderBy: Readonly<Record<NamespaceSortKey, string>> = {
  created_at: 'created_at', id: 'created_at', updated_at: 'updated_at', namespace: 'name', display_name: `coalesce(display_name, '')`,
  description: `coalesce(description, '')`, visibility: 'visibility', protected: 'is_protected', owner: 'owner',
};
const headColumns = 'name, display_name, description, visibility, is_protected, owner, resource_type_names, resource_types, created_at, updated_at, version, sequence, renaming, moved_by';

/** What moved to another name is no longer under its old one, from the moment on that the new one has it. */
const isHere = `(n.renaming is null or not exists (select from metadef_namespaces m where m.name = n.renaming->>'to' and m.moved_by->>'renameId' = n.renaming->>'renameId'))`;

/** One page of the namespaces that the viewer may list: his own and public ones, for an admin all. Refuses: NamespaceNotFound for a marker that he cannot see. */
export async function listNamespaces(pool: Pool, query: NamespaceListQuery, viewer: Viewer, { atLeast }: AtLeast): Promise<NamespaceHead[]> {
  const given = parameters();
  const visible = visibleTo(viewer, given);
  const key = orderBy[query.sortKey];
  const order = `(${key}, created_at, name)`;
  const conditions = [visible, isHere, ...filters(query, given)];
  const marker = query.marker === undefined ? undefined : given.add(query.marker, 'text');
  if (marker !== undefined) conditions.push(`${order} ${query.sortDirection === 'asc' ? '>' : '<'} (select ${key}, created_at, name from metadef_namespaces where name = ${marker})`);
  const direction = query.sortDirection;
  const text = `
    select p.sequence as position, ${marker === undefined ? 'true' : `exists (select from metadef_namespaces where name = ${marker} and ${visible})`} as "markerIsSeen",
      (select coalesce(json_agg(row), '[]') from (
        select ${headColumns} from metadef_namespaces n where ${conditions.join(' and ')}
        order by ${key} ${direction}, created_at ${direction}, name ${direction} limit ${given.add(query.limit, 'bigint')}) row) as rows
    from position p`;
  const { rows, markerIsSeen } = await readAt(atLeast, async () => {
    const { rows: [found] } = await pool.query<{ position: string; markerIsSeen: boolean; rows: NamespaceHeadRow[] }>(text, given.values);
    if (!found) throw new Error('the read model has no position: run the migrations');
    return { ...found, position: Number(found.position) };
  });
  if (!markerIsSeen) throw new Problem('NamespaceNotFound', { namespace: query.marker ?? '' });
  return rows.map(headOf);
}

function visibleTo({ isAdmin, projectId }: Viewer, given: Parameters): string {
  if (isAdmin) return 'true';
  return projectId === undefined ? `visibility = 'public'` : `(visibility = 'public' or owner = ${given.add(projectId, 'text')})`;
}

function filters({ visibility, resourceTypes }: NamespaceListQuery, given: Parameters): string[] {
  return [
    ...(visibility === undefined ? [] : [`visibility = ${given.add(visibility, 'text')}`]),
    ...(resourceTypes === undefined ? [] : [`resource_type_names && ${given.add(resourceTypes, 'text[]')}`]),
  ];
}

const byNameSql = `
  select p.sequence as position, to_json(n) as row from position p left join metadef_namespaces n on n.name = $1 and ${isHere}`;

/** The namespace with all that it holds, whoever asks; undefined where the name is free. */
export async function namespaceByName(pool: Pool, name: string, { atLeast }: AtLeast): Promise<NamespaceRecord | undefined> {
  const { row } = await readAt(atLeast, async () => {
    const { rows: [found] } = await pool.query<{ position: string; row: NamespaceRow | null }>({ name: 'namespace-by-name', text: byNameSql, values: [name] });
    if (!found) throw new Error('the read model has no position: run the migrations');
    return { row: found.row, position: Number(found.position) };
  });
  return row ? { version: row.version, sequence: row.sequence, namespace: namespaceOf(row) } : undefined;
}

const resourceTypesSql = `
  select p.sequence as position, (select coalesce(json_agg(r order by r.sequence, r.name), '[]') from metadef_resource_types r) as rows from position p`;

/** Every resource type that a namespace was ever associated with, oldest first. */
export async function resourceTypes(pool: Pool, { atLeast }: AtLeast): Promise<ResourceType[]> {
  const { rows } = await readAt(atLeast, async () => {
    const { rows: [found] } = await pool.query<{ position: string; rows: { name: string; created_at: string }[] }>(resourceTypesSql);
    if (!found) throw new Error('the read model has no position: run the migrations');
    return { rows: found.rows, position: Number(found.position) };
  });
  return rows.map(({ name, created_at }) => ({ name, createdAt: new Date(created_at) }));
}

/** Namespaces whose rename began and is not known to be over. */
export function renamingNamespaces(pool: Pool, limit: number): Promise<string[]> {
  return reachable(async () => {
    const { rows } = await pool.query<{ name: string }>('select name from metadef_namespaces where renaming is not null order by name limit $1', [limit]);
    return rows.map(({ name }) => name);
  });
}
