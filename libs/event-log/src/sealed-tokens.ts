import { DiscardPolicy, jetstream, jetstreamManager, RetentionPolicy, StorageType, type JetStreamManager } from '@nats-io/jetstream';
import { nanos, type NatsConnection } from '@nats-io/transport-node';
import { setTimeout as pause } from 'node:timers/promises';
import { queryStreamName, querySubject, querySubjects, sealedStreamName, sealedSubject, sealedSubjects, streamName } from '#libs/contracts';
import { Problem } from '#libs/domain';
import { requestTimeoutMs, undefinedWhereMissing, whileReachable } from './nats-errors.js';

/** What is left here for an import: the token of its caller for federation, or the query of its URI for the importer. Nobody else may pick it up. */
export type SealedKind = 'token' | 'query';
const places = {
  token: { stream: sealedStreamName, subject: sealedSubject, subjects: sealedSubjects, keeper: 'The federation service' },
  query: { stream: queryStreamName, subject: querySubject, subjects: querySubjects, keeper: 'The importer' },
} as const satisfies Record<SealedKind, object>;

/** Where the gateway leaves it, sealed: in the memory of the log's servers, and never on a disk. */
export interface SealedTokenDrop {
  /** Kept until `until`, a day at most. Refuses: Unavailable, also where the one who needs it has not run since the servers started. */
  put(importId: string, sealed: string, until: Date): Promise<void>;
  /** Takes it back where no import came of it. */
  withdraw(importId: string): Promise<void>;
}

/** Where it is picked up. */
export interface SealedTokens {
  /** Undefined where it has expired, was removed, or the servers were restarted. Refuses: Unavailable. */
  get(importId: string): Promise<string | undefined>;
  /** Removes it, and overwrites its memory. One that is gone changes nothing. */
  remove(importId: string): Promise<void>;
}

const longestMs = 24 * 60 * 60 * 1000;
const shortestMs = 1000;
const lookAgainMs = 2000;

/** For the gateway, whose NATS user may write here and not read. */
export function sealedTokenDrop(connection: NatsConnection, { region, kind = 'token', clock = () => new Date() }: { readonly region: string; readonly kind?: SealedKind; readonly clock?: () => Date }): SealedTokenDrop {
  const { subject, stream, keeper } = places[kind];
  const client = jetstream(connection, { timeout: requestTimeoutMs });
  async function write(importId: string, text: string, ttlMs: number): Promise<void> {
    const ttl = `${Math.ceil(Math.min(Math.max(ttlMs, shortestMs), longestMs) / 1000)}s`;
    try {
      await whileReachable(() => client.publish(subject(region, importId), text, { ttl, expect: { streamName: stream(region) } }));
    } catch (error) {
      throw error instanceof Problem ? new Problem('Unavailable', { what: keeper, seconds: 5 }, { cause: error }) : error;
    }
  }
  return {
    put: (importId, sealed, until) => write(importId, sealed, until.getTime() - clock().getTime()),
    withdraw: (importId) => write(importId, '', shortestMs),
  };
}

/** For the one who needs it, whose NATS user may read and delete here and not write. The stream must exist: `keepSealedTokens`. */
export async function sealedTokens(connection: NatsConnection, { region, kind = 'token' }: { readonly region: string; readonly kind?: SealedKind }): Promise<SealedTokens> {
  const manager = await jetstreamManager(connection, { checkAPI: false, timeout: requestTimeoutMs });
  const { subject } = places[kind];
  const stream = places[kind].stream(region);
  const find = (importId: string) => whileReachable(() => manager.streams.getMessage(stream, { last_by_subj: subject(region, importId) }).catch(undefinedWhereMissing));
  return {
    get: async (importId) => (await find(importId))?.string() || undefined,
    async remove(importId) {
      const message = await find(importId);
      if (message) await whileReachable(() => manager.streams.deleteMessage(stream, message.seq, true).catch(undefinedWhereMissing));
    },
  };
}

/** Makes the stream, and makes it again when servers that were restarted have forgotten it. Resolves when it is there for the first time; goes on until `signal` aborts. */
export async function keepSealedTokens(connection: NatsConnection, region: string, signal: AbortSignal, kind: SealedKind = 'token'): Promise<void> {
  const manager = await jetstreamManager(connection, { checkAPI: false, timeout: requestTimeoutMs });
  const ensure = async (): Promise<void> => {
    const existing = await manager.streams.info(places[kind].stream(region)).catch(undefinedWhereMissing);
    if (!existing) await create(manager, region, kind);
  };
  await whileReachable(ensure);
  const goOn = async (): Promise<void> => {
    while (!signal.aborted && !connection.isClosed()) {
      await pause(lookAgainMs, undefined, { signal, ref: false }).catch(() => undefined);
      // While the servers are away there is nothing to make; the next look comes soon.
      if (!signal.aborted) await ensure().catch(() => undefined);
    }
  };
  void goOn();
}

/** As many replicas as the log has; one before there is a log. Memory alone: a server forgets it when it restarts, and that is what is wanted. */
async function create(manager: JetStreamManager, region: string, kind: SealedKind): Promise<void> {
  const log = await manager.streams.info(streamName(region)).catch(undefinedWhereMissing);
  await manager.streams.add({
    name: places[kind].stream(region), subjects: [places[kind].subjects(region)], storage: StorageType.Memory, retention: RetentionPolicy.Limits, num_replicas: log?.config.num_replicas ?? 1,
    discard: DiscardPolicy.Old, max_age: nanos(longestMs), max_msgs_per_subject: 1, max_msg_size: 65_536, max_bytes: 64 * 2 ** 20, allow_msg_ttl: true, allow_direct: false,
  });
}
