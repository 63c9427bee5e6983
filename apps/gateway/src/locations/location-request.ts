import { randomUUID } from 'node:crypto';
import { Problem } from '#libs/domain';
import type { UriFilter } from '#libs/download';
import { expectedHash, uriOf } from '../imports/import-source.js';
import type { RequestImport } from '../imports/import-request.js';

export interface LocationRules {
  /** The stores that read data where a location says. */
  readonly readOnlyStoreIds: readonly string[];
  readonly reach: { readonly filter: Pick<UriFilter, 'check'> };
}

type Body = Readonly<Record<string, unknown>>;

/** The hashes that a client of Glance may name here. */
const algos: readonly unknown[] = ['sha1', 'sha256', 'sha512', 'md5'];

/**
 * What the body of a new location asks for: the data stays where it is, and its size and hashes are found out by an import that writes nothing.
 * Refuses: InvalidRequest, UriNotAllowed. `storeId` is known once the caller may. Source: api-ref "Add location"; API.md section 11.
 */
export function readLocation({ url, validation_data: validation }: Body, { reach }: LocationRules): Omit<RequestImport, 'storeIds'> {
  if (typeof url !== 'string' || url === '') throw invalid('The body must name a url, as {"url": "https://…"}.');
  const isKnown = saysSomething(validation);
  return {
    type: 'RequestImageImport', importId: randomUUID(), method: 'location-import', allStoresMustSucceed: true, skipsPresent: false,
    sourceUri: uriOf(url, reach.filter), ...(isKnown ? expectedHash(validation) : {}),
  };
}

/** An empty object is what clients send who know nothing of the data. */
function saysSomething(validation: unknown): boolean {
  if (validation === undefined) return false;
  if (typeof validation !== 'object' || validation === null || Array.isArray(validation)) throw invalid('validation_data must be an object with os_hash_algo and os_hash_value.');
  if (Object.keys(validation).length === 0) return false;
  const surplus = Object.keys(validation).find((name) => name !== 'os_hash_algo' && name !== 'os_hash_value');
  if (surplus !== undefined) throw invalid(`validation_data must not have ${surplus.slice(0, 64)}.`);
  if (!algos.includes((validation as Body)['os_hash_algo'])) throw invalid(`validation_data needs os_hash_algo, one of ${algos.join(', ')}.`);
  return true;
}

const invalid = (detail: string): Problem => new Problem('InvalidRequest', { detail });
