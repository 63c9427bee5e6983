import { Catch, HttpException, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { FastifyReply } from 'fastify';
import type { Answer } from '#libs/contracts';
import { Problem } from '#libs/domain';
import type { Logger } from '#libs/platform';

const statuses: Partial<Record<Problem['code'], number>> = { Forbidden: 403, ImageDataNotFound: 404, RangeNotSatisfiable: 416, Unavailable: 503, StoreUnavailable: 503 };

/**
 * Refusals go back as the JSON they travel in over the bus; the gateway turns them into its own answers. What is no refusal is a fault:
 * logged here, once, without the path, which holds a capability.
 */
@Catch()
export class RefusalFilter implements ExceptionFilter {
  constructor(private readonly logger: Logger) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const reply = host.switchToHttp().getResponse<FastifyReply>();
    if (thrown instanceof HttpException) return void reply.code(thrown.getStatus()).send();
    const problem = thrown instanceof Problem ? thrown : this.fault(thrown);
    if (reply.sent || reply.raw.headersSent) return void reply.raw.destroy();
    const answer: Answer<never> = { problem: { code: problem.code, params: problem.params } };
    return void reply.code(thrown instanceof Problem ? statuses[problem.code] ?? 409 : 500).send(answer);
  }

  private fault(thrown: unknown): Problem {
    this.logger.error({ err: thrown }, 'a transfer failed by a fault of ours');
    return new Problem('Unavailable', { what: 'The staging area', seconds: 5 });
  }
}
