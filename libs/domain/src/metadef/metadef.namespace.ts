import { Problem } from '../problem.js';
import {
  clearableNamespaceAttributes, type ClearableNamespaceAttribute, type MetadefEvent, type Namespace, type NamespaceAttributes, type NamespaceContent, type NamespaceState,
  type StatedAttributes,
} from './metadef.js';

/** Records a namespace with all that it holds, or nothing. Refuses: NamespaceExists, and names that come twice. Source: api-ref "Create namespace". */
export function createNamespace(name: string, { displayName, description, visibility, isProtected, owner, resourceTypes, properties, objects, tags }: NamespaceAttributes & NamespaceContent, state: NamespaceState): MetadefEvent[] {
  if (state.exists) throw new Problem('NamespaceExists', { namespace: name });
  refuseTwice('ResourceTypeAssociationExists', name, resourceTypes.map((each) => each.name));
  refuseTwice('MetadefPropertyExists', name, properties.map((each) => each.name));
  refuseTwice('MetadefObjectExists', name, objects.map((each) => each.name));
  refuseTwice('MetadefTagExists', name, tags);
  return [{
    type: 'MetadefNamespaceCreated',
    data: { name, ...stated({ displayName, description, visibility, isProtected, owner }), resourceTypes, properties, objects, tags },
  }];
}

/** Attributes as an event says them: without those that are null. */
export const stated = ({ displayName, description, visibility, isProtected, owner }: NamespaceAttributes): StatedAttributes =>
  ({ ...(displayName === null ? {} : { displayName }), ...(description === null ? {} : { description }), visibility, isProtected, owner });

const attributeNames = ['displayName', 'description', 'visibility', 'isProtected', 'owner'] as const satisfies readonly (keyof NamespaceAttributes)[];

/** Sets every attribute anew; the same ones again change nothing. Source: api-ref "Update namespace". */
export function changeNamespace(wanted: NamespaceAttributes, namespace: Namespace): MetadefEvent[] {
  const differing = attributeNames.filter((name) => wanted[name] !== namespace[name]);
  if (differing.length === 0) return [];
  const attributes = Object.fromEntries(differing.filter((name) => wanted[name] !== null).map((name) => [name, wanted[name]]));
  const cleared = differing.filter((name): name is ClearableNamespaceAttribute => wanted[name] === null && (clearableNamespaceAttributes as readonly string[]).includes(name));
  return [{ type: 'MetadefNamespaceChanged', data: { attributes, cleared } }];
}

/** Refuses: NamespaceIsProtected. Source: api-ref "Delete namespace". */
export function deleteNamespace(namespace: Namespace): MetadefEvent[] {
  refuseProtected(namespace);
  return [{ type: 'MetadefNamespaceDeleted', data: {} }];
}

/** Nothing leaves a protected namespace; what is in it may be added to and changed all the same. Source: Glance's `delete` of each kind of definition. */
export function refuseProtected({ name, isProtected }: Namespace): void {
  if (isProtected) throw new Problem('NamespaceIsProtected', { namespace: name });
}

type Exists = 'ResourceTypeAssociationExists' | 'MetadefPropertyExists' | 'MetadefObjectExists' | 'MetadefTagExists';

export function refuseTwice(code: Exists, namespace: string, names: readonly string[]): void {
  const seen = new Set<string>();
  for (const name of names) {
    if (seen.has(name)) throw new Problem(code, { namespace, name });
    seen.add(name);
  }
}
