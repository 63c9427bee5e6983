import { setTimeout as pause } from 'node:timers/promises';
import { questionSubject, type WebhookAnswer, type WebhookQuestion, type WebhookWork } from '#libs/contracts';
import { configuredReach } from '#libs/download';
import type { ServiceParts } from '#libs/platform';
import type { ImporterConfig } from '../config.js';
import { webhookMetrics } from '../importer.metrics.js';
import { deliver, type DeliveryParts } from './deliver.js';

const atOnce = 20;
const restMs = 500;
const timeoutMs = 10_000;

/** Sends what webhooks are to be told, until the service stops: here, because from here alone connections go where a tenant says. Nothing without a key. */
export function startWebhooks({ config, logger, bus, shutdown, metrics }: ServiceParts<ImporterConfig>): void {
  const { sealKey } = config;
  if (sealKey === undefined) return;
  const stop = new AbortController();
  const parts: DeliveryParts = { reach: configuredReach(config), sealKey, timeoutMs, clock: () => new Date(), onAttempt: webhookMetrics(metrics) };
  const ask = (question: WebhookQuestion): Promise<WebhookAnswer> => bus.ask<WebhookAnswer>(questionSubject(bus.region, 'webhooks'), question);

  async function carryOut(work: WebhookWork): Promise<void> {
    const outcomes = await deliver(work, parts, stop.signal);
    await ask({ do: 'report', id: work.id, isAgain: work.isAgain, outcomes });
  }

  async function run(): Promise<void> {
    while (!stop.signal.aborted) {
      let found = 0;
      try {
        const { work = [] } = await ask({ do: 'claim', limit: atOnce });
        found = work.length;
        // What could not be reported is sent again when the claim has run out: at least once.
        await Promise.all(work.map((each) => carryOut(each)));
      } catch (error) {
        if (!stop.signal.aborted) logger.warn({ err: error }, 'webhooks were interrupted and go on where they stopped');
      }
      if (found === 0) await pause(restMs, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  }

  const running = run();
  shutdown.add('webhooks', async () => {
    stop.abort(new Error('The importer stops.'));
    await running;
  });
}
