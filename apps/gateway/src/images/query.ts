import { Problem } from '#libs/domain';
import { refuseText } from '../edge/text.js';
import type { Request } from '../edge/request.js';

const maxParameters = 256;

/** The parameters of a request's URL, repeated ones kept. Refuses: InvalidRequest (not decodable as UTF-8, text that cannot be stored, too many). */
export function queryOf(request: Request): URLSearchParams {
  const text = (request.raw.url ?? '').split('?').slice(1).join('?');
  const query = new URLSearchParams();
  if (text === '') return query;
  const pairs = text.split('&').filter((pair) => pair !== '');
  if (pairs.length > maxParameters) throw new Problem('InvalidRequest', { detail: `A query may have at most ${maxParameters} parameters.` });
  for (const pair of pairs) {
    const at = pair.indexOf('=');
    query.append(decoded(at < 0 ? pair : pair.slice(0, at)), decoded(at < 0 ? '' : pair.slice(at + 1)));
  }
  return query;
}

function decoded(text: string): string {
  let plain: string;
  try {
    plain = decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw new Problem('InvalidRequest', { detail: 'The query is not UTF-8 in percent encoding. Encode it again.' });
  }
  refuseText(plain);
  return plain;
}

/** A whole number from a query; undefined where absent. Refuses: InvalidRequest. */
export function wholeNumber(name: string, text: string | undefined, { min = Number.MIN_SAFE_INTEGER }: { min?: number } = {}): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^\s*[+-]?\d+\s*$/.test(text) || !Number.isSafeInteger(value) || value < min) {
    throw new Problem('InvalidRequest', { detail: `The parameter ${name} must be a whole number${min >= 0 ? ` of at least ${min}` : ''}.` });
  }
  return value;
}
