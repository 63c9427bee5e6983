import { Problem } from '../problem.js';
import { stated } from './metadef.namespace.js';
import type { MetadefEvent, Namespace, NamespaceAttributes, NamespaceState } from './metadef.js';

/**
 * A name is a subject of the log, so a rename is commits in two of them, in this order:
 *
 *   old name   RenameStarted                      from here on nothing else changes the namespace
 *   new name   MovedHere, or MoveRefused          the decision, made once: whoever repeats it finds it by its command id
 *   old name   Renamed, or RenameAbandoned        the old name is free, or the namespace is as it was
 *
 * Whoever finds a rename unfinished finishes it. Readers follow the decision: once it is MovedHere, they no longer see the old one.
 */

/** Begins a rename; the attributes count once it has succeeded. Source: api-ref "Update namespace". */
export function startRename({ renameId, to, ...attributes }: { renameId: string; to: string } & NamespaceAttributes): MetadefEvent[] {
  return [{ type: 'MetadefNamespaceRenameStarted', data: { renameId, to, ...stated(attributes) } }];
}

/** Takes a namespace from its old name, or refuses it in the log, so that the answer stays the same for ever. */
export function receiveNamespace(name: string, { renameId, from, namespace }: { renameId: string; from: string; namespace: Namespace }, state: NamespaceState): MetadefEvent[] {
  if (state.exists) return [{ type: 'MetadefNamespaceMoveRefused', data: { renameId } }];
  const { createdAt, resourceTypes, properties, objects, tags, renaming } = namespace;
  return [{
    type: 'MetadefNamespaceMovedHere',
    data: {
      renameId, from, name, ...stated(renaming?.attributes ?? namespace), createdAt: createdAt.toISOString(),
      resourceTypes: resourceTypes.map(withTexts), properties, objects: objects.map(withTexts), tags: tags.map(withTexts),
    },
  }];
}

/** Ends a rename under the old name; one that is over changes nothing. */
export function endRename({ renameId, succeeded }: { renameId: string; succeeded: boolean }, { renaming }: Namespace): MetadefEvent[] {
  if (renaming?.renameId !== renameId) return [];
  return succeeded
    ? [{ type: 'MetadefNamespaceRenamed', data: { renameId, to: renaming.to } }]
    : [{ type: 'MetadefNamespaceRenameAbandoned', data: { renameId } }];
}

/** Refuses: NamespaceBeingRenamed. */
export function refuseRenaming({ name, renaming }: Namespace): void {
  if (renaming) throw new Problem('NamespaceBeingRenamed', { namespace: name });
}

const withTexts = <Each extends { readonly createdAt: Date; readonly updatedAt: Date }>(each: Each) =>
  ({ ...each, createdAt: each.createdAt.toISOString(), updatedAt: each.updatedAt.toISOString() });
