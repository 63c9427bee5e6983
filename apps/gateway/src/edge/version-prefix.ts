/**
 * Which versions of the Image API are advertised. There is no negotiation of minor versions: every prefix leads to the same routes,
 * and clients look a version up in this list to learn what a service can do. Source: API.md section 1, more than one store.
 */
const withCache = [18, 17, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0];
const withoutCache = [15, 13, 12, 11, 10, 9, 8, 17, 7, 6, 5, 4, 3, 2, 1, 0];

export interface ApiVersion { readonly id: string; readonly status: 'CURRENT' | 'SUPPORTED' }

export const apiVersions = ({ hasCache }: { readonly hasCache: boolean }): ApiVersion[] => {
  const minors = hasCache ? withCache : withoutCache;
  return minors.map((minor) => ({ id: `v2.${minor}`, status: minor === Math.max(...minors) ? 'CURRENT' : 'SUPPORTED' }));
};

const prefixesOf = (hasCache: boolean): ReadonlySet<string> => new Set(['v2', ...apiVersions({ hasCache }).map(({ id }) => id)]);
const prefixesBy = { cache: prefixesOf(true), noCache: prefixesOf(false) };
const acceptPrefix = 'application/vnd.openstack.images-';

/**
 * The URL under which a request is routed: every version prefix becomes `/v2`, `Accept: application/vnd.openstack.images-v2.N` puts one
 * before a path that has none, and a first segment that is no version leads to the list of versions.
 * Source: Glance `api/middleware/version_negotiation.py`.
 */
export function rewrittenUrl(url: string, accept: string | undefined, { hasCache }: { readonly hasCache: boolean }): string {
  const prefixes = prefixesBy[hasCache ? 'cache' : 'noCache'];
  const [, first = '', rest = ''] = /^\/*([^/?#]*)(.*)$/.exec(url) ?? [];
  if (prefixes.has(first)) return `/v2${rest.replace(/^\/+/, '/')}`;
  if (first === 'versions') return '/versions';
  if (first === 'healthcheck' || first === 'openapi.json') return url;
  return acceptsVersion(accept, prefixes) ? `/v2${url}` : '/';
}

function acceptsVersion(accept = '', prefixes: ReadonlySet<string>): boolean {
  const [version = ''] = accept.slice(acceptPrefix.length).split(/[;,]/);
  return accept.startsWith(acceptPrefix) && prefixes.has(version);
}
