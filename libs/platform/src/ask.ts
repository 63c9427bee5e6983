import { EventEmitter } from 'node:events';
import { setImmediate as nextTurn, setTimeout as delay } from 'node:timers/promises';
import { connect, errors, headers } from '@nats-io/transport-node';
import type { Msg, NatsConnection } from '@nats-io/transport-node';
import { inboxPrefix, type Answer, type NatsUser } from '#libs/contracts';
import { Problem, isProblemCode } from '#libs/domain';
import { currentRequestId, type Logger } from './logging.js';
import { inSameTrace, noTracing, traceHeaders, type Tracing } from './tracing.js';

export const requestIdHeader = 'X-Request-Id';
/** As W3C names it, over HTTP and NATS alike. */
export const traceHeader = 'traceparent';

export interface BusOptions {
  readonly servers: readonly string[];
  /** The service's own NATS user; its answers come to an inbox of its own. */
  readonly user: NatsUser;
  readonly password?: string;
  readonly region: string;
  readonly logger: Logger;
  readonly tracing?: Tracing;
}

export interface AskOptions {
  /** How long an answer may take; 5 s unless told. */
  readonly timeoutMs?: number;
  /** Who does not answer, at the head of a sentence. */
  readonly what?: string;
}

/** The service's line to the others: one NATS connection that never gives up. */
export interface Bus {
  readonly connection: NatsConnection;
  readonly region: string;
  readonly tracing: Tracing;
  /**
   * Sends one question and returns what stands under `ok` in the answer. A refusal comes back as the `Problem` it was on the other side.
   * Where nobody listens it tries again for two seconds (a service that restarts is back by then). When the connection was lost and is back,
   * or nobody has answered within 2.5 s, it sends again, so a question may be heard twice: a command is recognised by its id. Where no answer
   * comes in time, `Unavailable`: whether the question was heard is then unknown, so repeat it only with the same command id.
   */
  ask<Ok>(subject: string, payload: unknown, options?: AskOptions): Promise<Ok>;
  /** Tells whoever listens now. Waits for nobody; while the connection is down the word is lost rather than kept. */
  tell(subject: string, payload: unknown): void;
  isConnected(): boolean;
  close(): Promise<void>;
}

/** For how long one answer is waited for; a service that lives has answered by then, also where it waits for the read model. */
const patienceMs = 2500;
const restartMs = 2000;

/** Connects, waiting for as long as it takes; rejects where the server refuses the user. */
export async function createBus({ servers, user, password, region, logger, tracing = noTracing }: BusOptions): Promise<Bus> {
  const connection = await connect({
    servers: [...servers], name: `${user}@${region}`, inboxPrefix: inboxPrefix(user),
    ...(password === undefined ? {} : { user, pass: password }),
    waitOnFirstConnect: true, maxReconnectAttempts: -1, reconnectTimeWait: 200, reconnectJitter: 100, timeout: 3000, pingInterval: 5000, maxPingOut: 2,
    // A server that restores its configuration may refuse for a moment; a service must not die of it.
    ignoreAuthErrorAbort: true,
    // Three stack traces for each request that goes well are a twentieth of what a command costs.
    noAsyncTraces: true,
  });
  let isUp = true;
  const line: Line = { connection, changes: new EventEmitter().setMaxListeners(0) };
  void (async () => {
    for await (const status of connection.status()) {
      if (status.type === 'disconnect') isUp = false;
      if (status.type === 'reconnect') isUp = true;
      if (status.type === 'disconnect' || status.type === 'reconnect') logger.warn({ server: status.server }, `NATS: ${status.type}`);
      if (status.type === 'reconnect') line.changes.emit('reconnect');
      if (status.type === 'error') logger.error({ err: status.error }, 'NATS refuses something this service tried');
    }
  })();
  return {
    connection, region, tracing,
    ask: <Ok>(subject: string, payload: unknown, options: AskOptions = {}) =>
      inSameTrace(tracing, `ask ${subject}`, { kind: 'client', facts: { 'messaging.system': 'nats', 'messaging.destination.name': subject } }, () => ask<Ok>(line, subject, payload, options)),
    tell: (subject, payload) => { if (isUp && !connection.isClosed() && !connection.isDraining()) connection.publish(subject, JSON.stringify(payload)); },
    isConnected: () => isUp && !connection.isClosed(),
    close: () => (isUp ? connection.drain() : connection.close()),
  };
}

interface Line { readonly connection: NatsConnection; readonly changes: EventEmitter }

async function ask<Ok>(line: Line, subject: string, payload: unknown, { timeoutMs = 5000, what = 'The catalog' }: AskOptions): Promise<Ok> {
  const data = JSON.stringify(payload);
  const startedAt = performance.now();
  for (;;) {
    const elapsedMs = performance.now() - startedAt;
    try {
      const reply = await request(line, subject, data, Math.max(1, Math.min(patienceMs, timeoutMs - elapsedMs)));
      if (reply) return resultOf<Ok>(reply.json<Answer<Ok>>());
    } catch (error) {
      if (error instanceof Problem || !isSilence(error)) throw error;
      if (!mayAskAgain(error, performance.now() - startedAt, timeoutMs)) throw new Problem('Unavailable', { what, seconds: 2 }, { cause: error });
    }
    await delay(50);
  }
}

/** The reply; undefined where the connection was lost and came back meanwhile, and with it perhaps the question or its answer. */
async function request({ connection, changes }: Line, subject: string, data: string, timeout: number): Promise<Msg | undefined> {
  const carried = headers();
  carried.set(requestIdHeader, currentRequestId() ?? '');
  const { traceparent } = traceHeaders();
  if (traceparent !== undefined) carried.set(traceHeader, traceparent);
  await endOfTurn();
  let back: (nothing: undefined) => void = () => undefined;
  const reconnected = new Promise<undefined>((resolve) => { back = resolve; });
  const again = () => { back(undefined); };
  changes.once('reconnect', again);
  const replied = connection.request(subject, data, { timeout, headers: carried });
  replied.catch(() => undefined);
  try {
    return await Promise.race([replied, reconnected]);
  } finally {
    changes.off('reconnect', again);
  }
}

let turn: Promise<void> | undefined;

/** What is asked in one turn of the event loop goes out in one write and is heard in one: each write wakes the server, and what that writes wakes who answers. */
const endOfTurn = (): Promise<void> => turn ??= nextTurn().then(() => { turn = undefined; });

function resultOf<Ok>(answer: Answer<Ok>): Ok {
  if ('ok' in answer) return answer.ok;
  const { code, params } = answer.problem;
  if (isProblemCode(code)) throw new Problem(code, params);
  throw new Error(`an answer carries the unknown problem code ${String(code)}`);
}

/** A service that restarts hears the question soon; one that took it and died leaves it to another. */
const mayAskAgain = (error: unknown, elapsedMs: number, timeoutMs: number): boolean =>
  nobodyListens(error) ? elapsedMs <= Math.min(restartMs, timeoutMs) : error instanceof errors.TimeoutError && elapsedMs < timeoutMs - 1;

const nobodyListens = (error: unknown): boolean => error instanceof errors.RequestError && error.isNoResponders();

/** No answer, nobody there, or a connection that is being closed: an outage, not a fault of ours. */
function isSilence(error: unknown): boolean {
  return error instanceof errors.RequestError || error instanceof errors.TimeoutError || error instanceof errors.ClosedConnectionError
    || error instanceof errors.DrainingConnectionError;
}
