import { STATUS_CODES } from 'node:http';
import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import { Problem } from '#libs/domain';
import type { Logger } from '#libs/platform';
import { answerBeforeBodyEnds } from './early-answer.js';
import { errorBody } from './error-body.js';
import type { KnownRoutes } from './known-routes.js';
import { problemStatus } from './problem-status.js';
import { header, type Reply, type Request } from './request.js';

export interface RefusalFacts {
  readonly logger: Logger;
  readonly routes: KnownRoutes;
  /** Value of `WWW-Authenticate` on every 401. */
  readonly wwwAuthenticate: string;
}

/** The one writer of error answers. A refusal gets its status and says what to do; anything else is a fault: logged here, once, with its stack, and told to nobody. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly facts: RefusalFacts) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    answerRefusal(thrown, http.getRequest<Request>(), http.getResponse<Reply>(), this.facts);
  }
}

/** The same for what is thrown before Nest has a say. */
export function answerRefusal(thrown: unknown, request: Request, reply: Reply, facts: RefusalFacts): void {
  const problem = problemOf(thrown, request, facts.routes);
  if (!problem) facts.logger.error({ err: thrown, method: request.method, path: pathOf(request) }, 'a request failed by a fault of ours');
  if (reply.sent || reply.raw.headersSent) {
    reply.raw.destroy();
    return;
  }
  answerBeforeBodyEnds(request, reply);
  const status = problem ? problemStatus[problem.code] : 500;
  if (problem) setHeaders(problem, status, reply, facts);
  const explanation = problem?.message ?? `The image service failed. Tell your operator the request id ${request.requestId}.`;
  const { contentType, body } = errorBody(status, explanation, header(request, 'accept'));
  void reply.code(status).header('content-type', contentType).send(body);
}

/** What a client that is told to come back should wait for, where nobody knows better. */
const retryAfterSeconds = 5;
const comeBack: ReadonlySet<number> = new Set([423, 429, 503]);

function setHeaders(problem: Problem, status: number, reply: Reply, { wwwAuthenticate }: RefusalFacts): void {
  const { params } = problem;
  if (status === 401) reply.header('www-authenticate', wwwAuthenticate);
  if (status === 405) reply.header('allow', String(params['allowed']));
  if (comeBack.has(status)) reply.header('retry-after', String(params['seconds'] ?? retryAfterSeconds));
  if (params['uploadOffset'] !== undefined) reply.header('upload-offset', String(params['uploadOffset']));
  if (status === 412) reply.header('tus-version', String(params['supported']));
  if (status === 415 && params['acceptPatch'] !== undefined) reply.header('accept-patch', String(params['acceptPatch']));
}

function problemOf(thrown: unknown, request: Request, routes: KnownRoutes): Problem | undefined {
  if (thrown instanceof Problem) return thrown;
  const status = statusOf(thrown);
  if (status === 404) return routes.refusal(request.method, request.url.split('?')[0] ?? '');
  if (status === 415) return new Problem('UnsupportedMediaType', { given: header(request, 'content-type') || '(none)', supported: 'any that is written as type/subtype' });
  if (status >= 400 && status < 500) return new Problem('InvalidRequest', { detail: `The request cannot be read: ${STATUS_CODES[status] ?? 'Bad Request'}.` });
  return undefined;
}

/** The status that Nest or Fastify gave to what they themselves refused; 500 for everything else. */
function statusOf(thrown: unknown): number {
  if (thrown instanceof HttpException) return thrown.getStatus();
  const { statusCode, code } = thrown as { statusCode?: unknown; code?: unknown };
  return typeof statusCode === 'number' && typeof code === 'string' && code.startsWith('FST_') ? statusCode : 500;
}

const pathOf = (request: Request): string => request.originalUrl.split('?')[0] ?? '';
