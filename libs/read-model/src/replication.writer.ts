import { isLowerUuid, replicationCommits, type Commit } from '#libs/contracts';
import { evolveReplication, noReplication, type ReplicationEvent, type ReplicationState } from '#libs/domain';
import type { Pool } from 'pg';
import { groupByToken, readCommit, reasonOf } from './grouped-commits.js';
import type { Part } from './image.writer.js';
import type { LogMessage } from './log-message.js';
import { replicationOf, replicationRowOf, type ParkedReplicationRow, type ReplicationRow } from './replication.row.js';

/** A commit at its place in the log, or the reason why its message is none. */
export interface PlacedReplication {
  readonly sequence: number;
  readonly commit: Commit<ReplicationEvent> | { readonly unreadable: string };
}

/** What a batch changes, collapsed: at most one row a policy or execution. */
export interface ReplicationChanges {
  replications: ReplicationRow[];
  deletedReplications: string[];
  parkedReplications: ParkedReplicationRow[];
}

export const noReplicationChanges = (): ReplicationChanges => ({ replications: [], deletedReplications: [], parkedReplications: [] });

/** The commits of each policy and execution; one without an id that a row can have is unreadable. */
export const groupByReplication = (batch: readonly LogMessage[]): Map<string, PlacedReplication[]> =>
  groupByToken(batch, 'policy', (id, { sequence, bytes }) => ({ sequence, commit: readCommit(replicationCommits, isLowerUuid(id) ? id : undefined, bytes) }));

const loadSql = `
  select
    (select coalesce(json_agg(r), '[]') from replications r where r.id = any($1::uuid[])) as known,
    (select coalesce(json_agg(replication_id), '[]') from parked_replications where replication_id = any($2::text[])) as parked`;

/** What the commits make of what is known; asks PostgreSQL nothing where there are none. */
export async function projectReplications(pool: Pool, byId: ReadonlyMap<string, readonly PlacedReplication[]>): Promise<ReplicationChanges> {
  const all = noReplicationChanges();
  if (byId.size === 0) return all;
  const ids = [...byId.keys()];
  const { rows: [found] } = await pool.query<{ known: ReplicationRow[]; parked: string[] }>({ name: 'known-replications', text: loadSql, values: [ids.filter(isLowerUuid), ids] });
  const known = new Map(found?.known.map((row) => [row.id, row]));
  const parked = new Set(found?.parked);
  for (const [id, commits] of byId) if (!parked.has(id)) addReplicationChanges(all, projectReplication(id, known.get(id), commits));
  return all;
}

interface Folded { readonly version: number | undefined; readonly sequence: number; readonly state: ReplicationState }

/**
 * Folds the commits of one policy or execution, in order, over what was known of it; a deleted policy leaves the table.
 * The first commit that cannot be folded parks it: what came before is kept, what follows is passed over.
 */
export function projectReplication(id: string, known: ReplicationRow | undefined, commits: readonly PlacedReplication[]): ReplicationChanges {
  const changes = noReplicationChanges();
  let now = startOf(known);
  for (const { sequence, commit } of commits) {
    if (sequence <= now.sequence) continue;
    try {
      now = foldCommit(now, sequence, commit);
    } catch (error) {
      changes.parkedReplications.push({ replication_id: id, sequence, reason: reasonOf(error) });
      break;
    }
  }
  addRow(id, known, now, changes);
  return changes;
}

function addRow(id: string, known: ReplicationRow | undefined, { version = 0, sequence, state }: Folded, changes: ReplicationChanges): void {
  if (state.exists && sequence !== known?.sequence) changes.replications.push(replicationRowOf(id, state, { version, sequence }));
  if (!state.exists && known) changes.deletedReplications.push(id);
}

const startOf = (known: ReplicationRow | undefined): Folded =>
  known ? { version: known.version, sequence: known.sequence, state: replicationOf(known) } : { version: undefined, sequence: 0, state: noReplication() };

function foldCommit(now: Folded, sequence: number, commit: PlacedReplication['commit']): Folded {
  if ('unreadable' in commit) throw new Error(commit.unreadable);
  if (now.version !== undefined && commit.version !== now.version + 1) throw new Error(`commit has version ${commit.version}; ${now.version + 1} should follow`);
  return { version: commit.version, sequence, state: commit.events.reduce((before, event) => evolveReplication(before, event, commit.at), now.state) };
}

export function addReplicationChanges(all: ReplicationChanges, more: ReplicationChanges): void {
  all.replications.push(...more.replications);
  all.deletedReplications.push(...more.deletedReplications);
  all.parkedReplications.push(...more.parkedReplications);
}

/** The rows of a batch; `{only}` is where a condition on all of them goes. Three parameters from `first` on are the changes, as JSON. */
const rowsSql = (only: string, first: number): string[] => [
  `insert into replications select r.* from json_populate_recordset(null::replications, $${first}) r ${only}
     on conflict (id) do update set status = excluded.status, state = excluded.state, version = excluded.version, sequence = excluded.sequence where replications.sequence < excluded.sequence`,
  `delete from replications using json_array_elements_text($${first + 1}) r where id = r::uuid ${only.replace('where', 'and')}`,
  `insert into parked_replications select r.* from json_populate_recordset(null::parked_replications, $${first + 2}) r ${only} on conflict do nothing`,
];

/** The rows of a batch; none where it changes nothing here. */
export function replicationParts({ replications, deletedReplications, parkedReplications }: ReplicationChanges): Part[] {
  const changed: readonly (readonly unknown[])[] = [replications, deletedReplications, parkedReplications];
  if (changed.every(({ length }) => length === 0)) return [];
  return [{ letter: 'e', statements: rowsSql, values: changed.map((rows) => JSON.stringify(rows)) }];
}

/** What the commits of one policy or execution change, out of what a whole batch does. */
export const changesOfReplication = (changes: ReplicationChanges, id: string): ReplicationChanges => ({
  replications: changes.replications.filter((row) => row.id === id),
  deletedReplications: changes.deletedReplications.filter((each) => each === id),
  parkedReplications: changes.parkedReplications.filter((row) => row.replication_id === id),
});
