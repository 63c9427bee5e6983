import { JetStreamApiError } from '@nats-io/jetstream';
import { ClosedConnectionError, DrainingConnectionError, NoRespondersError, RequestError, TimeoutError } from '@nats-io/transport-node';
import { setTimeout as pause } from 'node:timers/promises';
import { Problem } from '#libs/domain';

/** "wrong last sequence: N"; the same while the other write is still in flight in Raft; the same message id is in flight. */
const raceCodes: ReadonlySet<number> = new Set([10071, 10164, 10158]);
/** System temporarily unavailable, not the leader, insufficient resources, stream offline. */
const passingCodes: ReadonlySet<number> = new Set([10008, 10009, 10023, 10118]);
/** Waited before the second and the third try, in ms: about as long as a restarted server needs to come back. */
const pausesMs = [100, 500];

export const isLostRace = (error: unknown): boolean => error instanceof JetStreamApiError && raceCodes.has(error.code);

/**
 * Runs a request to the log's server, again where the server did not answer or has no leader. Three tries, then `Problem('Unavailable')`;
 * what the request did is unknown then. Only for requests that may happen twice.
 */
export async function whileReachable<Result>(request: () => Promise<Result>): Promise<Result> {
  for (let tries = 0; ; tries++) {
    try {
      return await request();
    } catch (error) {
      if (!isOutage(error)) throw error;
      const waitMs = pausesMs[tries];
      if (waitMs === undefined || isClosed(error)) throw new Problem('Unavailable', { what: 'The event log', seconds: 2 }, { cause: error });
      await pause(waitMs);
    }
  }
}

export function isOutage(error: unknown): boolean {
  if (error instanceof JetStreamApiError) return error.status === 503 || passingCodes.has(error.code);
  if (error instanceof RequestError) return error.isNoResponders() || isOutage(error.cause);
  return error instanceof TimeoutError || error instanceof NoRespondersError || isClosed(error)
    || (error instanceof Error && error.name === 'JetStreamNotEnabled');
}

const isClosed = (error: unknown): boolean => error instanceof ClosedConnectionError || error instanceof DrainingConnectionError;
