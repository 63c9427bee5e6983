import type { IncomingMessage } from 'node:http';
import { Problem } from '#libs/domain';
import { LinkFailure } from './link-failure.js';
import { getPinned, type GetRequest, type Reach } from './pinned-connection.js';
import type { AllowedUri } from './uri-filter.js';

/** One request on the way to the bytes, for the history of an import. */
export interface Hop {
  /** Without query and fragment, which may hold a signature. */
  readonly uri: string;
  /** Where the connection went; for operators, not for tenants. */
  readonly address: string;
  readonly status: number;
}

export interface FollowingRequest extends Omit<GetRequest, 'headers'> {
  /** Go with every hop. */
  readonly headers: Readonly<Record<string, string>>;
  /** Go to one origin alone: a token never follows a redirect to somewhere else. */
  readonly headersOfOrigin: { readonly origin: string; readonly headers: Readonly<Record<string, string>> };
  /** 0 where a redirect is a refusal. */
  readonly maxRedirects: number;
  readonly onHop?: (hop: Hop) => void;
}

export interface FollowedAnswer {
  readonly response: IncomingMessage;
  /** The URI that answered. */
  readonly uri: string;
}

const redirects: readonly number[] = [301, 302, 303, 307, 308];

/** A GET that follows redirects. Every hop passes the filter anew, is looked up anew, and is pinned anew.
 *  Refuses: UriNotAllowed, for a redirect target too. Fails with LinkFailure, or with the signal's reason. */
export async function getFollowing(uri: string, reach: Reach, request: FollowingRequest): Promise<FollowedAnswer> {
  let next = uri;
  for (let followed = 0; ; followed += 1) {
    const allowed = checked(next, reach, followed > 0);
    const { address, response } = await getPinned(allowed, reach, { ...request, headers: headersFor(allowed, request) });
    const status = response.statusCode ?? 0;
    request.onHop?.({ uri: withoutSecrets(allowed.href), address, status });
    if (!redirects.includes(status)) return { response, uri: allowed.href };
    response.destroy();
    if (followed === request.maxRedirects) throw new LinkFailure(tooMany(request.maxRedirects), false);
    next = targetOf(response.headers.location, allowed);
  }
}

/** How a URI is told to people and kept: without user name, password, query and fragment. */
export function withoutSecrets(uri: string): string {
  if (!URL.canParse(uri)) return 'this URI';
  const { protocol, host, pathname } = new URL(uri);
  return `${protocol}//${host}${pathname}`;
}

function checked(uri: string, { filter }: Reach, isRedirect: boolean): AllowedUri {
  try {
    return filter.check(uri);
  } catch (error) {
    if (!isRedirect || !(error instanceof Problem)) throw error;
    throw new Problem('UriNotAllowed', { ...error.params, part: `it redirects to another one, of which this is refused: ${error.params['part'] ?? ''}` }, { cause: error });
  }
}

function headersFor(uri: AllowedUri, { headers, headersOfOrigin }: FollowingRequest): Record<string, string> {
  return new URL(uri.href).origin === headersOfOrigin.origin ? { ...headersOfOrigin.headers, ...headers } : { ...headers };
}

/** A target that names a scheme or a host goes to the filter as it was sent, so that no disguise is undone on the way. */
function targetOf(header: string | undefined, { href, scheme }: AllowedUri): string {
  if (header === undefined || header === '') throw new LinkFailure('the server redirects but does not say where to', false);
  const location = Buffer.from(header, 'latin1').toString('utf8');
  if (/^[a-z][a-z0-9+.-]*:/i.test(location)) return location;
  if (location.startsWith('//')) return `${scheme}:${location}`;
  if (!URL.canParse(location, href)) throw new LinkFailure('the server redirects to something that is no URI', false);
  return new URL(location, href).href;
}

const tooMany = (maxRedirects: number): string => (maxRedirects === 0 ? 'the server redirects, which is not followed here' : `the server redirects more than ${maxRedirects} times`);
