import { jetstream, jetstreamManager, type JetStreamManager, type MsgRequest } from '@nats-io/jetstream';
import { headers, type MsgHdrs, type NatsConnection } from '@nats-io/transport-node';
import { addressOf, streamName, type NatsUser } from '#libs/contracts';
import { Problem } from '#libs/domain';
import { watchConnection } from './connection-watch.js';
import { traceHeader, WrongExpectedSequence, type AppendOptions, type EventLog, type Stored } from './event-log.js';
import { readDirectly } from './jetstream.direct.js';
import { askedBatches, createFollower } from './jetstream.follow.js';
import { pushedBatches } from './jetstream.push.js';
import { Disconnected, isFull, isLostRace, requestTimeoutMs, whileReachable } from './nats-errors.js';
import { ownAppends } from './own-appends.js';

/** The server also takes `next_by_subj` here, the first message of a subject from a sequence on; the client's types do not know it. */
type LeaderQuery = MsgRequest | { readonly seq: number; readonly next_by_subj: string };

export interface JetStreamLogOptions {
  readonly region: string;
  /** Asked before an append that was not answered is repeated: the server may have restarted, with a log that lost its tail. It refuses by throwing. */
  readonly beforeRepeat?: () => Promise<void>;
  /** For who reads a whole log: whoever follows it does not ask for messages, but has them pushed to the inbox of this user, whose connection it is. That costs both sides less. */
  readonly pushedTo?: NatsUser;
}

/** The log of a region on NATS JetStream, server 2.14 or later. The stream must exist: `createStreams`. */
export async function jetStreamEventLog(connection: NatsConnection, { region, beforeRepeat, pushedTo }: JetStreamLogOptions): Promise<EventLog> {
  const stream = streamName(region);
  const manager: JetStreamManager = await jetstreamManager(connection, { checkAPI: false, timeout: requestTimeoutMs });
  const watch = watchConnection(connection);
  const client = jetstream(connection, { timeout: requestTimeoutMs });
  const own = ownAppends();

  async function append(subject: string, bytes: Uint8Array, { expectedLastSequence, messageId, traceparent }: AppendOptions) {
    addressOf(subject);
    try {
      const { seq, duplicate } = await whileReachable(async () => {
        // The client would send it at the moment of reconnection, before anybody could ask whether the log is still the same.
        if (!watch.isUp()) {
          await watch.untilUp(requestTimeoutMs);
          throw new Disconnected();
        }
        return client.publish(subject, bytes, { ...traced(traceparent), msgID: messageId, expect: { streamName: stream, lastSubjectSequence: expectedLastSequence } });
      }, beforeRepeat);
      if (duplicate) await refuseUnlessMine(seq, subject, bytes, expectedLastSequence);
      return { sequence: seq };
    } catch (error) {
      if (isLostRace(error)) throw new WrongExpectedSequence(subject, expectedLastSequence);
      if (isFull(error)) throw new Problem('LogFull', {}, { cause: error });
      throw error;
    }
  }

  /** The server takes any message with a known message id for a repetition, whatever its subject and bytes are. */
  async function refuseUnlessMine(sequence: number, subject: string, bytes: Uint8Array, expected: number): Promise<void> {
    const stored = await at(sequence);
    if (stored?.subject !== subject || Buffer.compare(stored.bytes, bytes) !== 0) throw new WrongExpectedSequence(subject, expected);
  }

  async function read(subject: string, { after = 0, consistent = false }: { after?: number; consistent?: boolean } = {}): Promise<Stored[]> {
    addressOf(subject);
    if (consistent) return readConsistently(subject, after);
    return await readDirectly(connection, stream, subject, after) ?? readFromLeader(subject, after);
  }

  /** Any replica may answer a direct read; it is complete where it reaches the leader's last message, since replicas apply in order. */
  async function readConsistently(subject: string, after: number): Promise<Stored[]> {
    const last = await fromLeader({ last_by_subj: subject });
    if (!last || last.sequence <= after) return [];
    if (last.sequence === after + 1) return [last];
    const direct = await readDirectly(connection, stream, subject, after);
    return direct?.some(({ sequence }) => sequence === last.sequence) ? direct : readFromLeader(subject, after);
  }

  async function readFromLeader(subject: string, after: number): Promise<Stored[]> {
    const messages: Stored[] = [];
    for (let next = after + 1; ;) {
      const message = await fromLeader({ seq: next, next_by_subj: subject });
      if (!message) return messages;
      messages.push(message);
      next = message.sequence + 1;
    }
  }

  async function fromLeader(query: LeaderQuery): Promise<Stored | undefined> {
    const message = await whileReachable(() => manager.streams.getMessage(stream, query as MsgRequest));
    return message ? { sequence: message.seq, subject: message.subject, bytes: message.data } : undefined;
  }

  const at = (sequence: number): Promise<Stored | undefined> => sequence < 1 ? Promise.resolve(undefined) : fromLeader({ seq: sequence });

  async function extent() {
    const { created, state } = await whileReachable(() => manager.streams.info(stream));
    return { createdAt: created, firstSequence: Math.max(1, state.first_seq), lastSequence: state.last_seq };
  }

  const follow = createFollower(connection, watch, (from) => (pushedTo ? pushedBatches(connection, manager, stream, { ...from, user: pushedTo }) : askedBatches(client, stream, from, { own })), stream);
  return { append: (...appending) => own.count(append(...appending)), read, at, extent, follow };
}

function traced(traceparent: string | undefined): { headers?: MsgHdrs } {
  if (traceparent === undefined) return {};
  const carried = headers();
  carried.set(traceHeader, traceparent);
  return { headers: carried };
}
