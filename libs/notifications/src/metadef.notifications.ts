import type { Commit } from '#libs/contracts';
import {
  evolveNamespace, noNamespace, type MetadefEvent, type MetadefObject, type MetadefProperty, type Namespace, type NamespaceState, type PropertyDefinition, type ResourceTypeAssociation, type MetadefTag,
} from '#libs/domain';
import { deletedAt, info, notDeleted, times, type Notification } from './notification.js';

export interface ToldNamespace { readonly version: number; readonly state: NamespaceState }

export const untoldNamespace: ToldNamespace = { version: 0, state: noNamespace() };

type MetadefCommit = Pick<Commit<MetadefEvent>, 'events' | 'at' | 'version' | 'commandType'>;

export const passMetadefCommit = ({ state }: ToldNamespace, { events, at, version }: MetadefCommit): ToldNamespace =>
  ({ version, state: events.reduce((before, event) => evolveNamespace(before, event, at), state) });

/** What Glance would have told of a commit of a namespace: one notification for all that was deleted at once. Source: API.md section 26. */
export function metadefNotifications({ state }: ToldNamespace, commit: MetadefCommit): Notification[] {
  const all = emptied[commit.commandType];
  if (all && state.exists) return [info(`metadef_namespace.${all}`, namespacePayload(state))];
  let before = state;
  return commit.events.flatMap((event) => {
    const after = evolveNamespace(before, event, commit.at);
    const told = notificationsOf(event, { before: before.exists ? before : undefined, after: after.exists ? after : undefined, at: commit.at });
    before = after;
    return told;
  });
}

const emptied: Readonly<Record<string, string>> = {
  RemoveMetadefProperties: 'delete_properties', RemoveMetadefObjects: 'delete_objects', RemoveMetadefTags: 'delete_tags',
};

interface Telling { readonly before: Namespace | undefined; readonly after: Namespace | undefined; readonly at: Date }

// One arm an event is the clearest form of this function, however many there are.
// eslint-disable-next-line complexity
function notificationsOf(event: MetadefEvent, told: Telling): Notification[] {
  const { before, after, at } = told;
  switch (event.type) {
    case 'MetadefNamespaceCreated': return after ? [info('metadef_namespace.create', namespacePayload(after)), ...contentOf(after)] : [];
    case 'MetadefNamespaceChanged': return after ? [info('metadef_namespace.update', namespacePayload(after))] : [];
    case 'MetadefNamespaceMovedHere': return after ? [info('metadef_namespace.update', { ...namespacePayload(after), namespace_old: event.data.from })] : [];
    case 'MetadefNamespaceDeleted': return before ? [info('metadef_namespace.delete', { ...namespacePayload(before), ...deletedAt(at) })] : [];
    case 'MetadefResourceTypeAssociated': case 'MetadefResourceTypeAssociationChanged': return part('resource_type', 'create', event.data.name, told);
    case 'MetadefResourceTypeDissociated': return part('resource_type', 'delete', event.data.name, told);
    case 'MetadefPropertyAdded': return part('property', 'create', event.data.name, told);
    case 'MetadefPropertyChanged': return part('property', 'update', event.data.name, told, event.data.oldName);
    case 'MetadefPropertyRemoved': return part('property', 'delete', event.data.name, told);
    case 'MetadefObjectAdded': return part('object', 'create', event.data.name, told);
    case 'MetadefObjectChanged': return part('object', 'update', event.data.name, told, event.data.oldName);
    case 'MetadefObjectRemoved': return part('object', 'delete', event.data.name, told);
    case 'MetadefTagAdded': return part('tag', 'create', event.data.name, told);
    case 'MetadefTagRenamed': return part('tag', 'update', event.data.name, told, event.data.oldName);
    case 'MetadefTagRemoved': return part('tag', 'delete', event.data.name, told);
    // The steps of a rename are one update, told where the namespace arrives.
    case 'MetadefNamespaceRenameStarted': case 'MetadefNamespaceMoveRefused': case 'MetadefNamespaceRenamed': case 'MetadefNamespaceRenameAbandoned': return [];
  }
}

type Part = 'resource_type' | 'property' | 'object' | 'tag';

function part(kind: Part, what: 'create' | 'update' | 'delete', name: string, { before, after, at }: Telling, oldName = name): Notification[] {
  const namespace = what === 'delete' ? before : after;
  const payload = namespace && partPayload(kind, namespace, name);
  if (!payload) return [];
  return [info(`metadef_${kind}.${what}`, { ...payload, name_old: oldName, ...(what === 'delete' ? deletedAt(at) : {}) })];
}

function partPayload(kind: Part, namespace: Namespace, name: string): Record<string, unknown> | undefined {
  const named = <Each extends { readonly name: string }>(all: readonly Each[]): Each | undefined => all.find((each) => each.name === name);
  const described = {
    resource_type: () => mapped(named(namespace.resourceTypes), resourceTypePayload), property: () => mapped(named(namespace.properties), propertyPayload),
    object: () => mapped(named(namespace.objects), objectPayload), tag: () => mapped(named(namespace.tags), tagPayload),
  }[kind]();
  return described && { namespace: namespace.name, name, name_old: name, ...described, ...notDeleted };
}

const mapped = <From>(value: From | undefined, map: (value: From) => Record<string, unknown>): Record<string, unknown> | undefined => (value === undefined ? undefined : map(value));

function contentOf(namespace: Namespace): Notification[] {
  const created = (kind: Part, all: readonly { readonly name: string }[]): Notification[] =>
    all.flatMap(({ name }) => part(kind, 'create', name, { before: undefined, after: namespace, at: namespace.createdAt }));
  return [
    ...created('resource_type', namespace.resourceTypes), ...created('object', namespace.objects), ...created('property', namespace.properties), ...created('tag', namespace.tags),
  ];
}

const namespacePayload = (namespace: Namespace): Record<string, unknown> => ({
  namespace: namespace.name, namespace_old: namespace.name, display_name: namespace.displayName, protected: namespace.isProtected,
  visibility: namespace.visibility, owner: namespace.owner, description: namespace.description, ...times(namespace), ...notDeleted,
});

const resourceTypePayload = (association: ResourceTypeAssociation): Record<string, unknown> =>
  ({ prefix: association.prefix ?? null, properties_target: association.propertiesTarget ?? null, ...times(association) });

const objectPayload = (object: MetadefObject): Record<string, unknown> => ({
  properties: object.properties.map((property) => ({ name: property.name, ...propertyPayload(property) })), required: object.required,
  description: object.description ?? null, ...times(object),
});

const tagPayload = (tag: MetadefTag): Record<string, unknown> => times(tag);

const definitionFields = [
  'type', 'title', 'description', 'default', 'minimum', 'maximum', 'enum', 'pattern', 'minLength', 'maxLength', 'confidential', 'items', 'uniqueItems', 'minItems', 'maxItems', 'additionalItems',
] as const satisfies readonly (keyof PropertyDefinition)[];

/** What was not said is null. */
const propertyPayload = ({ definition }: MetadefProperty): Record<string, unknown> =>
  Object.fromEntries(definitionFields.map((field) => [field, definition[field] ?? null]));
