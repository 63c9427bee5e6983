import { header, type Reply, type Request } from './request.js';

/** Glance: section [cors], by the same names. */
export interface CorsRules {
  readonly allowedOrigin: readonly string[];
  readonly allowCredentials: boolean;
  readonly exposeHeaders: readonly string[];
  readonly maxAge: number;
  readonly allowMethods: readonly string[];
  readonly allowHeaders: readonly string[];
}

/** What Glance sets where an operator sets nothing, with Content-Type for Horizon's direct upload, and what uploads in parts need. Source: API.md section 25. */
export const corsDefaults = {
  exposeHeaders: [
    'X-Image-Meta-Checksum', 'X-Auth-Token', 'X-Subject-Token', 'X-Service-Token', 'X-OpenStack-Request-ID',
    'Location', 'Tus-Resumable', 'Upload-Offset', 'Upload-Length', 'Upload-Metadata', 'Upload-Expires', 'Upload-Concat',
  ],
  allowMethods: ['GET', 'PUT', 'POST', 'DELETE', 'PATCH', 'HEAD'],
  allowHeaders: [
    'Content-MD5', 'X-Image-Meta-Checksum', 'X-Storage-Token', 'Accept-Encoding', 'X-Auth-Token', 'X-Identity-Status', 'X-Roles',
    'X-Service-Catalog', 'X-User-Id', 'X-Tenant-Id', 'X-OpenStack-Request-ID', 'Content-Type', 'Idempotency-Key',
    'Content-Range', 'Tus-Resumable', 'Upload-Offset', 'Upload-Length', 'Upload-Defer-Length', 'Upload-Metadata', 'Upload-Concat', 'Upload-Checksum',
  ],
} as const;

const simpleHeaders = new Set(['accept', 'accept-language', 'content-type', 'cache-control', 'content-language', 'expires', 'last-modified', 'pragma']);

/** Puts the headers on the answer to come, which for every OPTIONS is an empty 200. Source: oslo.middleware cors. */
export function applyCors(request: Request, reply: Reply, rules: CorsRules): void {
  const origin = header(request, 'origin');
  if (rules.allowedOrigin.length === 0 || origin === undefined) return;
  const wanted = request.method === 'OPTIONS' ? header(request, 'access-control-request-method') : undefined;
  const isAllowed = rules.allowedOrigin.includes('*') || rules.allowedOrigin.includes(origin);
  if (isAllowed && (wanted === undefined || mayPreflight(request, wanted, rules))) setHeaders(reply, origin, wanted !== undefined, rules);
}

function mayPreflight(request: Request, method: string, { allowMethods, allowHeaders }: CorsRules): boolean {
  const allowed = new Set([...simpleHeaders, ...allowHeaders.map((name) => name.toLowerCase())]);
  const asked = (header(request, 'access-control-request-headers') ?? '').split(',').map((name) => name.trim().toLowerCase()).filter((name) => name !== '');
  return allowMethods.includes(method) && asked.every((name) => allowed.has(name));
}

function setHeaders(reply: Reply, origin: string, isPreflight: boolean, rules: CorsRules): void {
  reply.header('access-control-allow-origin', origin).header('vary', 'Origin');
  if (rules.allowCredentials) reply.header('access-control-allow-credentials', 'true');
  if (isPreflight) {
    reply.header('access-control-max-age', String(rules.maxAge));
    reply.header('access-control-allow-methods', rules.allowMethods.join(','));
    reply.header('access-control-allow-headers', rules.allowHeaders.join(','));
  } else if (rules.exposeHeaders.length > 0) {
    reply.header('access-control-expose-headers', rules.exposeHeaders.join(','));
  }
}
