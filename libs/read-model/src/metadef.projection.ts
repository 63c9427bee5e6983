import type { Commit } from '#libs/contracts';
import { evolveNamespace, noNamespace, type MetadefEvent, type Namespace, type NamespaceState } from '#libs/domain';
import { namespaceRowOf, type NamespaceRow, type ParkedNamespaceRow, type ResourceTypeRow } from './metadef.row.js';

/** A namespace as the read model knew it before a batch; absent for a name that is free. */
export interface KnownNamespace {
  readonly version: number;
  readonly sequence: number;
  readonly namespace: Namespace;
}

/** A commit at its place in the log, or the reason why its message is none. */
export interface PlacedMetadef {
  readonly sequence: number;
  readonly commit: Commit<MetadefEvent> | { readonly unreadable: string };
}

/** What a batch changes, collapsed: at most one row a namespace. */
export interface MetadefChanges {
  namespaces: NamespaceRow[];
  deletedNamespaces: string[];
  resourceTypes: ResourceTypeRow[];
  parkedNamespaces: ParkedNamespaceRow[];
}

export const noMetadefChanges = (): MetadefChanges => ({ namespaces: [], deletedNamespaces: [], resourceTypes: [], parkedNamespaces: [] });

/** The name was free, and how many commits it had is not kept: log:verify holds the chain, a fold needs only the state. */
interface Folded { readonly version: number | undefined; readonly sequence: number; readonly state: NamespaceState }

/**
 * Folds the commits of one namespace, in order, over what was known of it. A deleted one leaves the table; the resource types that it named stay.
 * The first commit that cannot be folded parks the namespace: what came before it is kept, what follows it is passed over.
 */
export function projectNamespace(token: string, known: KnownNamespace | undefined, commits: readonly PlacedMetadef[]): MetadefChanges {
  const changes = noMetadefChanges();
  let now = startOf(known);
  for (const { sequence, commit } of commits) {
    if (sequence <= now.sequence) continue;
    try {
      now = foldCommit(now, sequence, commit);
      if ('events' in commit) changes.resourceTypes.push(...resourceTypesIn(commit, sequence));
    } catch (error) {
      changes.parkedNamespaces.push({ token, sequence, reason: error instanceof Error ? error.message : String(error) });
      break;
    }
  }
  addRow(known, now, changes);
  return changes;
}

const startOf = (known: KnownNamespace | undefined): Folded =>
  known ? { version: known.version, sequence: known.sequence, state: known.namespace } : { version: undefined, sequence: 0, state: noNamespace() };

function addRow(known: KnownNamespace | undefined, { version = 0, sequence, state }: Folded, changes: MetadefChanges): void {
  if (state.exists && sequence !== known?.sequence) changes.namespaces.push(namespaceRowOf(state, { version, sequence }));
  if (!state.exists && known) changes.deletedNamespaces.push(known.namespace.name);
}

function foldCommit(now: Folded, sequence: number, commit: PlacedMetadef['commit']): Folded {
  if ('unreadable' in commit) throw new Error(commit.unreadable);
  if (now.version !== undefined && commit.version !== now.version + 1) throw new Error(`commit has version ${commit.version}; ${now.version + 1} should follow`);
  const state = commit.events.reduce((before, event) => evolveNamespace(before, event, commit.at), now.state);
  return { version: commit.version, sequence, state };
}

/** Resource types are for ever: the list of all names that were ever associated is Glance's, which has no way to delete one. */
function resourceTypesIn({ events, at }: Commit<MetadefEvent>, sequence: number): ResourceTypeRow[] {
  return events.flatMap(namesIn).map((name) => ({ name, sequence, created_at: at.toISOString() }));
}

function namesIn(event: MetadefEvent): readonly string[] {
  if (event.type === 'MetadefNamespaceCreated') return event.data.resourceTypes.map(({ name }) => name);
  return event.type === 'MetadefResourceTypeAssociated' ? [event.data.name] : [];
}

export function addMetadefChanges(all: MetadefChanges, more: MetadefChanges): void {
  all.namespaces.push(...more.namespaces);
  all.deletedNamespaces.push(...more.deletedNamespaces);
  all.resourceTypes.push(...more.resourceTypes);
  all.parkedNamespaces.push(...more.parkedNamespaces);
}

/** Each resource type once, by the commit that named it first. */
export function firstMentions(rows: readonly ResourceTypeRow[]): ResourceTypeRow[] {
  const first = new Map<string, ResourceTypeRow>();
  for (const row of rows) if ((first.get(row.name)?.sequence ?? Infinity) > row.sequence) first.set(row.name, row);
  return [...first.values()];
}
