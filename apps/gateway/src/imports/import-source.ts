import { withoutSecrets, type UriFilter } from '#libs/download';
import { Problem, type ImageCommand, type ImportMethod } from '#libs/domain';
import { readRemoteSource } from '../regions/remote-source.js';
import { hexLengthOf, isOsHashAlgo } from '#libs/stores';

export type ImportSource = Pick<Extract<ImageCommand, { type: 'RequestImageImport' }>, 'sourceUri' | 'sourceRegion' | 'sourceImageId' | 'sourceInterface' | 'expectedHashAlgo' | 'expectedHashValue'>;

/** What the `method` of an import's body says of its source: where the bytes come from, and what they must hash to where the caller knows it.
 *  Refuses: InvalidRequest, UriNotAllowed. */
export function readImportSource(method: ImportMethod, asked: Readonly<Record<string, unknown>>, filter: Pick<UriFilter, 'check'>): ImportSource {
  if (method === 'web-download') return { sourceUri: uriOf(asked['uri'], filter), ...expectedHash(asked['validation_data']) };
  if (method === 'glance-download') return readRemoteSource(asked);
  return method === 'glance-direct' ? expectedHash(asked['validation_data']) : {};
}

const longestUri = 2048;

/** Refuses: UriNotAllowed, also for a query. */
export function uriOf(uri: unknown, filter: Pick<UriFilter, 'check'>): string {
  if (typeof uri !== 'string' || uri === '') throw invalid('web-download needs a uri, as {"method": {"name": "web-download", "uri": "https://…"}}.');
  const { href } = filter.check(uri);
  if (href.length > longestUri) throw new Problem('UriNotAllowed', { part: `it has more than ${longestUri} characters` });
  if (href !== withoutSecrets(href)) throw new Problem('UriNotAllowed', { part: 'it has a query, which may hold a secret and so is kept nowhere' });
  return href;
}

/** Beyond Glance, in the words of its locations: what the caller knows of the bytes is compared with what came. */
export function expectedHash(validation: unknown): Pick<ImportSource, 'expectedHashAlgo' | 'expectedHashValue'> {
  if (validation === undefined) return {};
  const { os_hash_algo: algo, os_hash_value: value } = (validation ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof algo !== 'string' || !isOsHashAlgo(algo)) throw invalid('validation_data needs os_hash_algo, the name of a hash such as sha256.');
  if (typeof value !== 'string' || value.length !== hexLengthOf(algo) || !/^[0-9a-f]+$/i.test(value)) {
    throw invalid(`validation_data needs os_hash_value, the ${algo} of the data in hexadecimal digits.`);
  }
  return { expectedHashAlgo: algo, expectedHashValue: value.toLowerCase() };
}

const invalid = (detail: string): Problem => new Problem('InvalidRequest', { detail });
