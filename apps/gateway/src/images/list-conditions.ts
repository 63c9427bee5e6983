import { Problem } from '#libs/domain';
import type { TimeCondition } from '#libs/read-model';

const refuse = (detail: string): Problem => new Problem('InvalidRequest', { detail });

/**
 * The values of `name=value`, `name=eq:value` or `name=in:one,"two, with comma"`; one must match.
 * Any other word before a colon is taken for an operator and refused, as Glance does: write `eq:` before a value that holds one.
 */
export function listCondition(name: string, text: string): string[] {
  const { operator, value } = operatorOf(text);
  if (operator === undefined || operator === 'eq') return [value];
  if (operator === 'in') return splitList(name, value);
  throw refuse(`The parameter ${name} has the unknown operator ${operator}. Use in:, or eq: before a value with a colon.`);
}

function operatorOf(text: string): { operator?: string; value: string } {
  const at = text.indexOf(':');
  return at < 0 ? { value: text } : { operator: text.slice(0, at), value: text.slice(at + 1) };
}

/** Splits at commas outside of double quotes; inside of them a backslash takes the next character as it is. */
function splitList(name: string, text: string): string[] {
  const values: string[] = [];
  const item = /(?:"((?:[^"\\]|\\.)*)"|([^",]*))(,|$)/suy;
  for (;;) {
    const match = item.exec(text);
    if (!match) throw refuse(`The parameter ${name} has a quote where none belongs. Quote whole values, as in:a,"b, c".`);
    const [, quoted, bare, end] = match;
    values.push(quoted === undefined ? bare ?? '' : quoted.replaceAll(/\\(.)/gsu, '$1'));
    if (end === '') return values;
  }
}

const timeOperators = ['gt', 'gte', 'eq', 'neq', 'lt', 'lte'] as const;

/** `created_at=gte:2026-01-01T00:00:00Z`; a moment alone means eq. Moments without zone are UTC. */
export function timeCondition(name: string, text: string): TimeCondition {
  const alone = momentOf(text);
  if (alone) return { op: 'eq', at: alone };
  const { operator, value } = operatorOf(text);
  const op = timeOperators.find((each) => each === operator);
  const at = momentOf(value);
  if (!op || !at) throw refuse(`The parameter ${name} must be a moment like 2026-01-31T12:00:00Z, after one of ${timeOperators.map((each) => `${each}:`).join(' ')} or nothing.`);
  return { op, at };
}

/** ISO 8601, also without its dashes and colons, and shortened to a day, a month or a year. */
const iso = /^(\d{4})(?:-?(\d{2})(?:-?(\d{2})(?:[T ](\d{2}):?(\d{2})(?::?(\d{2}(?:[.,]\d{1,9})?))?)?)?)?(Z|[+-]\d{2}(?::?\d{2})?)?$/;

/** A moment as clients write it; undefined for what is none. Without a zone it is UTC. */
export function momentOf(text: string): Date | undefined {
  const [whole, year = '', month = '01', date = '01', ...time] = iso.exec(text.trim()) ?? [];
  const day = `${year}-${month}-${date}`;
  if (whole === undefined || !isDay(day)) return undefined;
  const moment = new Date(`${day}T${timeOf(time)}`);
  return Number.isNaN(moment.getTime()) ? undefined : moment;
}

/** Hour, minute, second and zone, each of which may be missing. */
function timeOf([hour = '00', minute = '00', second = '00', zone = 'Z']: readonly (string | undefined)[]): string {
  const offset = zone.replace(/^([+-]\d{2}):?(\d{2})?$/, (_, hours: string, minutes = '00') => `${hours}:${String(minutes)}`);
  return `${hour}:${minute}:${second.replace(',', '.')}${offset}`;
}

/** JavaScript rolls the 31st of April over into May; a client who writes it is told instead. */
function isDay(day: string): boolean {
  const date = new Date(`${day}T00:00Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(day);
}
