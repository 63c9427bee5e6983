import type { WorkBacklog } from '#libs/event-log';
import { measuredGauges } from '#libs/platform';
import { Histogram, type Registry } from 'prom-client';
import type { DeliveryParts } from './webhooks/deliver.js';

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

/** Counts and times the attempts of this importer to send events to webhooks. */
export function webhookMetrics(registry: Registry): NonNullable<DeliveryParts['onAttempt']> {
  const seconds = new Histogram({
    name: 'heliograph_webhook_attempt_seconds', help: 'Attempts to send an event to a webhook: taken, refused (answered otherwise than by 2xx) or unanswered.', labelNames: ['outcome'], registers: [registry],
    buckets: [0.01, 0.05, 0.1, 0.5, 1, 5, 10],
  });
  return (outcome, took) => { seconds.observe({ outcome }, took); };
}
