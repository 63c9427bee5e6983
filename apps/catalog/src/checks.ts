import { Problem } from '#libs/domain';
import { isLowerUuid } from '#libs/contracts';

/** What the catalog lets in from the bus is checked field by field: each check gives the value back, or refuses with InvalidRequest and names the field. */
export type Check<Value> = (value: unknown, name: string) => Value;
export type Checks<Shape> = { readonly [Name in keyof Shape]-?: Check<Shape[Name]> };

function refuse(name: string, expected: string): never {
  throw new Problem('InvalidRequest', { detail: `In this message, ${name} must be ${expected}.` });
}

export const anything: Check<unknown> = (value) => value;

export const text = (longest: number): Check<string> => (value, name) =>
  typeof value === 'string' && value.length <= longest ? value : refuse(name, `text of at most ${longest} characters`);

export const uuid: Check<string> = (value, name) => typeof value === 'string' && isLowerUuid(value) ? value : refuse(name, 'a lower-case UUID');

export const count: Check<number> = (value, name) =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : refuse(name, 'a whole number that is not negative');

/** ISO 8601, as JSON has it. */
export const moment: Check<Date> = (value, name) => {
  const date = new Date(typeof value === 'string' ? value : NaN);
  return Number.isNaN(date.getTime()) ? refuse(name, 'a moment, as 2026-01-31T12:00:00Z') : date;
};

export const number: Check<number> = (value, name) => typeof value === 'number' && Number.isFinite(value) ? value : refuse(name, 'a number');

export const flag: Check<boolean> = (value, name) => typeof value === 'boolean' ? value : refuse(name, 'true or false');

export const oneOf = <Word extends string | true>(words: readonly Word[]): Check<Word> => (value, name) =>
  words.find((word) => word === value) ?? refuse(name, `one of ${words.join(', ')}`);

export const nullable = <Value>(check: Check<Value>): Check<Value | null> => (value, name) => value === null ? null : check(value, name);

export const optional = <Value>(check: Check<Value>): Check<Value | undefined> => (value, name) => value === undefined ? undefined : check(value, name);

export const list = <Value>(most: number, check: Check<Value>): Check<readonly Value[]> => (value, name) =>
  Array.isArray(value) && value.length <= most ? value.map((one) => check(one, name)) : refuse(name, `a list of at most ${most}`);

export const dictionary = (most: number, keyCheck: Check<string>, check: Check<string>): Check<Readonly<Record<string, string>>> => (value, name) => {
  const entries = Object.entries(plainObject(value, name));
  if (entries.length > most) refuse(name, `at most ${most} entries`);
  return Object.fromEntries(entries.map(([key, one]) => [keyCheck(key, name), check(one, name)]));
};

/** An object of whatever JSON can say. */
export const json = (longest: number): Check<Readonly<Record<string, unknown>>> => (value, name) =>
  JSON.stringify(plainObject(value, name)).length <= longest ? value as Readonly<Record<string, unknown>> : refuse(name, `JSON of at most ${longest} characters`);

export const record = <Shape extends object>(checks: Checks<Shape>): Check<Shape> => (value, name) => present(fields(value, name, checks)) as Shape;

export function plainObject(value: unknown, name: string): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Record<string, unknown> : refuse(name, 'an object');
}

export function fields<Shape>(value: unknown, name: string, checks: Checks<Shape>): Shape {
  const given = plainObject(value, name);
  return Object.fromEntries(Object.entries<Check<unknown>>(checks).map(([key, check]) => [key, check(given[key], `${name}.${key}`)])) as Shape;
}

/** Without the fields that are undefined, as `exactOptionalPropertyTypes` wants an absent field. */
export const present = <Shape extends object>(shape: Shape): { [Name in keyof Shape]: Exclude<Shape[Name], undefined> } =>
  Object.fromEntries(Object.entries(shape).filter(([, value]) => value !== undefined)) as { [Name in keyof Shape]: Exclude<Shape[Name], undefined> };
