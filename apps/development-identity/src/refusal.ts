import { Catch, HttpException, NotFoundException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';

const titles = { 400: 'Bad Request', 401: 'Unauthorized', 403: 'Forbidden', 404: 'Not Found', 405: 'Method Not Allowed', 409: 'Conflict', 413: 'Request Entity Too Large', 500: 'Internal Server Error' } as const;
type Status = keyof typeof titles;

/** A refusal in the words of the Identity API. */
export class Refusal extends Error {
  constructor(readonly status: Status, message: string) {
    super(message);
  }
}

export const unauthorized = (): Refusal => new Refusal(401, 'The request you have made requires authentication.');
export const notFound = (what: string): Refusal => new Refusal(404, `Could not find ${what}.`);

/** Writes every refusal as Keystone does: `{"error": {code, message, title}}`. */
@Catch()
export class RefusalFilter implements ExceptionFilter {
  constructor(private readonly report: (error: unknown) => void, private readonly identityUrl: () => string) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const status = statusOf(error);
    if (status === 500) this.report(error);
    const http = host.switchToHttp();
    const isChange = error instanceof NotFoundException && http.getRequest<FastifyRequest>().method !== 'GET';
    const { status: code, message } = isChange ? cannotChange : { status, message: status === 500 ? failed : String((error as Error).message) };
    const reply = http.getResponse<FastifyReply>();
    if (code === 401) void reply.header('www-authenticate', `Keystone uri="${this.identityUrl()}"`);
    void reply.status(code).send({ error: { code, message, title: titles[code] } });
  }
}

const failed = 'The development identity failed; its log says why.';
const cannotChange = new Refusal(403, 'Users, projects and endpoints of the development identity are fixed. Use a real Keystone to change them.');

function statusOf(error: unknown): Status {
  if (error instanceof Refusal) return error.status;
  const status = error instanceof HttpException ? error.getStatus() : (error as { statusCode?: number } | null)?.statusCode ?? 500;
  return status in titles ? status as Status : 500;
}
