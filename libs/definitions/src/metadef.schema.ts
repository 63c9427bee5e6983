import { definitionTypes, metadefVisibilities } from '#libs/domain';
import type { Definitions, JsonSchema } from './json-schema.js';

/** A document of `/v2/schemas/metadefs/…`; bodies are checked against the same. Source: API.md sections 17 and 18. */
export interface MetadefDocument {
  readonly name: string;
  readonly properties: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties: false;
  readonly required?: readonly string[];
  readonly definitions?: Definitions;
}

const name: JsonSchema = { type: 'string', maxLength: 80 };
const text: JsonSchema = { type: 'string' };
const readOnlyText: JsonSchema = { type: 'string', readOnly: true };
const moment = (what: string): JsonSchema => ({ type: 'string', readOnly: true, format: 'date-time', description: what });
const type: JsonSchema = { type: 'string', enum: [...definitionTypes, null] };
const count: JsonSchema = { $ref: '#/definitions/positiveInteger' };
const countFromZero: JsonSchema = { $ref: '#/definitions/positiveIntegerDefault0' };
const texts: JsonSchema = { $ref: '#/definitions/stringArray' };

const propertyFields: Readonly<Record<string, JsonSchema>> = {
  name, title: text, description: text, type, required: texts, readonly: { type: 'boolean' }, default: {},
  operators: { type: 'array', items: text },
  minimum: { type: 'number' }, maximum: { type: 'number' }, minLength: countFromZero, maxLength: count, pattern: { type: 'string', format: 'regex' },
  enum: { type: 'array' }, items: { type: 'object', properties: { type, enum: { type: 'array' } } },
  minItems: countFromZero, maxItems: count, uniqueItems: { type: 'boolean', default: false }, additionalItems: { type: 'boolean' },
};

const definitions: Definitions = {
  positiveInteger: { type: 'integer', minimum: 0 },
  positiveIntegerDefault0: { allOf: [{ $ref: '#/definitions/positiveInteger' }, { default: 0 }] },
  stringArray: { type: 'array', items: text, uniqueItems: true },
  property: { type: 'object', additionalProperties: { type: 'object', required: ['title', 'type'], properties: propertyFields } },
};

export const namespaceSchema: MetadefDocument = {
  name: 'namespace',
  properties: {
    namespace: { type: 'string', maxLength: 80, description: 'The name of the namespace, unique in the cloud.' },
    display_name: { type: 'string', maxLength: 80, description: 'A name for people.' },
    description: { type: 'string', maxLength: 500, description: 'What the namespace is about.' },
    visibility: { type: 'string', enum: metadefVisibilities, description: 'Whether everybody may read the namespace or only its owner.' },
    protected: { type: 'boolean', description: 'Whether the namespace and what it holds refuse to be deleted.' },
    owner: { type: 'string', maxLength: 255, description: 'The project that owns the namespace.' },
    created_at: moment('When the namespace was created.'),
    updated_at: moment('When the namespace itself last changed.'),
    schema: readOnlyText,
    self: readOnlyText,
    resource_type_associations: { type: 'array', items: { type: 'object', properties: { name: text, prefix: text, properties_target: text } } },
    properties: { $ref: '#/definitions/property' },
    objects: { type: 'array', items: { type: 'object', properties: { name: text, description: text, required: texts, properties: { $ref: '#/definitions/property' } } } },
    tags: { type: 'array', items: { type: 'object', properties: { name: text } } },
  },
  additionalProperties: false,
  required: ['namespace'],
  definitions,
};

export const objectSchema: MetadefDocument = {
  name: 'object',
  properties: {
    name, description: text, required: texts, properties: { $ref: '#/definitions/property' }, schema: readOnlyText, self: readOnlyText,
    created_at: moment('When the object was created.'), updated_at: moment('When the object last changed.'),
  },
  additionalProperties: false,
  required: ['name'],
  definitions,
};

/** Alone, a property must say its name; in a collection, the key says it. */
export const propertySchema: MetadefDocument = {
  name: 'property',
  properties: propertyFields,
  additionalProperties: false,
  required: ['type', 'title', 'name'],
  definitions: {
    positiveInteger: { type: 'integer', minimum: 0 },
    positiveIntegerDefault0: { allOf: [{ $ref: '#/definitions/positiveInteger' }, { default: 0 }] },
    stringArray: { type: 'array', items: text, minItems: 1, uniqueItems: true },
  },
};

export const tagSchema: MetadefDocument = {
  name: 'tag',
  properties: { name, created_at: moment('When the tag was created.'), updated_at: moment('When the tag last changed.') },
  additionalProperties: false,
  required: ['name'],
};

/** The body of `POST …/tags`; not served. */
export const tagsToSetSchema: MetadefDocument = {
  name: 'tags',
  properties: { tags: { type: 'array', items: { type: 'object', properties: { name: text }, required: ['name'], additionalProperties: false } } },
  additionalProperties: false,
  required: ['tags'],
};

export const resourceTypeSchema: MetadefDocument = {
  name: 'resource_type_association',
  properties: {
    name: { ...name, description: 'The resource type, by Heat\'s name for it where it has one.' },
    prefix: { ...name, description: 'What stands before the names of the namespace\'s properties on such a resource, with its separator.' },
    properties_target: { ...name, description: 'Which of the resource\'s key-value sets is meant, where it has several.' },
    created_at: moment('When the association was made.'), updated_at: moment('When the association last changed.'),
  },
  additionalProperties: false,
  required: ['name'],
};

const links = [{ rel: 'first', href: '{first}' }, { rel: 'next', href: '{next}' }, { rel: 'describedby', href: '{schema}' }];

/** A list of such things, or with `keyed` an object of them by name. The definitions move outwards, where references look for them. */
export function collectionOf(key: string, { definitions: inner, ...item }: MetadefDocument, { keyed = false } = {}): object {
  const collection = keyed
    ? { type: 'object', additionalProperties: { ...item, required: item.required?.filter((each) => each !== 'name') } }
    : { type: 'array', items: item };
  return {
    name: key,
    properties: { [key]: collection, first: { type: 'string' }, next: { type: 'string' }, schema: { type: 'string' } },
    links,
    ...(inner ? { definitions: inner } : {}),
  };
}
