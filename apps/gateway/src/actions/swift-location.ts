import { Problem } from '#libs/domain';
import { objectStoreUrls, type Caller } from '#libs/identity';

export interface SwiftObject {
  /** As the caller wrote it. */
  readonly location: string;
  /** Where the object is, by the caller's own catalogue. */
  readonly url: string;
}

const form = /^swift:\/\/([^/?#@\s]+)\/([^/?#\s]+)\/([^/?#\s]+)\/([^?#\s]+)$/;
const longest = 2048;

export const isSwift = (location: string): boolean => /^swift[:+]/i.test(location);

/**
 * `swift://host/account/container/object`, where `host` is that of an object store in the caller's own catalogue: he can name a store that he was told of, and never another address.
 * Refuses: UriNotAllowed. Source: seed "new upload workflow" of Glance, for the form; DESIGN.md section 6, for where it may lead.
 */
export function readSwiftLocation(location: string, { catalog }: Pick<Caller, 'catalog'>): SwiftObject {
  const [, host = '', account = '', container = '', object = ''] = form.exec(location) ?? [];
  if (host === '' || location.length > longest) throw new Problem('UriNotAllowed', { part: 'a location in Swift is swift://host/account/container/object, without a query' });
  const store = storeAt(host.toLowerCase(), objectStoreUrls(catalog));
  // `/v1/AUTH_account`, `/swift/v1` and the like: the account is the location's.
  const [base] = /^.*?\/v\d+(?:\.\d+)?(?=\/|$)/.exec(store.pathname) ?? [''];
  const path = [account, container, ...object.split('/')].map(encoded).join('/');
  return { location, url: `${store.origin}${base}/${path}` };
}

function storeAt(host: string, stores: readonly URL[]): URL {
  const store = stores.find((url) => url.host === host || url.hostname === host);
  if (store) return store;
  const known = stores.map((url) => url.host).join(', ');
  throw new Problem('UriNotAllowed', { part: `your catalogue has no object store at ${host.slice(0, 255)}; it has ${known === '' ? 'none' : known}` });
}

/** Whatever was encoded is encoded once; nothing leads out of the account. */
function encoded(segment: string): string {
  const plain = decoded(segment);
  if (plain === '.' || plain === '..') throw new Problem('UriNotAllowed', { part: 'its path leads elsewhere' });
  return encodeURIComponent(plain);
}

function decoded(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw new Problem('UriNotAllowed', { part: 'its path is not UTF-8 in percent encoding' });
  }
}
