import { readFileSync } from 'node:fs';
import { knownProperties, type CustomProperties } from './image.schema.js';
import { isReservedName } from './attribute-names.js';
import type { PropertySchema } from './property-schema.js';

/**
 * What the operator says of additional properties instead of what Glance ships: `{"properties": {name: schema}, "required": [name]}`, or the
 * properties alone. Empty path: what Glance ships. Additional properties are text, and only what is checked may be said of them.
 * Throws, naming everything that is wrong, where the file cannot be used. Source: Glance's schema-image.json; API.md sections 5 and 17.
 */
export function customProperties(path: string): CustomProperties {
  if (path === '') return { properties: knownProperties, required: [] };
  const read = fileOf(path);
  const hasBoth = isObject(read['properties']);
  const written = hasBoth ? read['properties'] as Record<string, unknown> : read;
  const required = hasBoth ? read['required'] ?? [] : [];
  const faults = Object.entries(written).flatMap(([name, schema]) => faultsOf(name, schema).map((fault) => `${name} ${fault}`));
  if (!Array.isArray(required) || !required.every((name) => typeof name === 'string')) faults.push('required is no list of names');
  if (faults.length > 0) throw new Error(`The schema file ${path} cannot be used:\n${faults.join('\n')}`);
  const properties = Object.fromEntries(Object.entries(written as Record<string, PropertySchema>).map(([name, schema]) => [name, { ...schema, is_base: false }]));
  return { properties, required: required as string[] };
}

/** The last three say nothing that could be checked. */
const keywords: ReadonlySet<string> = new Set(['type', 'enum', 'pattern', 'minLength', 'maxLength', 'is_base', 'description', 'title', 'default']);

function faultsOf(name: string, schema: unknown): string[] {
  if (!isObject(schema)) return ['is no schema'];
  const types = [schema['type']].flat();
  return [
    ...(isReservedName(name) ? ['is a name that the service keeps for itself'] : []),
    ...(types.includes('string') && types.every((type) => type === 'string' || type === 'null') ? [] : ['must be of type string, or string and null: additional properties are text']),
    ...Object.keys(schema).filter((keyword) => !keywords.has(keyword)).map((keyword) => `says ${keyword}, which is not checked here; use ${[...keywords].join(', ')}`),
    ...(isUsable(schema['pattern']) ? [] : ['has a pattern that is no regular expression']),
  ];
}

function isUsable(pattern: unknown): boolean {
  try {
    return pattern === undefined || (typeof pattern === 'string' && new RegExp(pattern) instanceof RegExp);
  } catch {
    return false;
  }
}

function fileOf(path: string): Record<string, unknown> {
  try {
    const read: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (!isObject(read)) throw new Error('it holds no object');
    return read;
  } catch (error) {
    throw new Error(`The schema file ${path} cannot be used: ${(error as Error).message}`, { cause: error });
  }
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
