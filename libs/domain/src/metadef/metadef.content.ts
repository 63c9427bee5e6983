import { Problem } from '../problem.js';
import type { MetadefEvent, MetadefProperty, Namespace, ObjectDefinition, ResourceTypeDefinition } from './metadef.js';
import { refuseProtected, refuseTwice } from './metadef.namespace.js';

/** Refuses: ResourceTypeAssociationExists. Source: api-ref "Create resource type association". */
export function associateResourceType(definition: ResourceTypeDefinition, namespace: Namespace): MetadefEvent[] {
  if (has(namespace.resourceTypes, definition.name)) throw new Problem('ResourceTypeAssociationExists', place(namespace, definition.name));
  return [{ type: 'MetadefResourceTypeAssociated', data: definition }];
}

/** Refuses: ResourceTypeAssociationNotFound, NamespaceIsProtected. Source: api-ref "Remove resource type association". */
export function dissociateResourceType(name: string, namespace: Namespace): MetadefEvent[] {
  if (!has(namespace.resourceTypes, name)) throw new Problem('ResourceTypeAssociationNotFound', place(namespace, name));
  refuseProtected(namespace);
  return [{ type: 'MetadefResourceTypeDissociated', data: { name } }];
}

/** Refuses: MetadefPropertyExists. Source: api-ref "Create property". */
export function addProperty(property: MetadefProperty, namespace: Namespace): MetadefEvent[] {
  if (has(namespace.properties, property.name)) throw new Problem('MetadefPropertyExists', place(namespace, property.name));
  return [{ type: 'MetadefPropertyAdded', data: property }];
}

/** Replaces the definition, and the name where it is another one. Refuses: MetadefPropertyNotFound, MetadefPropertyExists. Source: api-ref "Update property definition". */
export function changeProperty({ oldName, name, definition }: { oldName: string } & MetadefProperty, namespace: Namespace): MetadefEvent[] {
  const old = namespace.properties.find((each) => each.name === oldName);
  if (!old) throw new Problem('MetadefPropertyNotFound', place(namespace, oldName));
  if (name !== oldName && has(namespace.properties, name)) throw new Problem('MetadefPropertyExists', place(namespace, name));
  return same(old, { name, definition }) ? [] : [{ type: 'MetadefPropertyChanged', data: { oldName, name, definition } }];
}

/** Refuses: MetadefPropertyNotFound, NamespaceIsProtected. */
export function removeProperty(name: string, namespace: Namespace): MetadefEvent[] {
  if (!has(namespace.properties, name)) throw new Problem('MetadefPropertyNotFound', place(namespace, name));
  refuseProtected(namespace);
  return [{ type: 'MetadefPropertyRemoved', data: { name } }];
}

export function removeProperties(namespace: Namespace): MetadefEvent[] {
  refuseProtected(namespace);
  return namespace.properties.map(({ name }) => ({ type: 'MetadefPropertyRemoved', data: { name } }));
}

/** Refuses: MetadefObjectExists. Source: api-ref "Create object". */
export function addObject(definition: ObjectDefinition, namespace: Namespace): MetadefEvent[] {
  if (has(namespace.objects, definition.name)) throw new Problem('MetadefObjectExists', place(namespace, definition.name));
  return [{ type: 'MetadefObjectAdded', data: definition }];
}

/** Replaces all of the object, and its name where it is another one. Refuses: MetadefObjectNotFound, MetadefObjectExists. Source: api-ref "Update object". */
export function changeObject({ oldName, ...definition }: { oldName: string } & ObjectDefinition, namespace: Namespace): MetadefEvent[] {
  const old = namespace.objects.find((each) => each.name === oldName);
  if (!old) throw new Problem('MetadefObjectNotFound', place(namespace, oldName));
  if (definition.name !== oldName && has(namespace.objects, definition.name)) throw new Problem('MetadefObjectExists', place(namespace, definition.name));
  const { createdAt: _, updatedAt: __, ...before } = old;
  return same(before, definition) ? [] : [{ type: 'MetadefObjectChanged', data: { oldName, ...definition } }];
}

/** Refuses: MetadefObjectNotFound, NamespaceIsProtected. */
export function removeObject(name: string, namespace: Namespace): MetadefEvent[] {
  if (!has(namespace.objects, name)) throw new Problem('MetadefObjectNotFound', place(namespace, name));
  refuseProtected(namespace);
  return [{ type: 'MetadefObjectRemoved', data: { name } }];
}

export function removeObjects(namespace: Namespace): MetadefEvent[] {
  refuseProtected(namespace);
  return namespace.objects.map(({ name }) => ({ type: 'MetadefObjectRemoved', data: { name } }));
}

/** Refuses: MetadefTagExists. Source: api-ref "Create tag definition". */
export function addTag(name: string, namespace: Namespace): MetadefEvent[] {
  if (has(namespace.tags, name)) throw new Problem('MetadefTagExists', place(namespace, name));
  return [{ type: 'MetadefTagAdded', data: { name } }];
}

/**
 * Gives the namespace these tags: beside those that it has, or (Glance's default) instead of them, each as if it were new.
 * No names change nothing, also without `append`: that is what Glance does. Refuses: MetadefTagExists. Source: api-ref "Create tags".
 */
export function setTags({ names, append }: { names: readonly string[]; append: boolean }, namespace: Namespace): MetadefEvent[] {
  if (names.length === 0) return [];
  const kept = append ? namespace.tags.map(({ name }) => name) : [];
  refuseTwice('MetadefTagExists', namespace.name, [...kept, ...names]);
  const removed = append ? [] : namespace.tags.map(({ name }): MetadefEvent => ({ type: 'MetadefTagRemoved', data: { name } }));
  return [...removed, ...names.map((name): MetadefEvent => ({ type: 'MetadefTagAdded', data: { name } }))];
}

/** Refuses: MetadefTagNotFound, MetadefTagExists. Source: api-ref "Update tag definition". */
export function renameTag({ oldName, name }: { oldName: string; name: string }, namespace: Namespace): MetadefEvent[] {
  if (!has(namespace.tags, oldName)) throw new Problem('MetadefTagNotFound', place(namespace, oldName));
  if (name === oldName) return [];
  if (has(namespace.tags, name)) throw new Problem('MetadefTagExists', place(namespace, name));
  return [{ type: 'MetadefTagRenamed', data: { oldName, name } }];
}

/** Refuses: MetadefTagNotFound, NamespaceIsProtected. */
export function removeTag(name: string, namespace: Namespace): MetadefEvent[] {
  if (!has(namespace.tags, name)) throw new Problem('MetadefTagNotFound', place(namespace, name));
  refuseProtected(namespace);
  return [{ type: 'MetadefTagRemoved', data: { name } }];
}

export function removeTags(namespace: Namespace): MetadefEvent[] {
  refuseProtected(namespace);
  return namespace.tags.map(({ name }) => ({ type: 'MetadefTagRemoved', data: { name } }));
}

const has = (all: readonly { readonly name: string }[], name: string): boolean => all.some((each) => each.name === name);
const place = ({ name: namespace }: Namespace, name: string) => ({ namespace, name });

/** Whether two values are the same JSON, whatever the order of their keys. */
export function same(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null || Array.isArray(a) !== Array.isArray(b)) return false;
  const [left, right] = [Object.entries(a), Object.entries(b)];
  return left.length === right.length && left.every(([key, value]) => Object.hasOwn(b, key) && same(value, (b as Record<string, unknown>)[key]));
}
