import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { leaseStreamName, leaseSubject } from '#libs/contracts';
import type { Leases } from './leases.js';
import { requestTimeoutMs, whileReachable } from './nats-errors.js';

/** What stands in the last message of a lease's subject; without `until` the lease was released. */
interface LeaseMessage { readonly imageId?: string; readonly until?: string }

/** Leases in a stream of the log's servers: one message an attempt, read from the leader. The stream must exist: `createStreams`. */
export async function jetStreamLeases(connection: NatsConnection, { region }: { readonly region: string }): Promise<Leases> {
  const stream = leaseStreamName(region);
  const manager = await jetstreamManager(connection, { checkAPI: false, timeout: requestTimeoutMs });
  const client = jetstream(connection, { timeout: requestTimeoutMs });

  async function write(attemptId: string, message: LeaseMessage): Promise<void> {
    await whileReachable(() => client.publish(leaseSubject(region, attemptId), JSON.stringify(message), { expect: { streamName: stream } }));
  }

  return {
    renew: (attemptId, imageId, until) => write(attemptId, { imageId, until: until.toISOString() }),
    release: (attemptId) => write(attemptId, {}),
    async heldUntil(attemptId) {
      const message = await whileReachable(() => manager.streams.getMessage(stream, { last_by_subj: leaseSubject(region, attemptId) }));
      const until = message?.json<LeaseMessage>().until;
      return until === undefined ? undefined : new Date(until);
    },
  };
}
