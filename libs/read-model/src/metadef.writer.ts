import { metadefCommits, namespaceOfToken } from '#libs/contracts';
import type { Pool } from 'pg';
import { groupByToken, readCommit } from './grouped-commits.js';
import type { Part } from './image.writer.js';
import type { LogMessage } from './log-message.js';
import {
  addMetadefChanges, firstMentions, noMetadefChanges, projectNamespace, type KnownNamespace, type MetadefChanges, type PlacedMetadef,
} from './metadef.projection.js';
import { namespaceOf, type NamespaceRow } from './metadef.row.js';

export const groupByNamespace = (batch: readonly LogMessage[]): Map<string, PlacedMetadef[]> =>
  groupByToken(batch, 'metadef', (token, { sequence, bytes }) => ({ sequence, commit: readCommit(metadefCommits, token, bytes) }));

const loadSql = `
  select
    (select coalesce(json_agg(n), '[]') from metadef_namespaces n where n.name = any($1::text[])) as namespaces,
    (select coalesce(json_agg(token), '[]') from parked_namespaces where token = any($2::text[])) as parked`;

/** What the commits make of what is known; asks PostgreSQL nothing where there are none. */
export async function projectNamespaces(pool: Pool, byToken: ReadonlyMap<string, readonly PlacedMetadef[]>): Promise<MetadefChanges> {
  const all = noMetadefChanges();
  if (byToken.size === 0) return all;
  const tokens = [...byToken.keys()];
  // A name with a NUL is in no row, and PostgreSQL does not even take the question.
  const names = tokens.map((token) => namespaceOfToken(token)).filter((name) => name !== undefined && !name.includes('\0'));
  const { rows: [found] } = await pool.query<{ namespaces: NamespaceRow[]; parked: string[] }>({ name: 'known-namespaces', text: loadSql, values: [names, tokens] });
  const known = new Map(found?.namespaces.map((row): [string, KnownNamespace] => [row.name, { version: row.version, sequence: row.sequence, namespace: namespaceOf(row) }]));
  const parked = new Set(found?.parked);
  for (const [token, commits] of byToken) {
    if (!parked.has(token)) addMetadefChanges(all, projectNamespace(token, known.get(namespaceOfToken(token) ?? ''), commits));
  }
  return all;
}

const columns = [
  'display_name', 'description', 'visibility', 'is_protected', 'owner', 'resource_type_names', 'resource_types', 'properties', 'objects', 'tags',
  'created_at', 'updated_at', 'version', 'sequence', 'renaming', 'moved_by',
];

const rowsSql = (only: string, first: number): string[] => [
  `insert into metadef_namespaces select r.* from json_populate_recordset(null::metadef_namespaces, $${first}) r ${only}
     on conflict (name) do update set ${columns.map((column) => `${column} = excluded.${column}`).join(', ')} where metadef_namespaces.sequence < excluded.sequence`,
  `delete from metadef_namespaces using json_array_elements_text($${first + 1}) r where name = r ${only.replace('where', 'and')}`,
  `insert into metadef_resource_types select r.* from json_populate_recordset(null::metadef_resource_types, $${first + 2}) r ${only} on conflict do nothing`,
  `insert into parked_namespaces select r.* from json_populate_recordset(null::parked_namespaces, $${first + 3}) r ${only} on conflict do nothing`,
];

/** The rows of a batch; none where it changes nothing here. */
export function metadefParts({ namespaces, deletedNamespaces, resourceTypes, parkedNamespaces }: MetadefChanges): Part[] {
  const changed: readonly (readonly unknown[])[] = [namespaces, deletedNamespaces, firstMentions(resourceTypes), parkedNamespaces];
  if (changed.every(({ length }) => length === 0)) return [];
  return [{ letter: 's', statements: rowsSql, values: changed.map((rows) => JSON.stringify(rows)) }];
}

/** What the commits of one namespace change, out of what a whole batch does. */
export function changesOfNamespace(changes: MetadefChanges, token: string, commits: readonly PlacedMetadef[]): MetadefChanges {
  const name = namespaceOfToken(token);
  const own = new Set(commits.map(({ sequence }) => sequence));
  return {
    namespaces: changes.namespaces.filter((row) => row.name === name),
    deletedNamespaces: changes.deletedNamespaces.filter((each) => each === name),
    resourceTypes: changes.resourceTypes.filter(({ sequence }) => own.has(sequence)),
    parkedNamespaces: changes.parkedNamespaces.filter((row) => row.token === token),
  };
}
