import { setTimeout as delay } from 'node:timers/promises';
import { Catch, type ExceptionFilter } from '@nestjs/common';
import { Server, type CustomTransportStrategy } from '@nestjs/microservices';
import type { Msg, Subscription } from '@nats-io/transport-node';
import { lastValueFrom, throwError, type Observable } from 'rxjs';
import { commandSubject, questionSubject, questions, type AggregateKind, type Answer, type Question } from '#libs/contracts';
import { Problem } from '#libs/domain';
import { requestIdHeader, traceHeader, type Bus } from './ask.js';
import { requestContext, type Logger } from './logging.js';
import { inSameTrace, type SpanPlace } from './tracing.js';

/**
 * Nest's way in for what other services ask: `@MessagePattern('do.image')` hears `do.<region>.image`, `@MessagePattern('ask.history')`
 * hears `ask.<region>.history`; the processes of one service share the work. What the handler returns is answered as `{ ok }`, a thrown
 * `Problem` as `{ problem }`; anything else is a fault: logged here, once, and answered as `Unavailable`.
 * Closing stops hearing first and then waits for the handlers in flight.
 */
export class CommandServer extends Server implements CustomTransportStrategy {
  private readonly subscriptions: Subscription[] = [];
  private readonly inFlight = new Set<Promise<void>>();

  constructor(
    private readonly bus: Bus,
    private readonly queue: string,
    private readonly log: Logger,
    private readonly graceMs = 10_000,
  ) {
    super();
  }

  listen(callback: (error?: unknown) => void): void {
    for (const [pattern, handler] of this.messageHandlers) {
      const answered = (error: Error | null, message: Msg) => {
        if (error) this.log.error({ err: error, pattern }, 'a subscription ended');
        else this.track(this.answer(handler, message));
      };
      this.subscriptions.push(this.bus.connection.subscribe(subjectOf(pattern, this.bus.region), { queue: this.queue, callback: answered }));
    }
    // Heard by the server before this service calls itself ready.
    this.bus.connection.flush().then(() => callback(), callback);
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.subscriptions.map((subscription) => subscription.drain()));
    const timeUp = new AbortController();
    await Promise.race([this.settled(), delay(this.graceMs, undefined, { signal: timeUp.signal })]);
    timeUp.abort();
    if (this.inFlight.size > 0) this.log.error({ count: this.inFlight.size }, 'stopped before every request in flight was answered');
  }

  on(): void {}

  unwrap<T>(): T {
    return this.bus.connection as T;
  }

  private async settled(): Promise<void> {
    while (this.inFlight.size > 0) await Promise.allSettled(this.inFlight);
  }

  private track(work: Promise<void>): void {
    this.inFlight.add(work);
    void work.finally(() => this.inFlight.delete(work));
  }

  private async answer(handler: (data: unknown, context: unknown) => Promise<unknown>, message: Msg): Promise<void> {
    const requestId = message.headers?.get(requestIdHeader) ?? '';
    await requestContext.run({ requestId }, async () => {
      let answer: Answer<unknown>;
      try {
        answer = { ok: await inSameTrace(this.bus.tracing, `answer ${message.subject}`, this.placeOf(message), () => this.resultOf(handler, message)) };
      } catch (error) {
        answer = { problem: this.problemOf(error, message.subject) };
      }
      this.respond(message, answer);
    });
  }

  private placeOf({ headers, subject }: Msg): SpanPlace {
    return { kind: 'server', parent: headers?.get(traceHeader) ?? '', facts: { 'messaging.system': 'nats', 'messaging.destination.name': subject } };
  }

  private async resultOf(handler: (data: unknown, context: unknown) => Promise<unknown>, message: Msg): Promise<unknown> {
    const result = await handler(message.json(), { subject: message.subject });
    return isObservable(result) ? lastValueFrom(result, { defaultValue: null }) : result;
  }

  private respond(message: Msg, answer: Answer<unknown>): void {
    try {
      message.respond(JSON.stringify('ok' in answer && answer.ok === undefined ? { ok: null } : answer));
    } catch (error) {
      this.log.error({ err: error, subject: message.subject }, 'an answer could not be sent');
    }
  }

  private problemOf(error: unknown, subject: string): { code: Problem['code']; params: Problem['params'] } {
    if (error instanceof Problem) return { code: error.code, params: error.params };
    this.log.error({ err: error, subject }, 'a request failed with a fault');
    return { code: 'Unavailable', params: { what: 'The service behind this request', seconds: 5 } };
  }
}

/** Keeps Nest from replacing what a handler threw by "Internal server error": `CommandServer` wants to see it. */
@Catch()
export class ThrownAsIs implements ExceptionFilter {
  catch(error: unknown): Observable<never> {
    return throwError(() => error);
  }
}

function subjectOf(pattern: string, region: string): string {
  const [verb, name] = pattern.split('.') as [string, string];
  if (verb === 'do') return commandSubject(region, name as AggregateKind);
  if (verb === 'ask' && questions.includes(name as Question)) return questionSubject(region, name as Question);
  throw new Error(`no subject is known for the pattern ${pattern}`);
}

function isObservable(value: unknown): value is Observable<unknown> {
  return typeof value === 'object' && value !== null && 'subscribe' in value;
}
