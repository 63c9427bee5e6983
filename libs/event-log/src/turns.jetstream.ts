import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { leaseStreamName, leaseSubject } from '#libs/contracts';
import { isLostRace, requestTimeoutMs, whileReachable } from './nats-errors.js';

/** One of several processes at a time does something. Nothing of it is durable: after a restart of the servers two may do it for a moment, which must be harmless. */
export interface Turns {
  /** Whether it is the holder's turn, from now on for so long: nobody else has one that is not over. Taking it again prolongs it. Refuses: Unavailable. */
  take(id: string, holder: string, now: Date, forMs: number): Promise<boolean>;
}

interface TurnMessage { readonly holder?: string; readonly until?: string }

/** Turns among the leases of attempts, one message each: of two who take a free one at once, the server lets one in. */
export async function jetStreamTurns(connection: NatsConnection, { region }: { readonly region: string }): Promise<Turns> {
  const stream = leaseStreamName(region);
  const manager = await jetstreamManager(connection, { checkAPI: false, timeout: requestTimeoutMs });
  const client = jetstream(connection, { timeout: requestTimeoutMs });
  return {
    async take(id, holder, now, forMs) {
      const subject = leaseSubject(region, id);
      const last = await whileReachable(() => manager.streams.getMessage(stream, { last_by_subj: subject }));
      const held = last?.json<TurnMessage>();
      if (held?.holder !== undefined && held.holder !== holder && new Date(held.until ?? 0) > now) return false;
      const message: TurnMessage = { holder, until: new Date(now.getTime() + forMs).toISOString() };
      try {
        await whileReachable(() => client.publish(subject, JSON.stringify(message), { expect: { streamName: stream, lastSubjectSequence: last?.seq ?? 0 } }));
        return true;
      } catch (error) {
        if (isLostRace(error)) return false;
        throw error;
      }
    },
  };
}
