import { Problem } from '#libs/domain';

/**
 * Text that no PostgreSQL column can hold: the character NUL, and half of a surrogate pair.
 * JSON can say both, and whoever sends them learns at once what is wrong instead of meeting an outage later.
 */
export const isStorable = (text: string): boolean => !text.includes('\0') && text.isWellFormed();

/** Refuses a JSON value in which any text or key is not storable. Iterative, since a client chooses how deep it nests. */
export function refuseUnstorable(value: unknown): void {
  const pending: unknown[] = [value];
  while (pending.length > 0) {
    const next = pending.pop();
    if (typeof next === 'string') refuseText(next);
    else if (Array.isArray(next)) for (const item of next) pending.push(item);
    else if (typeof next === 'object' && next !== null) {
      for (const [key, item] of Object.entries(next)) {
        refuseText(key);
        pending.push(item);
      }
    }
  }
}

/** Refuses text from a path, a query or a header by the same rule. */
export function refuseText(text: string): void {
  if (!isStorable(text)) throw new Problem('InvalidRequest', { detail: 'Text must not contain the character NUL or half of a surrogate pair. Remove it.' });
}
