import { isIP } from 'node:net';
import { header, type Request } from './request.js';

/** Where the service seems to stand, as the client sees it. */
export interface AddressRules {
  /** Glance: DEFAULT.public_endpoint. Stands in version links; empty to take the request's own. */
  readonly publicEndpoint: string;
  /** Glance: oslo_middleware.enable_proxy_headers_parsing. Only a trusted proxy in front makes X-Forwarded-* trustworthy. */
  readonly enableProxyHeadersParsing: boolean;
}

/** Scheme, host and prefix of the request's own URL, without a slash at the end. Source: oslo.middleware http_proxy_to_wsgi. */
export function requestOrigin(request: Request, { enableProxyHeadersParsing }: AddressRules): string {
  const forwarded = (name: string): string | undefined =>
    (enableProxyHeadersParsing ? header(request, `x-forwarded-${name}`)?.split(',')[0]?.trim() : undefined) || undefined;
  const host = forwarded('host') ?? header(request, 'host') ?? `${request.socket.localAddress ?? 'localhost'}:${request.socket.localPort ?? 80}`;
  return `${forwarded('proto') ?? 'http'}://${host}${trimEnd(forwarded('prefix') ?? '')}`;
}

/** The head of links in the version list. */
export const publicOrigin = (request: Request, rules: AddressRules): string =>
  rules.publicEndpoint === '' ? requestOrigin(request, rules) : trimEnd(rules.publicEndpoint);

/** The client's address, for the log of changes and the access log. */
export function clientAddress(request: Request, { enableProxyHeadersParsing }: AddressRules): string {
  const forwarded = enableProxyHeadersParsing ? header(request, 'x-forwarded-for')?.split(',')[0]?.trim() : undefined;
  return forwarded && isIP(forwarded) ? forwarded : request.socket.remoteAddress ?? '';
}

const trimEnd = (url: string): string => url.endsWith('/') ? url.slice(0, -1) : url;
