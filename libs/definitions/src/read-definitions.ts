import {
  definitionTypes, Problem, type MetadefProperty, type NamespaceAttributes, type NamespaceContent, type ObjectDefinition, type PropertyDefinition, type ResourceTypeDefinition,
} from '#libs/domain';
import { faultIn } from './json-schema.js';
import { propertySchema, type MetadefDocument } from './metadef.schema.js';

type Body = Readonly<Record<string, unknown>>;

const refuse = (detail: string): never => { throw new Problem('InvalidRequest', { detail }); };
const longestName = 80;

/**
 * Refuses what a body may never say, in Glance's order: moments and links of the service (403), then what the schema does not allow (400).
 * Source: API.md section 18; `_disallowed_properties` of each kind in Glance 33.
 */
export function refuseMisfit(body: Body, schema: MetadefDocument, ofTheService: readonly string[] = ['created_at', 'updated_at']): void {
  for (const name of ofTheService) if (Object.hasOwn(body, name)) throw new Problem('Forbidden', { detail: `Attribute '${name}' is read-only. Leave it out.` });
  const { name: _, definitions = {}, ...rest } = schema;
  const fault = faultIn(body, { type: 'object', ...rest }, definitions, 'The body');
  if (fault !== undefined) refuse(`${fault}.`);
}
export const linksToo = ['self', 'schema', 'created_at', 'updated_at'] as const;

/** Attributes of a namespace as a body says them; what it leaves out is set to its default, on creation as on every change. */
export function attributesOf(body: Body, caller: { readonly projectId: string | null }): NamespaceAttributes {
  const { display_name, description, visibility, protected: isProtected, owner } = body as {
    display_name?: string; description?: string; visibility?: NamespaceAttributes['visibility']; protected?: boolean; owner?: string;
  };
  return {
    displayName: display_name ?? null, description: description ?? null, visibility: visibility ?? 'private', isProtected: isProtected ?? false,
    owner: owner ?? caller.projectId ?? '',
  };
}

/** What a new namespace holds, as its body says it. */
export function contentOf(body: Body): NamespaceContent {
  const { resource_type_associations = [], properties = {}, objects = [], tags = [] } = body as {
    resource_type_associations?: Body[]; properties?: Readonly<Record<string, Body>>; objects?: Body[]; tags?: Body[];
  };
  return {
    resourceTypes: resource_type_associations.map(resourceTypeOf), properties: propertiesOf(properties), objects: objects.map(objectOf),
    tags: tags.map((tag) => nameIn(tag, 'A tag', ['name'])),
  };
}

/** The names of `POST …/tags`. */
export const tagNamesOf = (body: Body): string[] => (body['tags'] as Body[]).map((tag) => nameIn(tag, 'A tag', ['name']));

export function resourceTypeOf(body: Body): ResourceTypeDefinition {
  const name = nameIn(body, 'A resource type association', ['name', 'prefix', 'properties_target']);
  const [prefix, propertiesTarget] = [body['prefix'] as string | undefined, body['properties_target'] as string | undefined];
  for (const text of [prefix, propertiesTarget]) if (text !== undefined) refuseLong(text);
  return { name, ...(prefix === undefined ? {} : { prefix }), ...(propertiesTarget === undefined ? {} : { propertiesTarget }) };
}

export function objectOf(body: Body): ObjectDefinition {
  const name = nameIn(body, 'An object', ['name', 'description', 'required', 'properties']);
  const { description, required = [], properties = {} } = body as { description?: string; required?: string[]; properties?: Readonly<Record<string, Body>> };
  return { name, ...(description === undefined ? {} : { description }), required, properties: propertiesOf(properties) };
}

export function propertyOf(body: Body): MetadefProperty {
  return { name: checkedName(body['name']), definition: definitionOf(body) };
}

export const propertiesOf = (properties: Readonly<Record<string, Body>>): MetadefProperty[] =>
  Object.entries(properties).map(([name, body]) => ({ name: checkedName(name), definition: definitionOf(body) }));

/** Words that a definition may say and that are kept. The schema lets `required` through, and Glance fails over it: so it is refused here. */
const definitionWords: ReadonlySet<string> = new Set(Object.keys(propertySchema.properties).filter((word) => word !== 'required'));

function definitionOf(body: Body): PropertyDefinition {
  refuseOthers(body, 'The definition of a property', definitionWords);
  const { type, title, minimum, maximum, items, default: byDefault, ...rest } = body;
  if (!(definitionTypes as readonly unknown[]).includes(type)) refuse(`The type of a property must be one of ${definitionTypes.join(', ')}.`);
  const words = body['enum'] === undefined ? {} : { enum: textsOf(body['enum'], 'enum') };
  return {
    ...rest, ...words, type, title,
    ...wholeNumber('minimum', minimum), ...wholeNumber('maximum', maximum),
    ...(items === undefined ? {} : { items: itemsOf(items as Body) }),
    ...textOfDefault(byDefault),
  } as unknown as PropertyDefinition;
}

function itemsOf(items: Body): NonNullable<PropertyDefinition['items']> {
  refuseOthers(items, 'The items of a property', new Set(['type', 'enum']));
  const type = items['type'];
  if (!(definitionTypes as readonly unknown[]).includes(type)) refuse(`The items of a property must have a type out of ${definitionTypes.join(', ')}.`);
  return { type: type as string, ...(items['enum'] === undefined ? {} : { enum: textsOf(items['enum'], 'enum of items') }) };
}

function textsOf(values: unknown, name: string): readonly string[] {
  if (!Array.isArray(values) || !values.every((value) => typeof value === 'string')) return refuse(`The ${name} of a property must be a list of texts.`);
  return values;
}

/** Glance keeps bounds as whole numbers, and cuts off what is not. */
const wholeNumber = (name: 'minimum' | 'maximum', value: unknown): object => typeof value === 'number' ? { [name]: Math.trunc(value) } : {};

/** Glance keeps a default as text, a boolean by Python's word for it, and nothing of what is no single value. */
function textOfDefault(value: unknown): { default?: string } {
  if (typeof value === 'string') return { default: value };
  if (typeof value === 'number') return { default: String(value) };
  return typeof value === 'boolean' ? { default: value ? 'True' : 'False' } : {};
}

function nameIn(body: Body, what: string, words: readonly string[]): string {
  refuseOthers(body, what, new Set(words));
  return checkedName(body['name'], what);
}

function refuseOthers(body: Body, what: string, words: ReadonlySet<string>): void {
  const other = Object.keys(body).find((word) => !words.has(word));
  if (other !== undefined) refuse(`${what} must not have ${other}.`);
}

/** Refuses: InvalidRequest. An empty name could never be asked for again. */
export function checkedName(name: unknown, what = 'This'): string {
  if (typeof name !== 'string' || name === '') return refuse(`${what} must have a name of 1 to ${longestName} characters.`);
  refuseLong(name);
  return name;
}

function refuseLong(text: string): void {
  if ([...text].length > longestName) refuse(`A name, a prefix or a target must not be longer than ${longestName} characters.`);
}
