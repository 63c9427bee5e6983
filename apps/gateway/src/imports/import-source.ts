import { withoutSecrets, type UriFilter } from '#libs/download';
import { Problem, type ImageCommand, type ImportMethod } from '#libs/domain';
import { readRemoteSource } from '../regions/remote-source.js';
import { hexLengthOf, isOsHashAlgo } from '#libs/stores';

export type ImportSource = Pick<Extract<ImageCommand, { type: 'RequestImageImport' }>, 'sourceUri' | 'sourceHasQuery' | 'sourceRegion' | 'sourceImageId' | 'sourceInterface' | 'expectedHashAlgo' | 'expectedHashValue'>;

export interface SourceRules {
  readonly filter: Pick<UriFilter, 'check'>;
  /** Whether the query of a URI finds its way to the importer; it is nowhere written down. */
  readonly carriesQueries: boolean;
}

/** What the `method` of an import's body says of its source: where the bytes come from, and what they must hash to where the caller knows it.
 *  Refuses: InvalidRequest, UriNotAllowed. */
export function readImportSource(method: ImportMethod, asked: Readonly<Record<string, unknown>>, rules: SourceRules): ImportSource {
  if (method === 'web-download') return { ...webSource(asked['uri'], rules), ...expectedHash(asked['validation_data']) };
  if (method === 'glance-download') return readRemoteSource(asked);
  return method === 'glance-direct' ? expectedHash(asked['validation_data']) : {};
}

const longestUri = 2048;

function webSource(uri: unknown, { filter, carriesQueries }: SourceRules): Pick<ImportSource, 'sourceUri' | 'sourceHasQuery'> {
  if (!carriesQueries || queryIn(uri) === '') return { sourceUri: uriOf(uri, filter) };
  return { sourceUri: short(withoutSecrets(filter.check(text(uri)).href)), sourceHasQuery: true };
}

/** The query of a URI with its question mark, empty where it has none. It may hold a signature: it goes into no command, log or answer. */
export const queryIn = (uri: unknown): string => (typeof uri === 'string' && URL.canParse(uri) ? new URL(uri).search : '');

/** Refuses: InvalidRequest, UriNotAllowed, also for a query. */
export function uriOf(uri: unknown, filter: Pick<UriFilter, 'check'>): string {
  const { href } = filter.check(text(uri));
  if (href !== withoutSecrets(href)) throw new Problem('UriNotAllowed', { part: 'it has a query, which may hold a secret and so is kept nowhere' });
  return short(href);
}

function text(uri: unknown): string {
  if (typeof uri === 'string' && uri !== '') return uri;
  throw invalid('web-download needs a uri, as {"method": {"name": "web-download", "uri": "https://…"}}.');
}

function short(uri: string): string {
  if (uri.length > longestUri) throw new Problem('UriNotAllowed', { part: `it has more than ${longestUri} characters` });
  return uri;
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
