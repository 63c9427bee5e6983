import { questionSubject, type Webhook, type WebhookAnswer, type WebhookQuestion } from '#libs/contracts';
import { Problem } from '#libs/domain';
import { configuredReach, type Reach } from '#libs/download';
import type { ServiceParts } from '#libs/platform';
import type { GatewayConfig } from '../config.js';

export const WEBHOOKS = Symbol('webhooks');

/** What the controller of webhooks works with. */
export interface WebhooksRoom {
  readonly reach: Reach;
  /** Refuses: WebhooksOff. */
  sealKey(): string;
  /** Refuses what the catalog refuses, and Unavailable. */
  ask(question: WebhookQuestion): Promise<WebhookAnswer>;
  /** Refuses: WebhookNotFound. */
  one(question: Extract<WebhookQuestion, { do: 'create' | 'show' | 'activate' }>): Promise<Webhook>;
}

export function webhooksRoom({ config, bus }: Pick<ServiceParts<GatewayConfig>, 'config' | 'bus'>): WebhooksRoom {
  const ask = (question: WebhookQuestion): Promise<WebhookAnswer> => bus.ask<WebhookAnswer>(questionSubject(bus.region, 'webhooks'), question);
  return {
    reach: configuredReach(config), ask,
    sealKey() {
      if (config.sealKey === undefined) throw new Problem('WebhooksOff');
      return config.sealKey;
    },
    async one(question) {
      const { webhooks: [webhook] = [] } = await ask(question);
      if (!webhook) throw new Error('the catalog answered without the webhook');
      return webhook;
    },
  };
}
