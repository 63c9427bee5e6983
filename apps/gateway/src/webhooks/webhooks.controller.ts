import { randomBytes, randomUUID } from 'node:crypto';
import { Controller, Delete, Get, HttpCode, Inject, Param, Patch, Post, Req, Res } from '@nestjs/common';
import { openTarget, sealTarget, type Webhook, type WebhookDelivery } from '#libs/contracts';
import { faultIn, type JsonSchema } from '#libs/definitions';
import { Problem } from '#libs/domain';
import { throwIfOutOfReach, withoutSecrets } from '#libs/download';
import { TakesBody } from '../edge/http-server.js';
import { jsonObject } from '../edge/json-body.js';
import type { Reply, Request } from '../edge/request.js';
import { IMAGES, type ImageRoom } from '../tokens.js';
import { WEBHOOKS, type WebhooksRoom } from './webhooks.room.js';

interface Wanted { readonly url: string; readonly types?: readonly string[]; readonly project_id?: string; readonly all_projects?: boolean }

const wantedSchema: JsonSchema = {
  type: 'object', additionalProperties: false, required: ['url'],
  properties: {
    url: { type: 'string', maxLength: 2048, description: 'Where each event is posted to.' },
    types: { type: 'array', items: { type: 'string', maxLength: 64 }, description: 'Only events of these types.' },
    project_id: { type: 'string', maxLength: 255, description: 'Whose events; one\'s own project unless told.' },
    all_projects: { type: 'boolean', description: 'The events of the whole region.' },
  },
};
const changeSchema: JsonSchema = {
  type: 'object', additionalProperties: false, required: ['status'],
  properties: { status: { type: 'string', enum: ['active', 'paused'] } },
};

/** For so long the secret before signs, too: a receiver has time to take the new one over. */
const formerSignsMs = 24 * 60 * 60 * 1000;
const newSecret = (): string => `whsec_${randomBytes(24).toString('base64')}`;

/** Where the events of a project are posted to, signed. Beyond Glance; docs/webhooks.md. */
@Controller('v2/webhooks')
export class WebhooksController {
  constructor(@Inject(WEBHOOKS) private readonly room: WebhooksRoom, @Inject(IMAGES) private readonly images: ImageRoom) {}

  /** The one answer that holds the secret. */
  @Post()
  @HttpCode(201)
  @TakesBody()
  async create(@Req() request: Request, @Res({ passthrough: true }) reply: Reply): Promise<object> {
    const wanted = await bodyOf<Wanted>(request, wantedSchema);
    const projectId = wanted.all_projects ? null : wanted.project_id ?? request.caller.projectId ?? '';
    this.require('modify_webhooks', request);
    this.images.permissions.requireFeed(request.caller, projectId ?? undefined);
    const key = this.room.sealKey();
    await throwIfOutOfReach(wanted.url, this.room.reach);
    const [id, secret] = [randomUUID(), newSecret()];
    const webhook = await this.room.one({
      do: 'create', sealed: sealTarget(key, id, { url: wanted.url, secret }),
      webhook: { id, projectId, ownerId: request.caller.projectId ?? '', url: withoutSecrets(wanted.url), types: wanted.types ?? [] },
    });
    reply.header('location', `/v2/webhooks/${id}`).header('cache-control', 'no-store');
    return { ...view(webhook), secret };
  }

  /** Those of the caller's project; administrators see all. */
  @Get()
  async list(@Req() request: Request): Promise<object> {
    this.require('get_webhooks', request);
    const { webhooks = [] } = await this.room.ask({ do: 'list', projectId: this.images.permissions.isAdmin(request.caller) ? null : request.caller.projectId ?? '' });
    return { webhooks: webhooks.map(view), first: '/v2/webhooks' };
  }

  @Get(':webhookId')
  async show(@Req() request: Request, @Param('webhookId') id: string): Promise<object> {
    return view(await this.mine(id, 'get_webhooks', request));
  }

  /** Pauses it, or lets it go on where it stopped. */
  @Patch(':webhookId')
  @TakesBody()
  async change(@Req() request: Request, @Param('webhookId') id: string): Promise<object> {
    const { status } = await bodyOf<{ status: string }>(request, changeSchema);
    const webhook = await this.mine(id, 'modify_webhooks', request);
    return view(await this.room.one({ do: 'activate', id: webhook.id, isActive: status === 'active' }));
  }

  /** A new secret, shown in this answer alone; the one before signs beside it for a day. 409 where somebody else replaced it meanwhile. */
  @Post(':webhookId/secret')
  @HttpCode(200)
  async replaceSecret(@Req() request: Request, @Res({ passthrough: true }) reply: Reply, @Param('webhookId') webhookId: string): Promise<object> {
    const { id } = await this.mine(webhookId, 'modify_webhooks', request);
    const key = this.room.sealKey();
    const { sealed: from = '' } = await this.room.ask({ do: 'sealed', id });
    const target = openTarget(key, id, from);
    if (!target) throw new Problem('InvalidRequest', { detail: 'The target of this webhook cannot be opened any more. Register it anew.' });
    const [secret, until] = [newSecret(), new Date(Date.now() + formerSignsMs).toISOString()];
    const to = sealTarget(key, id, { url: target.url, secret, former: { secret: target.secret, until } });
    const { sealed } = await this.room.ask({ do: 'reseal', id, from, to });
    if (sealed !== to) throw new Problem('WebhookConflict', { webhookId: id });
    reply.header('cache-control', 'no-store');
    return { secret, former_until: until };
  }

  @Delete(':webhookId')
  @HttpCode(204)
  async remove(@Req() request: Request, @Param('webhookId') id: string): Promise<void> {
    await this.room.ask({ do: 'remove', id: (await this.mine(id, 'modify_webhooks', request)).id });
  }

  /** The last two hundred, newest first. */
  @Get(':webhookId/deliveries')
  async deliveries(@Req() request: Request, @Param('webhookId') id: string): Promise<object> {
    const webhook = await this.mine(id, 'get_webhooks', request);
    const { deliveries = [] } = await this.room.ask({ do: 'deliveries', id: webhook.id });
    return { deliveries: deliveries.map(deliveryView), first: `/v2/webhooks/${webhook.id}/deliveries` };
  }

  /** Sends an event of the list once more. */
  @Post(':webhookId/deliveries/:eventId/redeliver')
  @HttpCode(202)
  async again(@Req() request: Request, @Param('webhookId') id: string, @Param('eventId') eventId: string): Promise<void> {
    await this.room.ask({ do: 'again', id: (await this.mine(id, 'modify_webhooks', request)).id, eventId });
  }

  private require(rule: 'get_webhooks' | 'modify_webhooks', { caller }: Request, owner = caller.projectId): void {
    this.images.permissions.requireFor(rule, caller, owner);
  }

  /** Who may not see it does not learn that it is there. */
  private async mine(id: string, rule: 'get_webhooks' | 'modify_webhooks', request: Request): Promise<Webhook> {
    this.require(rule, request);
    const webhook = await this.room.one({ do: 'show', id });
    if (webhook.ownerId !== request.caller.projectId && !this.images.permissions.isAdmin(request.caller)) throw new Problem('WebhookNotFound', { webhookId: id.slice(0, 64) });
    this.require(rule, request, webhook.ownerId);
    return webhook;
  }
}

async function bodyOf<Body>(request: Request, schema: JsonSchema): Promise<Body> {
  const { value } = await jsonObject(request);
  const fault = faultIn(value, schema, {}, 'The body');
  if (fault !== undefined) throw new Problem('InvalidRequest', { detail: `${fault}.` });
  return value as unknown as Body;
}

const view = ({ id, projectId, url, types, isActive, pausedBecause, createdAt }: Webhook): object => ({
  id, url, types, ...(projectId === null ? { all_projects: true } : { project_id: projectId }),
  status: isActive ? 'active' : 'paused', paused_because: pausedBecause, created_at: createdAt, self: `/v2/webhooks/${id}`,
});

const deliveryView = ({ eventId, state, attempts, statusCode, reason, at }: WebhookDelivery): object =>
  ({ event_id: eventId, status: state, attempts, status_code: statusCode, reason, updated_at: at });
