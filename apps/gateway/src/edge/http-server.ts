import { RouteConfig } from '@nestjs/platform-fastify';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Identity } from '#libs/identity';
import { Problem } from '#libs/domain';
import { noTracing, requestContext, type Logger, type Tracing } from '#libs/platform';
import type { AddressRules } from './address.js';
import { clientAddress } from './address.js';
import { openPaths } from '../discovery/contract.js';
import { applyCors, type CorsRules } from './cors.js';
import { errorBody } from './error-body.js';
import { hasBody } from './json-body.js';
import { knownRoutes } from './known-routes.js';
import { ProblemFilter, type RefusalFacts } from './problem.filter.js';
import { requestIdOf } from './request-id.js';
import { requestRate, type RateRules } from './request-rate.js';
import { header, type Reply, type Request } from './request.js';
import { offerTus } from '../uploads/tus.js';
import { endSilentConnections } from './silent-connections.js';
import { rewrittenUrl } from './version-prefix.js';

export interface EdgeRules extends AddressRules {
  readonly maxRequestIdLength: number;
  readonly cors: CorsRules;
  readonly imageSizeCap: number;
  readonly rate: RateRules;
}

export interface EdgeParts {
  readonly identity: Identity;
  readonly logger: Logger;
  readonly rules: EdgeRules;
  readonly tracing?: Tracing;
  /** Told of every answer, for the metrics. */
  onAnswered?(route: string, method: string, status: number, seconds: number): void;
}

/** Marks a route that reads a request body; to every other route a body is an error. */
export const TakesBody = (): MethodDecorator & ClassDecorator => RouteConfig({ takesBody: true });

/**
 * A Fastify that hands over bodies unread, as the stream they are: an image's data must never pass a parser, and JSON
 * is read by `jsonBody` with a bound of its own.
 */
export function createHttpAdapter({ hasCache = false }: { readonly hasCache?: boolean } = {}): FastifyAdapter {
  const adapter = new FastifyAdapter({
    logger: false,
    bodyLimit: Number.MAX_SAFE_INTEGER,
    exposeHeadRoutes: false,
    // Uploads and downloads take as long as they take; their own stall limits end them.
    requestTimeout: 0,
    keepAliveTimeout: 75_000,
    rewriteUrl: (request: IncomingMessage) => rewrittenUrl(request.url ?? '/', request.headers.accept, { hasCache }),
    clientErrorHandler: answerUnreadable,
    frameworkErrors: answerUnroutable,
    routerOptions: { maxParamLength: 4096, querystringParser: () => ({}) },
    skipMiddie: true,
    multipart: false,
  });
  const fastify = adapter.getInstance();
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', (_request, _payload, done) => done(null));
  endSilentConnections(fastify);
  return adapter;
}

/** Puts the edge before the routes: request id, CORS, caller, refusals, access log. Call before the application is initialised. */
export function installEdge(app: NestFastifyApplication, parts: EdgeParts): void {
  const fastify = app.getHttpAdapter().getInstance();
  const routes = knownRoutes();
  const facts: RefusalFacts = { logger: parts.logger, routes, wwwAuthenticate: parts.identity.wwwAuthenticate };
  app.useGlobalFilters(new ProblemFilter(facts));
  fastify.decorateRequest('caller', null as never);
  fastify.decorateRequest('requestId', '');
  fastify.decorateRequest('arrivedAt', 0);
  fastify.addHook('onRoute', ({ method, url }) => routes.add(method, url));
  fastify.addHook('onRequest', (request, reply, done) => {
    request.arrivedAt = performance.now();
    forgetUnreadableMediaType(request);
    const given = header(request, 'x-openstack-request-id');
    request.requestId = requestIdOf(undefined, parts.rules.maxRequestIdLength);
    reply.header('x-openstack-request-id', request.requestId);
    refusing(() => { request.requestId = requestIdOf(given, parts.rules.maxRequestIdLength); }, done, () => {
      reply.header('x-openstack-request-id', request.requestId);
      applyCors(request, reply, parts.rules.cors);
      if (request.method === 'OPTIONS') {
        offerTus(request, reply, parts.rules.imageSizeCap);
        return void reply.code(200).send();
      }
      requestContext.run({ requestId: request.requestId, ...tracedRequest(request, reply, parts.tracing ?? noTracing) }, done);
    });
  });
  fastify.addHook('onRequest', (request, _reply, done) => authenticate(request, parts.identity, done));
  const count = requestRate(parts.rules.rate);
  fastify.addHook('preHandler', (request, _reply, done) => refusing(() => { if (request.caller as Request['caller'] | null) count(request.method, request.caller); }, done, done));
  fastify.addHook('preHandler', (request, _reply, done) => refusing(() => refuseUnexpectedBody(request), done, done));
  fastify.addHook('onSend', (_request, reply, _payload, done) => {
    // Fastify names a charset, which JSON has none of, and clients compare the header as a whole.
    if (/^application\/json; *charset=/i.test(String(reply.getHeader('content-type')))) reply.header('content-type', 'application/json');
    done();
  });
  // Its fields are ours, and none is a secret: looking for one took a twentieth of what a request costs.
  const lines = { ...parts, logger: parts.logger.child({}, { redact: [] }) };
  fastify.addHook('onResponse', (request, reply, done) => {
    logAnswer(request, reply, lines);
    done();
  });
}

/** The span of a request, by the pattern of its route: neither its path nor its query is anybody's but the client's. */
function tracedRequest(request: Request, { raw }: Reply, tracing: Tracing): { traceparent?: string } {
  if (!tracing.isOn) return {};
  const { method, routeOptions: { url: route = 'none' } } = request;
  // What is no header of a trace begins one, rather than going on with what is in force here: nothing is.
  const span = tracing.begin(`${method} ${route}`, { kind: 'server', parent: header(request, 'traceparent') ?? '', facts: { 'http.request.method': method, 'http.route': route, 'heliograph.request_id': request.requestId } });
  raw.once('close', () => { span.end({ 'http.response.status_code': raw.statusCode }); });
  return span.traceparent === undefined ? {} : { traceparent: span.traceparent };
}

/** Fastify refuses what it cannot read as a media type; the routes that ask for one refuse it themselves, and all others do not care. */
function forgetUnreadableMediaType({ raw: { headers } }: Request): void {
  if (headers['content-type'] !== undefined && !/^\s*[!#$%&'*+.^_`|~\w-]+\/[!#$%&'*+.^_`|~\w-]+\s*(;|$)/.test(headers['content-type'])) delete headers['content-type'];
}

function refusing(check: () => void, fail: (error: Error) => void, pass: () => void): void {
  try {
    check();
  } catch (error) {
    fail(error as Error);
    return;
  }
  pass();
}

/** What is for everybody. Every other route, and every path that is none, wants a token. */
const openRoutes: ReadonlySet<string | undefined> = openPaths;

/** A caller known from the cache costs no wait. */
function authenticate(request: Request, identity: Identity, done: (error?: Error) => void): void {
  if (!request.is404 && openRoutes.has(request.routeOptions.url)) return done();
  const token = header(request, 'x-auth-token');
  const serviceToken = header(request, 'x-service-token');
  const known = identity.knownCallerOf(token, serviceToken);
  if (known) {
    request.caller = known;
    return done();
  }
  identity.callerOf(token, serviceToken).then((caller) => {
    request.caller = caller;
    done();
  }, done);
  return undefined;
}

/** Source: API.md section 2, "unexpected body". */
function refuseUnexpectedBody(request: Request): void {
  const config = request.routeOptions.config as { takesBody?: boolean };
  if (!request.is404 && config.takesBody !== true && hasBody(request)) {
    throw new Problem('InvalidRequest', { detail: 'A body is not expected here. Send the request without one.' });
  }
}

function logAnswer(request: Request, reply: Reply, { logger, rules, onAnswered }: EdgeParts): void {
  const elapsedMs = performance.now() - request.arrivedAt;
  const caller = request.caller as Request['caller'] | null;
  logger.info({
    request_id: request.requestId, method: request.method, path: request.originalUrl, status: reply.statusCode, ms: Math.round(elapsedMs * 10) / 10,
    from: clientAddress(request, rules), ...(caller ? { user_id: caller.userId, project_id: caller.projectId } : {}),
  }, 'answered');
  onAnswered?.(request.routeOptions.url ?? 'none', request.method, reply.statusCode, elapsedMs / 1000);
}

/** A path that cannot be decoded, or whose parts are too long, reaches no hook and no route. */
function answerUnroutable(_error: Error, request: Request, reply: Reply): void {
  const { contentType, body } = errorBody(400, 'The path cannot be decoded as UTF-8, or a part of it is too long. Correct it and try again.', header(request, 'accept'));
  void reply.code(400).header('content-type', contentType).header('x-openstack-request-id', requestIdOf(undefined, 0)).send(body);
}

/** What is not HTTP never becomes a request: a verb nobody knows is 501, everything else 400. */
function answerUnreadable(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || socket.destroyed || !socket.writable) return void socket.destroy();
  const status = statusOfUnreadable[error.code ?? ''] ?? '400 Bad Request';
  const body = `${status}\n\nThe request cannot be read as HTTP.\n`;
  socket.end(`HTTP/1.1 ${status}\r\ncontent-type: text/plain; charset=UTF-8\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`);
  return undefined;
}

const statusOfUnreadable: Readonly<Record<string, string>> = {
  HPE_INVALID_METHOD: '501 Not Implemented',
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
};
