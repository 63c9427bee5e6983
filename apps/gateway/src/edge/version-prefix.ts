/**
 * Which versions of the Image API are advertised. There is no negotiation of minor versions: every prefix leads to the same routes,
 * and clients look a version up in this list to learn what a service can do. Source: API.md section 1, more than one store, no cache.
 */
const supportedMinors = [15, 13, 12, 11, 10, 9, 8, 17, 7, 6, 5, 4, 3, 2, 1, 0] as const;
const currentMinor = 17;

export const apiVersions = supportedMinors.map((minor) => ({ id: `v2.${minor}`, status: minor === currentMinor ? 'CURRENT' : 'SUPPORTED' }));

const prefixes: ReadonlySet<string> = new Set(['v2', ...apiVersions.map(({ id }) => id)]);
const acceptPrefix = 'application/vnd.openstack.images-';

/**
 * The URL under which a request is routed: every version prefix becomes `/v2`, `Accept: application/vnd.openstack.images-v2.N` puts one
 * before a path that has none, and a first segment that is no version leads to the list of versions.
 * Source: Glance `api/middleware/version_negotiation.py`.
 */
export function rewrittenUrl(url: string, accept: string | undefined): string {
  const [, first = '', rest = ''] = /^\/*([^/?#]*)(.*)$/.exec(url) ?? [];
  if (prefixes.has(first)) return `/v2${rest.replace(/^\/+/, '/')}`;
  if (first === 'versions') return '/versions';
  if (first === 'healthcheck') return url;
  return acceptsVersion(accept) ? `/v2${url}` : '/';
}

function acceptsVersion(accept = ''): boolean {
  const [version = ''] = accept.slice(acceptPrefix.length).split(/[;,]/);
  return accept.startsWith(acceptPrefix) && prefixes.has(version);
}
