import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { derivedUuid, leaseStreamName, leaseSubject } from '#libs/contracts';
import { requestTimeoutMs, whileReachable } from './nats-errors.js';

/** Where somebody stands in work that never ends, for whoever takes it up after him. Forgotten ten minutes after it was kept last, and when the servers lose their memory: he must be able to begin anew. */
export interface Places<Place> {
  /** What was kept last; undefined where nothing is, or what is there is forgotten. Refuses: Unavailable. */
  read(id: string): Promise<Place | undefined>;
  /** At most 4 KiB as JSON. Refuses: Unavailable. */
  keep(id: string, place: Place): Promise<void>;
}

/** Places among the leases of attempts, one message each, read from the leader. The stream must exist: `createStreams`. */
export async function jetStreamPlaces<Place>(connection: NatsConnection, { region }: { readonly region: string }): Promise<Places<Place>> {
  const stream = leaseStreamName(region);
  const manager = await jetstreamManager(connection, { checkAPI: false, timeout: requestTimeoutMs });
  const client = jetstream(connection, { timeout: requestTimeoutMs });
  // What it is the place of has a turn there under its own id.
  const subject = (id: string): string => leaseSubject(region, derivedUuid(JSON.stringify(['place', id])));
  return {
    read: async (id) => (await whileReachable(() => manager.streams.getMessage(stream, { last_by_subj: subject(id) })))?.json<Place>(),
    async keep(id, place) {
      await whileReachable(() => client.publish(subject(id), JSON.stringify(place), { expect: { streamName: stream } }));
    },
  };
}
