import { JetStreamApiError } from '@nats-io/jetstream';
import { ClosedConnectionError, DrainingConnectionError, NoRespondersError, RequestError, TimeoutError } from '@nats-io/transport-node';
import { setTimeout as pause } from 'node:timers/promises';
import { Problem } from '#libs/domain';

/** "wrong last sequence: N"; the same while the other write is still in flight in Raft; the same message id is in flight. */
const raceCodes: ReadonlySet<number> = new Set([10071, 10164, 10158]);
/** System temporarily unavailable, not the leader, insufficient resources, stream offline. */
const passingCodes: ReadonlySet<number> = new Set([10008, 10009, 10023, 10118]);
/** How long one request may take before it is repeated. With the pauses, all tries end before the one who asked us stops waiting (5 s). */
export const requestTimeoutMs = 1_300;
/** Waited before the second and the third try. */
const pausesMs = [100, 400];

/** The stream's store failed, for the reason in the message. */
const storeFailed = 10077;
/** The account's storage is used up. */
const accountFull = 10047;

/** The limit of the stream, of the account or of the disk is reached. */
export const isFull = (error: unknown): boolean => error instanceof JetStreamApiError
  && (error.code === accountFull || (error.code === storeFailed && /maximum|no space/.test(error.message)));

export const isLostRace = (error: unknown): boolean => error instanceof JetStreamApiError && raceCodes.has(error.code);

/** What is not there is nothing to fail at: for the `catch` of a question. */
export function undefinedWhereMissing(error: unknown): undefined {
  if (error instanceof JetStreamApiError && error.status === 404) return undefined;
  throw error;
}

/** There is no connection, and nothing was sent. */
export class Disconnected extends Error {
  override readonly name = 'Disconnected';
}

/**
 * Runs a request to the log's server, again where the server did not answer or has no leader. Three tries, then `Problem('Unavailable')`;
 * what the request did is unknown then. Only for requests that may happen twice. `beforeRepeat` may refuse a further try by throwing.
 */
export async function whileReachable<Result>(request: () => Promise<Result>, beforeRepeat?: () => Promise<void>): Promise<Result> {
  for (let tries = 0; ; tries++) {
    try {
      return await request();
    } catch (error) {
      if (!isOutage(error)) throw error;
      const waitMs = pausesMs[tries];
      if (waitMs === undefined || isClosed(error)) throw new Problem('Unavailable', { what: 'The event log', seconds: 2 }, { cause: error });
      await pause(waitMs);
      await beforeRepeat?.();
    }
  }
}

export function isOutage(error: unknown): boolean {
  if (error instanceof JetStreamApiError) return !isFull(error) && isPassing(error);
  if (error instanceof RequestError) return error.isNoResponders() || isOutage(error.cause);
  return error instanceof TimeoutError || error instanceof Disconnected || error instanceof NoRespondersError || isClosed(error)
    || (error instanceof Error && error.name === 'JetStreamNotEnabled');
}

const isClosed = (error: unknown): boolean => error instanceof ClosedConnectionError || error instanceof DrainingConnectionError;

const isPassing = ({ status, code }: JetStreamApiError): boolean => status === 503 || passingCodes.has(code);
