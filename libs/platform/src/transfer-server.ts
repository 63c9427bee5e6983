import type { ArgumentsHost, ExceptionFilter, HttpException } from '@nestjs/common';
import type { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyInstance, FastifyReply } from 'fastify';
import type { Answer } from '#libs/contracts';
import { Problem } from '#libs/domain';
import { traceHeader } from './ask.js';
import type { Logger } from './logging.js';
import { noTracing, withTrace, type Tracing } from './tracing.js';

/** A Fastify for bytes between services: it hands bodies over unread, as the stream they are, and its paths may hold a whole capability. */
export async function createTransferAdapter({ bus: { tracing } = { tracing: noTracing } }: { readonly bus?: { readonly tracing: Tracing } } = {}): Promise<FastifyAdapter> {
  const { FastifyAdapter } = await import('@nestjs/platform-fastify');
  const adapter = new FastifyAdapter({
    logger: false,
    bodyLimit: Number.MAX_SAFE_INTEGER,
    exposeHeadRoutes: false,
    // Transfers take as long as they take; their own idle limit ends them.
    requestTimeout: 0,
    routerOptions: { maxParamLength: 8192 },
    skipMiddie: true,
  });
  const fastify = adapter.getInstance();
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', (_request, _payload, done) => done(null));
  if (tracing.isOn) traceRequests(fastify, tracing);
  return adapter;
}

/** A span for each request, by the pattern of its route: the path itself holds a capability. */
function traceRequests(fastify: FastifyInstance, tracing: Tracing): void {
  fastify.addHook('onRequest', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none';
    const parent = request.headers[traceHeader];
    const span = tracing.begin(`${request.method} ${route}`, { kind: 'server', parent: typeof parent === 'string' ? parent : '', facts: { 'http.request.method': request.method, 'http.route': route } });
    reply.raw.once('close', () => { span.end({ 'http.response.status_code': reply.raw.statusCode }); });
    withTrace(span, done);
  });
}

const statuses: Partial<Record<Problem['code'], number>> = { Forbidden: 403, ImageDataNotFound: 404, RangeNotSatisfiable: 416, Unavailable: 503, StoreUnavailable: 503 };

/**
 * Refusals go back as the JSON they travel in over the bus; the service that asked turns them into its own answers. What is no refusal is a fault:
 * logged here, once, without the path, which holds a capability.
 */
export class TransferRefusals implements ExceptionFilter {
  constructor(private readonly logger: Logger, private readonly what: string) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    if (isOfNest(thrown)) return void reply.code(thrown.getStatus()).send();
    const problem = thrown instanceof Problem ? thrown : this.fault(thrown);
    if (reply.sent || reply.raw.headersSent) return void reply.raw.destroy();
    const answer: Answer<never> = { problem: { code: problem.code, params: problem.params } };
    return void reply.code(thrown instanceof Problem ? statuses[problem.code] ?? 409 : 500).send(answer);
  }

  private fault(thrown: unknown): Problem {
    this.logger.error({ err: thrown }, 'a transfer failed by a fault of ours');
    return new Problem('Unavailable', { what: this.what, seconds: 5 });
  }
}

/** By its face: this door is opened by programs that do without Nest, and its class would bring all of it along. */
const isOfNest = (thrown: unknown): thrown is HttpException => thrown instanceof Error && typeof (thrown as Partial<HttpException>).getStatus === 'function';
