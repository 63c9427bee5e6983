import { same } from './metadef.content.js';
import { changeNamespace, createNamespace } from './metadef.namespace.js';
import type {
  MetadefEvent, MetadefObject, MetadefProperty, Namespace, NamespaceAttributes, NamespaceContent, NamespaceState, ObjectDefinition, ResourceTypeAssociation, ResourceTypeDefinition,
} from './metadef.js';

/**
 * What happens to a namespace that is there already. `skip`: nothing. `merge`: what it lacks is added. `prefer-new`: what differs is changed, too, and
 * what only it has stays. `overwrite`: it holds exactly what the file says. Source: `glance-manage db_load_metadefs`, its three switches.
 */
export const loadModes = ['skip', 'merge', 'prefer-new', 'overwrite'] as const;
export type LoadMode = (typeof loadModes)[number];

export type NamespaceToLoad = NamespaceAttributes & NamespaceContent & { readonly mode: LoadMode };

/** Brings a namespace from a file; loading it again changes nothing. Protection does not stop an operator. Refuses: names that come twice. */
export function loadNamespace(name: string, { mode, ...wanted }: NamespaceToLoad, state: NamespaceState): MetadefEvent[] {
  const created = createNamespace(name, wanted, { exists: false });
  if (!state.exists) return created;
  if (mode === 'skip') return [];
  if (mode === 'overwrite') return holdsExactly(wanted, state) ? [] : [{ type: 'MetadefNamespaceDeleted', data: {} }, ...created];
  return merged(wanted, state, mode === 'prefer-new');
}

function merged(wanted: NamespaceAttributes & NamespaceContent, namespace: Namespace, prefersNew: boolean): MetadefEvent[] {
  return [
    ...(prefersNew ? changeNamespace(wanted, namespace) : []),
    ...mergedList<ResourceTypeDefinition, ResourceTypeAssociation>(wanted.resourceTypes, namespace.resourceTypes, prefersNew, (data) => ({ type: 'MetadefResourceTypeAssociated', data }),
      (data) => ({ type: 'MetadefResourceTypeAssociationChanged', data })),
    ...mergedList<MetadefProperty, MetadefProperty>(wanted.properties, namespace.properties, prefersNew, (data) => ({ type: 'MetadefPropertyAdded', data }),
      (data) => ({ type: 'MetadefPropertyChanged', data: { oldName: data.name, ...data } })),
    ...mergedList<ObjectDefinition, MetadefObject>(wanted.objects, namespace.objects, prefersNew, (data) => ({ type: 'MetadefObjectAdded', data }),
      (data) => ({ type: 'MetadefObjectChanged', data: { oldName: data.name, ...data } })),
    ...wanted.tags.filter((tag) => !namespace.tags.some((each) => each.name === tag)).map((tag): MetadefEvent => ({ type: 'MetadefTagAdded', data: { name: tag } })),
  ];
}

interface Named { readonly name: string }

function mergedList<Wanted extends Named, Held extends Named>(
  wanted: readonly Wanted[], held: readonly Held[], prefersNew: boolean, added: (data: Wanted) => MetadefEvent, changed: (data: Wanted) => MetadefEvent,
): MetadefEvent[] {
  return wanted.flatMap((each) => {
    const old = held.find(({ name }) => name === each.name);
    if (!old) return [added(each)];
    return prefersNew && !same(withoutMoments(old), each) ? [changed(each)] : [];
  });
}

function holdsExactly({ resourceTypes, properties, objects, tags, ...attributes }: NamespaceAttributes & NamespaceContent, namespace: Namespace): boolean {
  return changeNamespace(attributes, namespace).length === 0
    && sameLists(resourceTypes, namespace.resourceTypes) && sameLists(properties, namespace.properties) && sameLists(objects, namespace.objects)
    && sameLists(tags.map((name) => ({ name })), namespace.tags);
}

/** The same things, in whatever order. */
const sameLists = (wanted: readonly Named[], held: readonly Named[]): boolean =>
  wanted.length === held.length && wanted.every((each) => held.some((old) => same(withoutMoments(old), each)));

function withoutMoments(held: Named): object {
  const { createdAt: _, updatedAt: __, ...rest } = held as Named & { createdAt?: Date; updatedAt?: Date };
  return rest;
}
