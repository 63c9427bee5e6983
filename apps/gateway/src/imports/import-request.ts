import { randomUUID } from 'node:crypto';
import { importMethods, Problem, type ImageCommand, type ImportMethod } from '#libs/domain';
import { readImportSource, type SourceRules } from './import-source.js';

export type RequestImport = Extract<ImageCommand, { type: 'RequestImageImport' }>;

export interface ImportRules {
  /** The methods that are switched on. */
  readonly importMethods: readonly string[];
  readonly storeIds: readonly string[];
  readonly readOnlyStoreIds: readonly string[];
  readonly defaultStoreId: string;
  readonly reach: Pick<SourceRules, 'filter'>;
  readonly carriesQueries: boolean;
}

type Body = Readonly<Record<string, unknown>>;

/**
 * The command that the body of an import asks for, checked as far as it can be without the image. `storeHeader` is X-Image-Meta-Store.
 * Refuses: InvalidRequest, UriNotAllowed, StoreUnknown. Source: API.md section 9.
 */
export function readImportRequest(body: Body, storeHeader: string | undefined, rules: ImportRules): RequestImport {
  const asked = body['method'];
  if (!isObject(asked)) throw invalid('The body must say how to import, as {"method": {"name": "glance-direct"}}.');
  const method = methodOf(asked['name'], rules);
  const source = readImportSource(method, asked, { filter: rules.reach.filter, carriesQueries: rules.carriesQueries });
  const skipsPresent = flag(body, 'all_stores', false);
  const allStoresMustSucceed = flag(body, 'all_stores_must_succeed', true);
  const storeIds = storesOf(body['stores'], skipsPresent, storeHeader, rules);
  return { type: 'RequestImageImport', importId: randomUUID(), method, storeIds, allStoresMustSucceed, skipsPresent, ...source };
}

function methodOf(name: unknown, { importMethods: enabled }: ImportRules): ImportMethod {
  if (typeof name !== 'string') throw invalid('The method of an import needs a name. The methods are listed at /v2/info/import.');
  const known = importMethods.find((method) => method === name && enabled.includes(method));
  if (!known) throw invalid(`The import method ${name.slice(0, 64)} is not enabled here. The methods are listed at /v2/info/import.`);
  return known;
}

function flag(body: Body, name: string, preset: boolean): boolean {
  const value = body[name] ?? preset;
  if (typeof value !== 'boolean') throw invalid(`${name} must be true or false.`);
  return value;
}

/** Where the data goes: all stores that can be written, those that are named, the one in the header, or the default one. */
function storesOf(stores: unknown, isAll: boolean, header: string | undefined, { storeIds, readOnlyStoreIds, defaultStoreId }: ImportRules): readonly string[] {
  const named = namesIn(stores);
  const ways = [isAll && 'all_stores', named.length > 0 && 'stores', header !== undefined && 'X-Image-Meta-Store'].filter((way) => way !== false);
  if (ways.length > 1) throw invalid(`${ways.join(' and ')} cannot be combined. Send one of them.`);
  if (isAll) return storeIds.filter((id) => !readOnlyStoreIds.includes(id));
  const wanted = named.length > 0 ? named : [header ?? defaultStoreId];
  const unknown = wanted.find((id) => !storeIds.includes(id));
  if (unknown !== undefined) throw new Problem('StoreUnknown', { storeId: unknown.slice(0, 64) });
  return wanted;
}

function namesIn(stores: unknown = []): readonly string[] {
  if (Array.isArray(stores) && stores.every((id): id is string => typeof id === 'string')) return stores;
  throw invalid('stores must be a list of store names.');
}

const isObject = (value: unknown): value is Body => typeof value === 'object' && value !== null && !Array.isArray(value);
const invalid = (detail: string): Problem => new Problem('InvalidRequest', { detail });
