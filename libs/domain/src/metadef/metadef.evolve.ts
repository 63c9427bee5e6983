import type { MetadefEvent, MetadefEventData, MetadefObject, Namespace, NamespaceState, ResourceTypeAssociation } from './metadef.js';

/** Applies one recorded event. Every event that was ever written must be applicable to the state that its history leaves. */
export function evolveNamespace(state: NamespaceState, event: MetadefEvent, at: Date): NamespaceState {
  if (event.type === 'MetadefNamespaceCreated') return created(event.data, at);
  if (event.type === 'MetadefNamespaceMovedHere') return movedHere(event.data, at);
  if (!state.exists) throw new Error(`${event.type} in a namespace that does not exist`);
  return evolveExisting(state, event, at);
}

// One arm an event is the clearest form of this function, however many there are.
// eslint-disable-next-line complexity
function evolveExisting(namespace: Namespace, event: Exclude<MetadefEvent, { type: 'MetadefNamespaceCreated' | 'MetadefNamespaceMovedHere' }>, at: Date): NamespaceState {
  const { resourceTypes, properties, objects, tags } = namespace;
  switch (event.type) {
    case 'MetadefNamespaceChanged': return changed(namespace, event.data, at);
    case 'MetadefNamespaceDeleted': return { exists: false };
    case 'MetadefNamespaceRenameStarted': return { ...namespace, renaming: renamingOf(event.data) };
    case 'MetadefNamespaceMoveRefused': return namespace;
    case 'MetadefNamespaceRenamed': return { exists: false };
    case 'MetadefNamespaceRenameAbandoned': return { ...namespace, renaming: null };
    case 'MetadefResourceTypeAssociated': return { ...namespace, resourceTypes: [...resourceTypes, { ...event.data, ...newAt(at) }] };
    case 'MetadefResourceTypeAssociationChanged': return { ...namespace, resourceTypes: replaced(resourceTypes, event.data.name, (old): ResourceTypeAssociation => ({ ...event.data, createdAt: old.createdAt, updatedAt: at })) };
    case 'MetadefResourceTypeDissociated': return { ...namespace, resourceTypes: without(resourceTypes, event.data.name) };
    case 'MetadefPropertyAdded': return { ...namespace, properties: [...properties, event.data] };
    case 'MetadefPropertyChanged': return { ...namespace, properties: replaced(properties, event.data.oldName, () => ({ name: event.data.name, definition: event.data.definition })) };
    case 'MetadefPropertyRemoved': return { ...namespace, properties: without(properties, event.data.name) };
    case 'MetadefObjectAdded': return { ...namespace, objects: [...objects, { ...event.data, ...newAt(at) }] };
    case 'MetadefObjectChanged': return { ...namespace, objects: replaced(objects, event.data.oldName, (old) => objectAfter(event.data, old, at)) };
    case 'MetadefObjectRemoved': return { ...namespace, objects: without(objects, event.data.name) };
    case 'MetadefTagAdded': return { ...namespace, tags: [...tags, { name: event.data.name, ...newAt(at) }] };
    case 'MetadefTagRenamed': return { ...namespace, tags: replaced(tags, event.data.oldName, (old) => ({ ...old, name: event.data.name, updatedAt: at })) };
    case 'MetadefTagRemoved': return { ...namespace, tags: without(tags, event.data.name) };
  }
}

function created({ resourceTypes, objects, tags, ...stated }: MetadefEventData<'MetadefNamespaceCreated'>, at: Date): Namespace {
  return {
    exists: true, displayName: null, description: null, ...stated, ...newAt(at), renaming: null, movedBy: null,
    resourceTypes: resourceTypes.map((each) => ({ ...each, ...newAt(at) })),
    objects: objects.map((each) => ({ ...each, ...newAt(at) })),
    tags: tags.map((name) => ({ name, ...newAt(at) })),
  };
}

function movedHere({ renameId, from, createdAt, resourceTypes, objects, tags, ...stated }: MetadefEventData<'MetadefNamespaceMovedHere'>, at: Date): Namespace {
  return {
    exists: true, displayName: null, description: null, ...stated, createdAt: new Date(createdAt), updatedAt: at, renaming: null, movedBy: { renameId, from },
    resourceTypes: resourceTypes.map(withMoments), objects: objects.map(withMoments), tags: tags.map(withMoments),
  };
}

const withMoments = <Each extends { readonly createdAt: string; readonly updatedAt: string }>(each: Each) =>
  ({ ...each, createdAt: new Date(each.createdAt), updatedAt: new Date(each.updatedAt) });

const renamingOf = ({ renameId, to, ...stated }: MetadefEventData<'MetadefNamespaceRenameStarted'>): Namespace['renaming'] =>
  ({ renameId, to, attributes: { displayName: null, description: null, ...stated } });

function changed(namespace: Namespace, { attributes, cleared }: MetadefEventData<'MetadefNamespaceChanged'>, at: Date): Namespace {
  return { ...namespace, ...attributes, ...Object.fromEntries(cleared.map((name) => [name, null])), updatedAt: at };
}

function objectAfter({ oldName: _, ...definition }: MetadefEventData<'MetadefObjectChanged'>, { createdAt }: MetadefObject, at: Date): MetadefObject {
  return { ...definition, createdAt, updatedAt: at };
}

const newAt = (at: Date) => ({ createdAt: at, updatedAt: at });

const replaced = <Each extends { readonly name: string }>(all: readonly Each[], name: string, next: (old: Each) => Each): Each[] =>
  all.map((each) => each.name === name ? next(each) : each);

const without = <Each extends { readonly name: string }>(all: readonly Each[], name: string): Each[] => all.filter((each) => each.name !== name);
