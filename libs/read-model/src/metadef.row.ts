import type { MetadefObject, MetadefProperty, MetadefTag, Namespace, ResourceTypeAssociation } from '#libs/domain';

/** A namespace as table `metadef_namespaces` keeps it, by column name: `namespaceOf(namespaceRowOf(…))` is the namespace again. */
export interface NamespaceRow {
  name: string;
  display_name: string | null;
  description: string | null;
  visibility: Namespace['visibility'];
  is_protected: boolean;
  owner: string;
  resource_type_names: readonly string[];
  resource_types: readonly Json<ResourceTypeAssociation>[];
  properties: readonly MetadefProperty[];
  objects: readonly Json<MetadefObject>[];
  tags: readonly Json<MetadefTag>[];
  created_at: string;
  updated_at: string;
  version: number;
  sequence: number;
  renaming: Namespace['renaming'];
  moved_by: Namespace['movedBy'];
}

/** What a list reads of a row. */
export type NamespaceHeadRow = Omit<NamespaceRow, 'properties' | 'objects' | 'tags'>;

/** JSON has no moments. */
type Json<Timed> = Omit<Timed, 'createdAt' | 'updatedAt'> & { readonly createdAt: string; readonly updatedAt: string };

/** A resource type that any namespace was ever associated with. */
export interface ResourceTypeRow { name: string; sequence: number; created_at: string }

/** A namespace whose commits cannot be projected from `sequence` on. */
export interface ParkedNamespaceRow { token: string; sequence: number; reason: string }

export function namespaceRowOf(namespace: Namespace, { version, sequence }: { version: number; sequence: number }): NamespaceRow {
  const { name, displayName, description, visibility, isProtected, owner, resourceTypes, properties, objects, tags } = namespace;
  return {
    name, display_name: displayName, description, visibility, is_protected: isProtected, owner,
    resource_type_names: resourceTypes.map((each) => each.name),
    resource_types: resourceTypes.map(toJson), properties, objects: objects.map(toJson), tags: tags.map(toJson),
    created_at: namespace.createdAt.toISOString(), updated_at: namespace.updatedAt.toISOString(), version, sequence,
    renaming: namespace.renaming, moved_by: namespace.movedBy,
  };
}

export function namespaceOf(row: NamespaceRow): Namespace {
  return { ...headOf(row), properties: row.properties, objects: row.objects.map(fromJson), tags: row.tags.map(fromJson) };
}

/** What a list tells of a namespace. */
export type NamespaceHead = Omit<Namespace, 'properties' | 'objects' | 'tags'>;

export function headOf(row: NamespaceHeadRow): NamespaceHead {
  return {
    exists: true, name: row.name, displayName: row.display_name, description: row.description,
    visibility: row.visibility, isProtected: row.is_protected, owner: row.owner,
    resourceTypes: row.resource_types.map(fromJson), createdAt: new Date(row.created_at), updatedAt: new Date(row.updated_at), renaming: row.renaming, movedBy: row.moved_by,
  };
}

interface Timed { readonly createdAt: Date; readonly updatedAt: Date }

const toJson = <Each extends Timed>(each: Each): Json<Each> => ({ ...each, createdAt: each.createdAt.toISOString(), updatedAt: each.updatedAt.toISOString() });

const fromJson = <Each extends object>(json: Each): Omit<Each, keyof Timed> & Timed => {
  const { createdAt, updatedAt, ...rest } = json as Each & { createdAt: string; updatedAt: string };
  return { ...rest, createdAt: new Date(createdAt), updatedAt: new Date(updatedAt) } as Omit<Each, keyof Timed> & Timed;
};
