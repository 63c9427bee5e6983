/** The part of JSON Schema that the schemas of images and members are written in. */
export interface PropertySchema {
  readonly type: string | readonly string[];
  readonly description?: string;
  readonly readOnly?: boolean;
  readonly writeOnly?: boolean;
  readonly enum?: readonly (string | null)[];
  readonly pattern?: string;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly default?: unknown;
  readonly is_base?: boolean;
  readonly items?: PropertySchema;
  readonly required?: readonly string[];
  readonly properties?: Readonly<Record<string, PropertySchema>>;
  readonly additionalProperties?: boolean;
}

/** What is wrong with a value, as the end of a sentence that begins with its name; undefined where it conforms. */
export function fault(value: unknown, schema: PropertySchema): string | undefined {
  const types = [schema.type].flat();
  if (!types.some((type) => isOfType(value, type))) return `must be ${types.map((type) => typeNames[type] ?? type).join(' or ')}`;
  if (schema.enum && !schema.enum.includes(value as string | null)) return `must be one of ${schema.enum.map((each) => each ?? 'null').join(', ')}`;
  if (typeof value === 'string') return textFault(value, schema);
  if (typeof value === 'number') return numberFault(value, schema);
  if (Array.isArray(value) && schema.items) return itemFault(value, schema.items);
  if (typeof value === 'object' && value !== null) return memberFault(value as Readonly<Record<string, unknown>>, schema);
  return undefined;
}

const typeNames: Readonly<Record<string, string>> = {
  null: 'null', string: 'text', integer: 'a whole number', boolean: 'true or false', array: 'a list', object: 'an object',
};

function isOfType(value: unknown, type: string): boolean {
  if (type === 'null') return value === null;
  if (type === 'integer') return Number.isInteger(value);
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return typeof value === 'object' && value !== null && !Array.isArray(value);
  return typeof value === type;
}

function memberFault(value: Readonly<Record<string, unknown>>, { required = [], properties = {}, additionalProperties }: PropertySchema): string | undefined {
  const missing = required.find((name) => !Object.hasOwn(value, name));
  if (missing !== undefined) return `must have ${missing}`;
  const surplus = additionalProperties === false ? Object.keys(value).find((name) => !Object.hasOwn(properties, name)) : undefined;
  if (surplus !== undefined) return `must not have ${surplus}`;
  for (const [name, schema] of Object.entries(properties)) {
    const found = Object.hasOwn(value, name) ? fault(value[name], schema) : undefined;
    if (found !== undefined) return `has a ${name} that ${found}`;
  }
  return undefined;
}

function textFault(value: string, { minLength, maxLength, pattern }: PropertySchema): string | undefined {
  if (minLength !== undefined && value.length < minLength) return `must not be shorter than ${minLength} characters`;
  if (maxLength !== undefined && value.length > maxLength) return `must not be longer than ${maxLength} characters`;
  if (pattern !== undefined && !new RegExp(pattern).test(value)) return `must look like ${pattern}`;
  return undefined;
}

function numberFault(value: number, { minimum, maximum }: PropertySchema): string | undefined {
  if (minimum !== undefined && value < minimum) return `must be at least ${minimum}`;
  if (maximum !== undefined && value > maximum) return `must be at most ${maximum}`;
  return undefined;
}

function itemFault(values: readonly unknown[], items: PropertySchema): string | undefined {
  for (const value of values) {
    const found = fault(value, items);
    if (found !== undefined) return `holds an item that ${found}`;
  }
  return undefined;
}
