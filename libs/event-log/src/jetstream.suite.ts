import { connect, type NatsConnection } from '@nats-io/transport-node';
import { inboxPrefix, type NatsUser } from '#libs/contracts';
import { startTestStack, type TestStack } from '#libs/embedded';
import { createStreams } from './streams.js';

export const region = 'RegionOne';

/** A region on a NATS server of its own, with the users and permissions of production. For the specs of this room. */
export interface JetStreamRegion {
  readonly stack: TestStack;
  /** A connection that comes back by itself, as the services' connections do. */
  as(user: NatsUser): Promise<NatsConnection>;
  close(): Promise<void>;
}

export async function startRegion({ durable = false, maxLogBytes }: { durable?: boolean; maxLogBytes?: number } = {}): Promise<JetStreamRegion> {
  const stack = await startTestStack({ region, durable, withPostgres: false });
  const connections: NatsConnection[] = [];
  const as = async (user: NatsUser) => {
    const connection = await connect({
      servers: stack.nats.url, user, pass: stack.passwords[user], inboxPrefix: inboxPrefix(user), maxReconnectAttempts: -1, reconnectTimeWait: 100,
    });
    connections.push(connection);
    return connection;
  };
  await createStreams(await as('setup'), region, { replicas: 1, ...(maxLogBytes === undefined ? {} : { maxLogBytes }) });
  return {
    stack, as,
    async close() {
      await Promise.all(connections.map((connection) => connection.close()));
      await stack.stop();
    },
  };
}
