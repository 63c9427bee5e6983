import { DiscardPolicy, jetstream, JetStreamApiError, jetstreamManager, RetentionPolicy, StorageType, type JetStreamManager } from '@nats-io/jetstream';
import { nanos, type NatsConnection } from '@nats-io/transport-node';
import { setTimeout as pause } from 'node:timers/promises';
import { sealedStreamName, sealedSubject, sealedSubjects, streamName } from '#libs/contracts';
import { Problem } from '#libs/domain';
import { requestTimeoutMs, whileReachable } from './nats-errors.js';

/** Where the gateway leaves the sealed token of a caller: in the memory of the log's servers, and never on a disk. */
export interface SealedTokenDrop {
  /** Kept until `until`, a day at most. Refuses: Unavailable, also where federation has not run since the servers started. */
  put(importId: string, sealed: string, until: Date): Promise<void>;
  /** Takes it back where no import came of it. */
  withdraw(importId: string): Promise<void>;
}

/** Where federation picks it up. */
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
export function sealedTokenDrop(connection: NatsConnection, { region, clock = () => new Date() }: { readonly region: string; readonly clock?: () => Date }): SealedTokenDrop {
  const client = jetstream(connection, { timeout: requestTimeoutMs });
  async function write(importId: string, text: string, ttlMs: number): Promise<void> {
    const ttl = `${Math.ceil(Math.min(Math.max(ttlMs, shortestMs), longestMs) / 1000)}s`;
    try {
      await whileReachable(() => client.publish(sealedSubject(region, importId), text, { ttl, expect: { streamName: sealedStreamName(region) } }));
    } catch (error) {
      throw error instanceof Problem ? new Problem('Unavailable', { what: 'The federation service', seconds: 5 }, { cause: error }) : error;
    }
  }
  return {
    put: (importId, sealed, until) => write(importId, sealed, until.getTime() - clock().getTime()),
    withdraw: (importId) => write(importId, '', shortestMs),
  };
}

/** For federation, whose NATS user may read and delete here and not write. The stream must exist: `keepSealedTokens`. */
export async function sealedTokens(connection: NatsConnection, { region }: { readonly region: string }): Promise<SealedTokens> {
  const manager = await jetstreamManager(connection, { checkAPI: false, timeout: requestTimeoutMs });
  const stream = sealedStreamName(region);
  const find = (importId: string) => whileReachable(() => manager.streams.getMessage(stream, { last_by_subj: sealedSubject(region, importId) }).catch(undefinedWhereMissing));
  return {
    get: async (importId) => (await find(importId))?.string() || undefined,
    async remove(importId) {
      const message = await find(importId);
      if (message) await whileReachable(() => manager.streams.deleteMessage(stream, message.seq, true).catch(undefinedWhereMissing));
    },
  };
}

/** Makes the stream, and makes it again when servers that were restarted have forgotten it. Resolves when it is there for the first time; goes on until `signal` aborts. */
export async function keepSealedTokens(connection: NatsConnection, region: string, signal: AbortSignal): Promise<void> {
  const manager = await jetstreamManager(connection, { checkAPI: false, timeout: requestTimeoutMs });
  const ensure = async (): Promise<void> => {
    const existing = await manager.streams.info(sealedStreamName(region)).catch(undefinedWhereMissing);
    if (!existing) await create(manager, region);
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
async function create(manager: JetStreamManager, region: string): Promise<void> {
  const log = await manager.streams.info(streamName(region)).catch(undefinedWhereMissing);
  await manager.streams.add({
    name: sealedStreamName(region), subjects: [sealedSubjects(region)], storage: StorageType.Memory, retention: RetentionPolicy.Limits, num_replicas: log?.config.num_replicas ?? 1,
    discard: DiscardPolicy.Old, max_age: nanos(longestMs), max_msgs_per_subject: 1, max_msg_size: 65_536, max_bytes: 64 * 2 ** 20, allow_msg_ttl: true, allow_direct: false,
  });
}

function undefinedWhereMissing(error: unknown): undefined {
  if (error instanceof JetStreamApiError && error.status === 404) return undefined;
  throw error;
}
