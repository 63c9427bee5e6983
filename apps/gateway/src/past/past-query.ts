import type { PastUntil } from '#libs/contracts';
import { Problem } from '#libs/domain';
import { momentOf } from '../images/list-conditions.js';
import { wholeNumber } from '../images/query.js';

const names = ['time', 'sequence', 'version'] as const;

/** `time=2026-01-31T12:00:00Z`, `sequence=N` of the log, or, of one image, `version=N`. Refuses with InvalidRequest all else, none, and several of them. */
export function untilOf(query: URLSearchParams, allowed: readonly (typeof names)[number][] = names): PastUntil {
  const given = names.filter((name) => query.has(name));
  const [name] = given;
  if (name === undefined || given.length > 1 || !allowed.includes(name)) throw new Problem('InvalidRequest', { detail: `Say up to when: give one of the parameters ${allowed.join(', ')}.` });
  const text = query.getAll(name).at(-1) ?? '';
  if (name === 'time') return { at: timeIn(text).toISOString() };
  const number = wholeNumber(name, text, { min: 1 }) ?? 1;
  return name === 'sequence' ? { sequence: number } : { version: number };
}

function timeIn(text: string): Date {
  // A plus that nobody encoded comes as a space.
  const time = momentOf(text.replace(/ (\d\d:?\d\d)$/, '+$1'));
  if (!time) throw new Problem('InvalidRequest', { detail: 'The parameter time must be a moment like 2026-01-31T12:00:00Z; encode a plus as %2B.' });
  return time;
}
