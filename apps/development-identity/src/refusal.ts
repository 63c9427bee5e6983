import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply } from 'fastify';

const titles = { 400: 'Bad Request', 401: 'Unauthorized', 403: 'Forbidden', 404: 'Not Found', 405: 'Method Not Allowed', 413: 'Request Entity Too Large', 500: 'Internal Server Error' } as const;
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
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    if (status === 401) void reply.header('www-authenticate', `Keystone uri="${this.identityUrl()}"`);
    const message = status === 500 ? 'The development identity failed; its log says why.' : error instanceof Error ? error.message : '';
    void reply.status(status).send({ error: { code: status, message, title: titles[status] } });
  }
}

function statusOf(error: unknown): Status {
  if (error instanceof Refusal) return error.status;
  const status = error instanceof HttpException ? error.getStatus() : (error as { statusCode?: number } | null)?.statusCode ?? 500;
  return status in titles ? status as Status : 500;
}
