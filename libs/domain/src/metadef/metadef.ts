/** Whether everybody may read a namespace, or only the project that owns it. */
export const metadefVisibilities = ['public', 'private'] as const;
export type MetadefVisibility = (typeof metadefVisibilities)[number];

export const definitionTypes = ['array', 'boolean', 'integer', 'number', 'object', 'string'] as const;

/** What a property may be, in the words of JSON Schema and of the Image API; what is absent was not said. */
export interface PropertyDefinition {
  readonly type: string;
  readonly title: string;
  /** The name once more, where it was said inside of the definition: clients of Glance are shown it there. */
  readonly name?: string;
  readonly description?: string;
  readonly operators?: readonly string[];
  readonly default?: string;
  readonly readonly?: boolean;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly enum?: readonly string[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly confidential?: boolean;
  readonly items?: { readonly type: string; readonly enum?: readonly string[] };
  readonly uniqueItems?: boolean;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly additionalItems?: boolean;
}

export interface MetadefProperty { readonly name: string; readonly definition: PropertyDefinition }

/** What an object is, without when. `required` names some of its properties. */
export interface ObjectDefinition {
  readonly name: string;
  readonly description?: string;
  readonly required: readonly string[];
  readonly properties: readonly MetadefProperty[];
}
/** What kind of resource a namespace is for; `prefix` stands before its property names there. */
export interface ResourceTypeDefinition { readonly name: string; readonly prefix?: string; readonly propertiesTarget?: string }

interface Times { readonly createdAt: Date; readonly updatedAt: Date }
export type MetadefObject = ObjectDefinition & Times;
export type ResourceTypeAssociation = ResourceTypeDefinition & Times;
export type MetadefTag = { readonly name: string } & Times;

/** What a namespace says of itself. */
export interface NamespaceAttributes {
  readonly displayName: string | null;
  readonly description: string | null;
  readonly visibility: MetadefVisibility;
  readonly isProtected: boolean;
  readonly owner: string;
}

/** What a namespace holds, as a client or a file says it. Names are distinct in each list. */
export interface NamespaceContent {
  readonly resourceTypes: readonly ResourceTypeDefinition[];
  readonly properties: readonly MetadefProperty[];
  readonly objects: readonly ObjectDefinition[];
  readonly tags: readonly string[];
}

/** What moves with a namespace to another name: all it holds, with the moments when that came and changed, as ISO 8601 in UTC. */
export interface MovedContent {
  readonly createdAt: string;
  readonly resourceTypes: readonly Moved<ResourceTypeAssociation>[];
  readonly properties: readonly MetadefProperty[];
  readonly objects: readonly Moved<MetadefObject>[];
  readonly tags: readonly Moved<MetadefTag>[];
}
type Moved<Timed extends Times> = Omit<Timed, keyof Times> & { readonly createdAt: string; readonly updatedAt: string };

/** A null attribute is absent from an event; an attribute that becomes null is named in `cleared`. */
type NonNullAttributes = { [Name in keyof NamespaceAttributes]: NonNullable<NamespaceAttributes[Name]> };
export const clearableNamespaceAttributes = ['displayName', 'description'] as const;
export type ClearableNamespaceAttribute = (typeof clearableNamespaceAttributes)[number];
export type StatedAttributes = Pick<NonNullAttributes, 'visibility' | 'isProtected' | 'owner'> & Partial<Pick<NonNullAttributes, ClearableNamespaceAttribute>>;

interface Event<Type extends string, Data> { readonly type: Type; readonly data: Data }

/**
 * The events of a namespace and of what it holds. Names and fields are the storage format: they are for ever.
 * Their schemas are `proto/heliograph/v1/metadef.proto`; a breaking change there fails `npm run check`.
 */
export type MetadefEvent =
  | Event<'MetadefNamespaceCreated', { name: string } & StatedAttributes & NamespaceContent>
  | Event<'MetadefNamespaceChanged', { attributes: Partial<NonNullAttributes>; cleared: readonly ClearableNamespaceAttribute[] }>
  | Event<'MetadefNamespaceDeleted', Record<never, never>>
  | Event<'MetadefNamespaceRenameStarted', { renameId: string; to: string } & StatedAttributes>
  | Event<'MetadefNamespaceMovedHere', { renameId: string; from: string; name: string } & StatedAttributes & MovedContent>
  | Event<'MetadefNamespaceMoveRefused', { renameId: string }>
  | Event<'MetadefNamespaceRenamed', { renameId: string; to: string }>
  | Event<'MetadefNamespaceRenameAbandoned', { renameId: string }>
  | Event<'MetadefResourceTypeAssociated', ResourceTypeDefinition>
  | Event<'MetadefResourceTypeAssociationChanged', ResourceTypeDefinition>
  | Event<'MetadefResourceTypeDissociated', { name: string }>
  | Event<'MetadefPropertyAdded', MetadefProperty>
  | Event<'MetadefPropertyChanged', { oldName: string } & MetadefProperty>
  | Event<'MetadefPropertyRemoved', { name: string }>
  | Event<'MetadefObjectAdded', ObjectDefinition>
  | Event<'MetadefObjectChanged', { oldName: string } & ObjectDefinition>
  | Event<'MetadefObjectRemoved', { name: string }>
  | Event<'MetadefTagAdded', { name: string }>
  | Event<'MetadefTagRenamed', { oldName: string; name: string }>
  | Event<'MetadefTagRemoved', { name: string }>;

export type MetadefEventData<Type extends MetadefEvent['type']> = Extract<MetadefEvent, { type: Type }>['data'];

export interface Namespace extends NamespaceAttributes, Times {
  readonly exists: true;
  readonly name: string;
  /** Where the namespace is going, once that is recorded there; until then nothing else may change it. */
  readonly renaming: { readonly renameId: string; readonly to: string; readonly attributes: NamespaceAttributes } | null;
  /** The rename that brought it here: the namespace that still stands under its old name is no more. */
  readonly movedBy: { readonly renameId: string; readonly from: string } | null;
  readonly resourceTypes: readonly ResourceTypeAssociation[];
  readonly properties: readonly MetadefProperty[];
  readonly objects: readonly MetadefObject[];
  readonly tags: readonly MetadefTag[];
}

/** A name that is free. Unlike the id of an image, the name of a deleted namespace may be used again. */
export interface NoNamespace { readonly exists: false }
export type NamespaceState = NoNamespace | Namespace;

export const noNamespace = (): NamespaceState => ({ exists: false });
