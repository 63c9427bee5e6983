import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { Consumer, ConsumerMessages, JsMsg } from '@nats-io/jetstream';
import { nanos, type NatsConnection } from '@nats-io/transport-node';
import { setTimeout as pause } from 'node:timers/promises';
import { imageSubjects, streamName } from '#libs/contracts';
import { watchConnection } from './connection-watch.js';
import { traceHeader, type Stored } from './event-log.js';
import { requestTimeoutMs } from './nats-errors.js';

export interface WorkOptions {
  readonly region: string;
  /** Of the durable consumer; all processes that work under it share the work. */
  readonly name: string;
  /** How many commits all of them may have in hand together. */
  readonly atOnce: number;
  /** Who has given no sign of life for so long has died, and another one gets his work. */
  readonly handedOnAfterMs: number;
  /** Ends it; what is in hand is waited for. */
  readonly signal: AbortSignal;
  /** Whether there is anything to do about a commit, as far as a look at it tells; without it, there is about each. */
  concerns?(commit: Stored): boolean;
  /** Told when work failed, and is tried again later, or when the log cannot be reached. */
  onTrouble(error: unknown): void;
}

/** `done`: it never comes again. `taken over`: somebody else has it in hand, and this process lets go of it without a word. */
export type WorkOutcome = 'done' | 'taken over';

const retryMs = 200;
const longestDelayMs = 30_000;

/** The most that one request to the server asks for. How many come at once it limits itself, by `atOnce`. */
const askedForAtOnce = 200;

/**
 * Hands every commit of an image that concerns `work` to it, at least once, several at a time, in no order; a commit whose worker rejects or dies comes again.
 * A commit is never in hand twice in one process. Resolves when `signal` has aborted and nothing is in hand any more.
 */
export async function workOnImages(connection: NatsConnection, options: WorkOptions, work: (commit: Stored) => Promise<WorkOutcome>): Promise<void> {
  const { signal, onTrouble } = options;
  const watch = watchConnection(connection);
  const hands = inHand(work, options);
  while (!signal.aborted && !connection.isClosed()) {
    try {
      const consumer = await durableConsumer(connection, options);
      const messages = await consumer.consume({ max_messages: Math.max(options.atOnce, askedForAtOnce), expires: 10_000, idle_heartbeat: 2_000, abort_on_missing_resource: true });
      await takeAll(messages, { signal, onDisconnect: watch.onDisconnect }, hands.take);
    } catch (error) {
      if (!signal.aborted && watch.isUp()) onTrouble(error);
    }
    await pause(retryMs, undefined, { signal }).catch(() => undefined);
  }
  await hands.empty();
}

export interface WorkBacklog {
  /** Commits that nobody has been given yet. */
  readonly waiting: number;
  /** Commits that somebody has in hand. */
  readonly inHand: number;
}

/** What those who share the work of a durable consumer have still to do. Rejects where it does not exist or nobody answers. */
export async function workBacklog(connection: NatsConnection, { region, name }: Pick<WorkOptions, 'region' | 'name'>): Promise<WorkBacklog> {
  const manager = await jetstreamManager(connection, { checkAPI: false, timeout: requestTimeoutMs });
  const { num_pending: waiting, num_ack_pending: inHand } = await manager.consumers.info(streamName(region), name);
  return { waiting, inHand };
}

/** Made where it does not exist; one that exists goes on where it was. */
async function durableConsumer(connection: NatsConnection, { region, name, atOnce, handedOnAfterMs }: WorkOptions): Promise<Consumer> {
  const stream = streamName(region);
  const manager = await jetstreamManager(connection, { checkAPI: false });
  await manager.consumers.add(stream, {
    durable_name: name, filter_subject: imageSubjects(region), deliver_policy: DeliverPolicy.All,
    ack_policy: AckPolicy.Explicit, ack_wait: nanos(handedOnAfterMs), max_ack_pending: atOnce,
  });
  return jetstream(connection).consumers.get(stream, name);
}

/** Until the consumer breaks, the connection does, or `signal` aborts. */
async function takeAll(messages: ConsumerMessages, { signal, onDisconnect }: { signal: AbortSignal; onDisconnect(listener: () => void): () => void }, take: (message: JsMsg) => void): Promise<void> {
  const stop = (): void => void messages.stop();
  const forget = onDisconnect(stop);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  stopOnTrouble(messages, stop);
  try {
    for await (const message of messages) take(message);
  } finally {
    stop();
    forget();
    signal.removeEventListener('abort', stop);
  }
}

const troubles: ReadonlySet<string> = new Set(['heartbeats_missed', 'consumer_not_found', 'consumer_deleted', 'stream_not_found', 'no_responders']);

function stopOnTrouble(messages: ConsumerMessages, stop: () => void): void {
  const watch = async (): Promise<void> => {
    for await (const { type } of messages.status()) if (troubles.has(type)) stop();
  };
  watch().catch(stop);
}

function inHand(work: (commit: Stored) => Promise<WorkOutcome>, { signal, onTrouble, handedOnAfterMs, concerns = () => true }: WorkOptions) {
  /** The latest delivery of each commit in hand: only that one's answer counts. */
  const deliveries = new Map<number, JsMsg>();
  const working = new Set<Promise<void>>();

  async function carryOut(first: JsMsg): Promise<void> {
    const latest = (): JsMsg => deliveries.get(first.seq) ?? first;
    const heartbeat = setInterval(() => { latest().working(); }, handedOnAfterMs / 4);
    try {
      if (await work(storedIn(first)) === 'done') latest().ack();
    } catch (error) {
      if (!signal.aborted) onTrouble(error);
      latest().nak(signal.aborted ? 0 : Math.min(longestDelayMs, 1000 * 2 ** Math.min(first.info.deliveryCount - 1, 5)));
    } finally {
      clearInterval(heartbeat);
      deliveries.delete(first.seq);
    }
  }

  return {
    take(message: JsMsg): void {
      if (!concerns({ sequence: message.seq, subject: message.subject, bytes: message.data })) {
        message.ack();
        return;
      }
      const isInHand = deliveries.has(message.seq);
      deliveries.set(message.seq, message);
      if (isInHand) return;
      const done = carryOut(message).finally(() => working.delete(done));
      working.add(done);
    },
    empty: async (): Promise<void> => { await Promise.all(working); },
  };
}

function storedIn({ seq: sequence, subject, data: bytes, headers }: JsMsg): Stored {
  const traceparent = headers?.get(traceHeader) ?? '';
  return { sequence, subject, bytes, ...(traceparent === '' ? {} : { traceparent }) };
}
