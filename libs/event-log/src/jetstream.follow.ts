import type { ConsumerMessages, JetStreamClient } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { setImmediate as nextTurn, setTimeout as pause } from 'node:timers/promises';
import type { ConnectionWatch } from './connection-watch.js';
import type { EventLog, FollowOptions, Stored } from './event-log.js';
import type { OwnAppends } from './own-appends.js';

/** What may wait between server and handler, more of it for who takes large batches: asking for a few at a time costs both sides. A message has at most 1 MiB, so this and one batch bound the memory of a follower. */
const readAheadMessages = (batchSize: number): number => Math.min(1024, Math.max(256, batchSize >> 2));
const batchBytes = 8 * 1024 * 1024;
const retryMs = 200;
/** So long a batch waits for what its own process is appending. A server that takes longer holds up nobody else. */
const shortGatherMs = 5;
/** The server drops the consumer of a follower that has not asked for so long. */
export const inactiveMs = 30_000;

/**
 * Following by an ordered consumer that is thrown away at the first sign of trouble (broken connection, missed heartbeat, restarted server) and made
 * anew after the last handled message: that is simpler to trust than to repair it, and quicker than the client library's own half minute.
 */
export function createFollower(connection: NatsConnection, watch: ConnectionWatch, open: (from: From) => Promise<Batches>, stream: string): EventLog['follow'] {
  return async ({ after, batchSize, signal }: FollowOptions, onBatch) => {
    let position = after;
    const handle = async (batch: readonly Stored[]) => {
      await onBatch(batch);
      position = batch.at(-1)?.sequence ?? position;
    };
    while (!signal.aborted) {
      if (connection.isClosed()) throw new Error(`the connection to the event log was closed while ${stream} was followed`);
      await followOnce(position, batchSize, signal, handle);
      await pause(retryMs, undefined, { signal }).catch(() => undefined);
    }
  };

  /** Resolves when the consumer broke or `signal` aborted; rejects where the handler did. */
  async function followOnce(after: number, batchSize: number, signal: AbortSignal, handle: (batch: readonly Stored[]) => Promise<void>): Promise<void> {
    const batches = await open({ after, batchSize }).catch(() => undefined);
    if (!batches) return;
    const stop = () => { batches.stop(); };
    const forget = watch.onDisconnect(stop);
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop();
    try {
      for (let batch = await batches.next(); batch.length > 0 && !signal.aborted; batch = await batches.next()) await handle(batch);
    } finally {
      stop();
      forget();
      signal.removeEventListener('abort', stop);
    }
  }
}

/** Where a consumer begins, and how much it hands out at once. */
export type From = Pick<FollowOptions, 'after' | 'batchSize'>;

/** What one consumer brings, until it breaks. */
export interface Batches {
  /** The next batch; empty when there will be none. */
  next(): Promise<readonly Stored[]>;
  /** Ends it: what has come is still handed out. */
  stop(): void;
}

/** What a batch waits for, and how long at most. */
export interface Gathering { readonly own: Pick<OwnAppends, 'answered'>; readonly gatherMs?: number }

/** By asking for so many messages at a time. */
export async function askedBatches(client: JetStreamClient, stream: string, { after, batchSize }: From, gathering: Gathering): Promise<Batches> {
  const consumer = await client.consumers.get(stream, { opt_start_seq: after + 1, inactive_threshold: inactiveMs });
  const messages = await consumer.consume({ max_messages: readAheadMessages(batchSize), expires: 10_000, idle_heartbeat: 2_000, abort_on_missing_resource: true });
  stopOnTrouble(messages);
  return { next: batchReader(messages, { after, batchSize, ...gathering }).next, stop: () => { messages.stop(); } };
}

/**
 * Makes batches of what has arrived: whatever is there, up to `batchSize`, so that a quiet log is handled at once and a busy one in groups. What this process was appending when
 * the first message came is waited for: changes that are made together are then paid for together, from here to their answers.
 * The client asks the server for more only as messages are taken, and holds no more than it asked for.
 */
function batchReader(messages: ConsumerMessages, { after, batchSize, own, gatherMs = shortGatherMs }: From & Gathering) {
  const waiting: Stored[] = [];
  let waitingBytes = 0;
  let hasEnded = false;
  let last = after;
  let wakeReader = () => {};
  let wakePump = () => {};

  const isFull = () => waiting.length >= batchSize || waitingBytes >= batchBytes;

  const pump = async () => {
    try {
      for await (const message of messages) {
        if (message.seq <= last) break;
        last = message.seq;
        waiting.push({ sequence: message.seq, subject: message.subject, bytes: message.data });
        waitingBytes += message.data.byteLength;
        wakeReader();
        if (isFull()) await new Promise<void>((resolve) => { wakePump = resolve; });
      }
    } catch {
      // The consumer broke; its follower makes another one.
    }
    hasEnded = true;
    wakeReader();
  };
  void pump();

  const arrival = () => new Promise<void>((resolve) => { wakeReader = resolve; });

  /** Until what is being appended now has come too, but not for long. */
  async function gather(): Promise<void> {
    let through = Infinity;
    const settleFor = (sequence: number) => {
      through = Math.min(through, sequence);
      wakeReader();
    };
    const timer = setTimeout(settleFor, gatherMs, 0);
    void own.answered().then(settleFor);
    while (last < through && !isFull() && !hasEnded) await arrival();
    clearTimeout(timer);
  }

  return {
    /** The next batch; empty when there will be none. */
    async next(): Promise<readonly Stored[]> {
      while (waiting.length === 0 && !hasEnded) await arrival();
      // What has come in the same turn of the event loop goes into the same batch.
      if (!isFull() && !hasEnded) await nextTurn();
      await gather();
      const batch = waiting.splice(0, batchSize);
      waitingBytes = 0;
      wakePump();
      return batch;
    },
  };
}

const troubles: ReadonlySet<string> = new Set(['heartbeats_missed', 'consumer_not_found', 'consumer_deleted', 'stream_not_found', 'no_responders']);

function stopOnTrouble(messages: ConsumerMessages): void {
  const watch = async () => {
    for await (const { type } of messages.status()) if (troubles.has(type)) messages.stop();
  };
  watch().catch(() => messages.stop());
}
