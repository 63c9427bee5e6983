import type { WorkBacklog } from '#libs/event-log';
import { measuredGauges } from '#libs/platform';
import type { Registry } from 'prom-client';

const gauges = {
  consumer_waiting_commits: { help: 'Commits of the log that a durable consumer has not been given yet.', label: 'consumer' },
  consumer_in_hand_commits: { help: 'Commits of the log that a durable consumer was given and has not acknowledged yet.', label: 'consumer' },
} as const;

/** How far all importers together are behind the log. Asked of NATS when the metrics are read; every importer says the same. */
export function backlogMetrics(registry: Registry, backlogOf: { readonly importer: () => Promise<WorkBacklog> }): void {
  measuredGauges(registry, gauges, async () => {
    const { waiting, inHand } = await backlogOf.importer();
    return { consumer_waiting_commits: { importer: waiting }, consumer_in_hand_commits: { importer: inHand } };
  });
}
