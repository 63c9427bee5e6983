import { randomUUID } from 'node:crypto';
import { jetStreamTurns } from '#libs/event-log';
import type { Bus } from '#libs/platform';

const turnMs = 15_000;

/** Of several federation services of a region one drives a policy, until it has not said so for fifteen seconds. */
export async function createTurns(bus: Bus): Promise<(policyId: string) => Promise<boolean>> {
  const turns = await jetStreamTurns(bus.connection, { region: bus.region });
  const me = randomUUID();
  return (policyId) => turns.take(policyId, me, new Date(), turnMs);
}
