/** The part of JSON Schema that the schemas of metadata definitions are written in. */
export interface JsonSchema {
  readonly type?: string;
  readonly description?: string;
  readonly readOnly?: boolean;
  readonly enum?: readonly (string | null)[];
  readonly format?: string;
  readonly default?: unknown;
  readonly maxLength?: number;
  readonly minLength?: number;
  readonly minimum?: number;
  readonly items?: JsonSchema;
  readonly minItems?: number;
  readonly uniqueItems?: boolean;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: boolean | JsonSchema;
  readonly allOf?: readonly JsonSchema[];
  /** Only `#/definitions/<name>`. */
  readonly $ref?: string;
}

export type Definitions = Readonly<Record<string, JsonSchema>>;

/** What is wrong with a value, as a sentence that begins with its place; undefined where it conforms. Lengths count characters (code points), as clients do. */
export function faultIn(value: unknown, schema: JsonSchema, definitions: Definitions, place: string): string | undefined {
  const whole = resolved(schema, definitions);
  if (whole.type !== undefined && !isOfType(value, whole.type)) return `${place} must be ${typeNames[whole.type] ?? whole.type}`;
  if (Array.isArray(value)) return listFault(value, whole, definitions, place);
  if (typeof value === 'object' && value !== null) return objectFault(value as Readonly<Record<string, unknown>>, whole, definitions, place);
  return scalarFault(value, whole, place);
}

function scalarFault(value: unknown, { enum: words, minimum, ...text }: JsonSchema, place: string): string | undefined {
  if (words && !words.includes(value as string | null)) return `${place} must be one of ${words.filter((each) => each !== null).join(', ')}`;
  if (typeof value === 'string') return textFault(value, text, place);
  return typeof value === 'number' && minimum !== undefined && value < minimum ? `${place} must be at least ${minimum}` : undefined;
}

function resolved({ $ref, allOf = [], ...rest }: JsonSchema, definitions: Definitions): JsonSchema {
  const referred = $ref === undefined ? undefined : definitions[$ref.replace('#/definitions/', '')];
  const parts = [...(referred ? [referred] : []), ...allOf].map((each) => resolved(each, definitions));
  return Object.assign({}, ...parts, rest) as JsonSchema;
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'text', integer: 'a whole number', number: 'a number', boolean: 'true or false', array: 'a list', object: 'an object',
};

function isOfType(value: unknown, type: string): boolean {
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value);
  return typeof value === type;
}

function textFault(value: string, { maxLength, minLength = 0 }: JsonSchema, place: string): string | undefined {
  if (value.length < minLength) return `${place} must not be empty`;
  return maxLength !== undefined && value.length > maxLength && [...value].length > maxLength ? `${place} must not be longer than ${maxLength} characters` : undefined;
}

function listFault(values: readonly unknown[], { items, uniqueItems, minItems = 0 }: JsonSchema, definitions: Definitions, place: string): string | undefined {
  if (values.length < minItems) return `${place} must have at least ${minItems} items`;
  if (uniqueItems && new Set(values.map((value) => JSON.stringify(value))).size < values.length) return `${place} must not hold the same item twice`;
  return items && firstOf(values.map((value, at) => () => faultIn(value, items, definitions, `${place}[${at}]`)));
}

function objectFault(value: Readonly<Record<string, unknown>>, schema: JsonSchema, definitions: Definitions, place: string): string | undefined {
  const { properties = {}, required = [], additionalProperties = true } = schema;
  const missing = required.find((name) => !Object.hasOwn(value, name));
  if (missing !== undefined) return `${place} must have ${missing}`;
  return firstOf(Object.entries(value).map(([name, each]) => () => {
    const known = Object.hasOwn(properties, name) ? properties[name] : undefined;
    if (!known && additionalProperties === false) return `${place} must not have ${name}`;
    const wanted = known ?? (typeof additionalProperties === 'object' ? additionalProperties : undefined);
    return wanted && faultIn(each, wanted, definitions, `${place}.${name}`);
  }));
}

function firstOf(checks: readonly (() => string | undefined)[]): string | undefined {
  for (const check of checks) {
    const found = check();
    if (found !== undefined) return found;
  }
  return undefined;
}
