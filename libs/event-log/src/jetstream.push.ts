import { AckPolicy, DeliverPolicy, type JetStreamManager } from '@nats-io/jetstream';
import { createInbox, nanos, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { inboxPrefix, type NatsUser } from '#libs/contracts';
import type { Stored } from './event-log.js';
import { inactiveMs, type Batches, type From } from './jetstream.follow.js';

const heartbeatMs = 2_000;
/** A server that is silent for so long has forgotten the consumer. */
const silentMs = 3 * heartbeatMs;

export interface PushOptions extends From {
  /** Whose connection it is: nobody may be pushed to but where his answers go. */
  readonly user: NatsUser;
}

/**
 * The log from a sequence on, pushed by the server as fast as it is taken: after what it calls a window it waits until it is told that all before has been handled. For who
 * reads a whole log: the server need not be asked for each few messages, and no message has a promise of its own. It ends at the first gap, silence or refusal.
 */
export async function pushedBatches(connection: NatsConnection, manager: JetStreamManager, stream: string, { user, after, batchSize }: PushOptions): Promise<Batches> {
  const name = `push_${randomUUID()}`;
  const waiting: Stored[] = [];
  /** What the server waits for before it pushes more. */
  const unanswered: string[] = [];
  let delivered = 0;
  let isOver = false;
  let heardAt = performance.now();
  let wake = (): void => undefined;

  const subscription = connection.subscribe(createInbox(inboxPrefix(user)), { callback: (error, message) => {
    heardAt = performance.now();
    if (error || !hear(message)) stop();
    wake();
  } });
  const watching = setInterval(() => { if (performance.now() - heardAt > silentMs) stop(); }, heartbeatMs);

  /** False where something is missing. */
  function hear(message: Msg): boolean {
    const place = placeOf(message.reply);
    if (!place) return control(message);
    delivered += 1;
    if (place.delivered !== delivered) return false;
    waiting.push({ sequence: place.sequence, subject: message.subject, bytes: message.data });
    return true;
  }

  function control({ reply, headers }: Msg): boolean {
    if (headers?.code !== 100) return false;
    // A server that waits says so, and says it again with each heartbeat.
    const asked = reply ?? headers.get('Nats-Consumer-Stalled');
    if (asked !== '') unanswered.push(asked);
    return Number(headers.get('Nats-Last-Consumer')) <= delivered;
  }

  function stop(): void {
    if (isOver) return;
    isOver = true;
    clearInterval(watching);
    subscription.unsubscribe();
    wake();
    manager.consumers.delete(stream, name).catch(() => undefined);
  }

  await manager.consumers.add(stream, {
    name, deliver_subject: subscription.getSubject(), deliver_policy: DeliverPolicy.StartSequence, opt_start_seq: after + 1, ack_policy: AckPolicy.None, max_deliver: 1,
    flow_control: true, idle_heartbeat: nanos(heartbeatMs), inactive_threshold: nanos(inactiveMs), mem_storage: true, num_replicas: 1,
  }).catch((error: unknown) => {
    stop();
    throw error;
  });
  return {
    async next() {
      while (waiting.length === 0 && !isOver) {
        for (const subject of unanswered.splice(0)) connection.publish(subject);
        await new Promise<void>((resolve) => { wake = resolve; });
      }
      // What comes within a millisecond goes into the same batch: large ones cost everybody less.
      for (let seen = 0; waiting.length > seen && waiting.length < batchSize && !isOver;) {
        seen = waiting.length;
        await pause(1);
      }
      return waiting.splice(0, batchSize);
    },
    stop,
  };
}

/** Where a message stands, as the subject says that it would be acknowledged to: `$JS.ACK.`, since 2.10 perhaps a domain and an account, then stream, consumer, deliveries, sequence, which one it is for this consumer, … */
function placeOf(reply: string | undefined): { readonly sequence: number; readonly delivered: number } | undefined {
  if (!reply?.startsWith('$JS.ACK.')) return undefined;
  const words = reply.split('.');
  const first = words.length === 9 ? 2 : 4;
  return { sequence: Number(words[first + 3]), delivered: Number(words[first + 4]) };
}
