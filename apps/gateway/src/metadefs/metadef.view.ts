import { moment } from '#libs/contracts';
import type { MetadefObject, MetadefProperty, MetadefTag, Namespace, NamespaceContent, ObjectDefinition, PropertyDefinition, ResourceTypeAssociation, ResourceTypeDefinition } from '#libs/domain';
import type { NamespaceHead } from '#libs/read-model';

/** Metadata definitions as the Image API shows them: what was not said is absent, moments have no fraction, links are relative. Source: API.md section 18, measured. */

export const namespacePath = (name: string): string => `/v2/metadefs/namespaces/${name}`;

interface Timed { readonly createdAt: Date; readonly updatedAt: Date }
const times = ({ createdAt, updatedAt }: Timed) => ({ created_at: moment(createdAt), updated_at: moment(updatedAt) });

/** Without what it holds. */
export function namespaceView({ name, displayName, description, visibility, isProtected, owner, ...timed }: NamespaceHead | Namespace): Record<string, unknown> {
  return {
    namespace: name, ...(displayName === null ? {} : { display_name: displayName }), ...(description === null ? {} : { description }),
    visibility, protected: isProtected, owner, ...times(timed), self: namespacePath(name), schema: '/v2/schemas/metadefs/namespace',
  };
}

export function listedNamespaceView(head: NamespaceHead): Record<string, unknown> {
  return { ...namespaceView(head), ...unlessEmpty('resource_type_associations', head.resourceTypes.map(resourceTypeView)) };
}

/** The whole namespace, the newest tag first; `prefix` stands before the names of its properties, and of those of its objects. */
export function wholeNamespaceView(namespace: Namespace, prefix = ''): Record<string, unknown> {
  return {
    ...listedNamespaceView(namespace),
    ...unlessEmpty('properties', propertiesView(namespace.properties, prefix)),
    ...unlessEmpty('objects', namespace.objects.map((object) => objectView(namespace.name, object, prefix))),
    ...unlessEmpty('tags', namespace.tags.map(({ name }) => ({ name })).toReversed()),
  };
}

/** A new namespace, with what its body said it holds. */
export function createdNamespaceView(namespace: Namespace, { resourceTypes, properties, objects, tags }: NamespaceContent): Record<string, unknown> {
  return {
    ...namespaceView(namespace),
    ...unlessEmpty('resource_type_associations', resourceTypes.map(resourceTypeDefinitionView)),
    ...unlessEmpty('properties', propertiesView(properties)),
    ...unlessEmpty('objects', objects.map((object) => statedObjectView(object))),
    ...unlessEmpty('tags', tags.map((name) => ({ name }))),
  };
}

export function objectView(namespace: string, object: MetadefObject, prefix = ''): Record<string, unknown> {
  const { name, description, required, properties, ...timed } = object;
  return {
    name, ...(description === undefined ? {} : { description }), required: required.map((each) => prefix + each),
    properties: propertiesView(properties, prefix), ...times(timed),
    self: `${namespacePath(namespace)}/objects/${name}`, schema: '/v2/schemas/metadefs/object',
  };
}

/** An object right after it was written: Glance shows what the body said, and nothing that it left out. */
export function writtenObjectView(namespace: string, object: MetadefObject, body: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(objectView(namespace, object)).filter(([name]) => (name !== 'required' && name !== 'properties') || Object.hasOwn(body, name)));
}

const statedObjectView = ({ name, description, required, properties }: ObjectDefinition): Record<string, unknown> =>
  ({ name, ...(description === undefined ? {} : { description }), ...unlessEmpty('required', required), ...unlessEmpty('properties', propertiesView(properties)) });

export function propertiesView(properties: readonly MetadefProperty[], prefix = ''): Record<string, PropertyDefinition> {
  return Object.fromEntries(properties.map(({ name, definition }) => [prefix + name, definition]));
}

export const propertyView = ({ name, definition }: MetadefProperty): PropertyDefinition => ({ ...definition, name });

export const resourceTypeView = (association: ResourceTypeAssociation): Record<string, unknown> => ({ ...resourceTypeDefinitionView(association), ...times(association) });

const resourceTypeDefinitionView = ({ name, prefix, propertiesTarget }: ResourceTypeDefinition): Record<string, unknown> =>
  ({ name, ...(prefix === undefined ? {} : { prefix }), ...(propertiesTarget === undefined ? {} : { properties_target: propertiesTarget }) });

export const tagView = (tag: MetadefTag): Record<string, unknown> => ({ name: tag.name, ...times(tag) });

const unlessEmpty = (key: string, value: object): Record<string, unknown> => Object.keys(value).length === 0 ? {} : { [key]: value };
