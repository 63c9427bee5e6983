import { DiscardPolicy, jetstream, jetstreamManager, PersistMode, RetentionPolicy, StorageType, type StreamConfig } from '@nats-io/jetstream';
import { nanos, type NatsConnection } from '@nats-io/transport-node';
import { auditStreamName, auditSubjects, streamName } from '#libs/contracts';
import { requestTimeoutMs, undefinedWhereMissing, whileReachable } from './nats-errors.js';

export interface AuditRetention {
  readonly days: number;
  readonly maxBytes: number;
}

export interface OutgoingAudit {
  readonly subject: string;
  /** Goes out as JSON. */
  readonly body: object;
  /** The same for the same event and receiver: one that is sent again within ten minutes is kept once. */
  readonly messageId: string;
}

export interface AuditOutlet {
  /** Resolves when all of them are kept, in their order. Where it rejects, some may be: send all of them again. */
  publish(events: readonly OutgoingAudit[]): Promise<void>;
}

const dayMs = 24 * 60 * 60 * 1000;
/** How many may be on their way at once: the server answers in order, and a long batch must not run into the time that one answer may take. */
const mostAtOnce = 500;

/**
 * The derived audit stream of a region, made where there is none; where its retention is another one, that is changed, and nothing else. It does not share
 * the log's price for durability: what a server loses of it stands in the log, and in `GET /v2/events`.
 */
export async function auditOutlet(connection: NatsConnection, { region, retention }: { readonly region: string; readonly retention: AuditRetention }): Promise<AuditOutlet> {
  const manager = await jetstreamManager(connection, { checkAPI: false, timeout: requestTimeoutMs });
  const client = jetstream(connection, { timeout: requestTimeoutMs });
  const name = auditStreamName(region);
  const limits = { max_age: nanos(retention.days * dayMs), max_bytes: retention.maxBytes };
  await whileReachable(async () => {
    const existing = await manager.streams.info(name).catch(undefinedWhereMissing);
    if (existing) {
      if (existing.config.max_age !== limits.max_age || existing.config.max_bytes !== limits.max_bytes) await manager.streams.update(name, limits);
      return;
    }
    const log = await manager.streams.info(streamName(region)).catch(undefinedWhereMissing);
    await manager.streams.add(auditStream(region, log?.config.num_replicas ?? 1, limits));
  });
  return {
    async publish(events) {
      for (let at = 0; at < events.length; at += mostAtOnce) {
        await Promise.all(events.slice(at, at + mostAtOnce).map(({ subject, body, messageId }) =>
          client.publish(subject, JSON.stringify(body), { msgID: messageId, expect: { streamName: name } })));
      }
    },
  };
}

function auditStream(region: string, replicas: number, limits: Pick<StreamConfig, 'max_age' | 'max_bytes'>): Partial<StreamConfig> & { name: string } {
  return {
    name: auditStreamName(region), subjects: auditSubjects(region), storage: StorageType.File, ...(replicas > 1 ? {} : { persist_mode: PersistMode.Async }),
    retention: RetentionPolicy.Limits, num_replicas: replicas, discard: DiscardPolicy.Old, ...limits, max_msg_size: 2 ** 20, duplicate_window: nanos(600_000),
    allow_direct: false, deny_delete: true, deny_purge: true,
  };
}
