import { DiscardPolicy, jetstream, jetstreamManager, RetentionPolicy, StorageType } from '@nats-io/jetstream';
import { nanos, type NatsConnection } from '@nats-io/transport-node';
import { notificationStreamName, notificationSubjects, streamName } from '#libs/contracts';
import { requestTimeoutMs, undefinedWhereMissing, whileReachable } from './nats-errors.js';

export interface OutgoingNotification {
  readonly subject: string;
  /** Goes out as JSON. */
  readonly body: object;
  /** The same for the same notification: one that is sent again within ten minutes is kept once. */
  readonly messageId: string;
}

export interface NotificationOutlet {
  /** Resolves when all of them are kept, in their order. Where it rejects, some may be: send all of them again. */
  publish(notifications: readonly OutgoingNotification[]): Promise<void>;
}

const days = 24 * 60 * 60 * 1000;

/**
 * Where notifications wait for who listens: a stream of its own beside the log, made where there is none, with as many replicas as the log.
 * It keeps what it is given for a week, and the newest GiB: what nobody fetches is let go, and never fills the disk of the log.
 */
export async function notificationOutlet(connection: NatsConnection, { region }: { readonly region: string }): Promise<NotificationOutlet> {
  const manager = await jetstreamManager(connection, { checkAPI: false, timeout: requestTimeoutMs });
  const client = jetstream(connection, { timeout: requestTimeoutMs });
  const name = notificationStreamName(region);
  await whileReachable(async () => {
    if (await manager.streams.info(name).catch(undefinedWhereMissing)) return;
    const log = await manager.streams.info(streamName(region)).catch(undefinedWhereMissing);
    await manager.streams.add({
      name, subjects: [notificationSubjects(region)], storage: StorageType.File, retention: RetentionPolicy.Limits, num_replicas: log?.config.num_replicas ?? 1,
      discard: DiscardPolicy.Old, max_age: nanos(7 * days), max_bytes: 2 ** 30, max_msg_size: 2 ** 20, duplicate_window: nanos(600_000),
    });
  });
  return {
    async publish(notifications) {
      await Promise.all(notifications.map(({ subject, body, messageId }) =>
        client.publish(subject, JSON.stringify(body), { msgID: messageId, expect: { streamName: name } })));
    },
  };
}
