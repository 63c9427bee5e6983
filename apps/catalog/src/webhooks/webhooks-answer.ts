import { isLowerUuid, type Webhook, type WebhookAnswer, type WebhookQuestion } from '#libs/contracts';
import { Problem } from '#libs/domain';
import type { EventLog } from '#libs/event-log';
import type { WebhookRules, Webhooks } from '#libs/read-model';
import type { CatalogConfig } from '../config.js';
import { withoutProperties } from '../feeds/fill-feed.js';

export interface WebhookParts {
  readonly webhooks: Webhooks;
  readonly extent: EventLog['extent'];
  readonly rules: WebhookRules;
  /** So many one project may register. */
  readonly most: number;
  /** False where some properties are for some roles: a receiver has none. */
  readonly showsProperties: boolean;
  clock(): Date;
}

const abandonedBeforePause = 3;

export const webhookRules = ({ webhookRetrySeconds, webhookAttempts }: CatalogConfig): WebhookRules => ({ retrySeconds: webhookRetrySeconds, attempts: webhookAttempts, abandonedBeforePause });

type Does = { readonly [Do in WebhookQuestion['do']]: (question: Extract<WebhookQuestion, { do: Do }>) => Promise<WebhookAnswer> };

/** `ask.<region>.webhooks`. Refuses: InvalidRequest, WebhookNotFound, WebhookDeliveryNotFound, TooManyWebhooks, Unavailable. */
export function webhooksAnswer({ webhooks, extent, clock, rules, most, showsProperties }: WebhookParts): (question: unknown) => Promise<WebhookAnswer> {
  async function found(id: string): Promise<Webhook> {
    const webhook = isLowerUuid(id) ? await webhooks.webhook(id) : undefined;
    if (!webhook) throw new Problem('WebhookNotFound', { webhookId: id.slice(0, 64) });
    return webhook;
  }
  const shown = async (id: string): Promise<WebhookAnswer> => ({ webhooks: [await found(id)] });
  async function sealedOf(id: string, change?: { readonly from: string; readonly to: string }): Promise<WebhookAnswer> {
    const sealed = await webhooks.resealWebhook(id, change);
    if (sealed === undefined) throw new Problem('WebhookNotFound', { webhookId: id });
    return { sealed };
  }
  const does: Does = {
    async create({ webhook, sealed }) {
      // Nothing that was acknowledged before is sent, and everything that comes after.
      const { lastSequence: after, createdAt: logCreatedAt } = await extent();
      if (!await webhooks.addWebhook(webhook, { sealed, after, logCreatedAt, at: clock(), most })) throw new Problem('TooManyWebhooks', { limit: most });
      return shown(webhook.id);
    },
    list: async ({ projectId }) => ({ webhooks: await webhooks.webhooksOf(projectId) }),
    show: ({ id }) => shown(id),
    async remove({ id }) {
      await webhooks.removeWebhook((await found(id)).id);
      return {};
    },
    async activate({ id, isActive }) {
      await webhooks.activateWebhook((await found(id)).id, isActive, clock());
      return shown(id);
    },
    sealed: async ({ id }) => sealedOf((await found(id)).id),
    reseal: async ({ id, from, to }) => sealedOf((await found(id)).id, { from, to }),
    deliveries: async ({ id }) => ({ deliveries: await webhooks.webhookDeliveries((await found(id)).id) }),
    async again({ id, eventId }) {
      if (!await webhooks.deliverAgain((await found(id)).id, eventId)) throw new Problem('WebhookDeliveryNotFound', { webhookId: id, eventId: eventId.slice(0, 32) });
      return {};
    },
    claim: async ({ limit }) => ({ work: (await webhooks.claimWebhooks(limit, clock())).map((work) => (showsProperties ? work : { ...work, events: work.events.map(withoutProperties) })) }),
    async report({ id, isAgain, outcomes }) {
      await webhooks.reportWebhook(id, outcomes, { isAgain, at: clock(), rules });
      return {};
    },
  };
  return (question) => {
    const asked = question as WebhookQuestion;
    if (!Object.hasOwn(does, asked.do)) throw new Problem('InvalidRequest', { detail: 'Nothing of this kind can be asked of webhooks.' });
    return (does[asked.do] as (of: WebhookQuestion) => Promise<WebhookAnswer>)(asked);
  };
}
