import { Controller, Delete, Get, HttpCode, Inject, Param, Post, Put, Req, Res } from '@nestjs/common';
import { faultIn, type JsonSchema } from '#libs/definitions';
import { Problem, type ReplicationExecution, type ReplicationPolicy, type ReplicationSettings } from '#libs/domain';
import { requestOrigin } from '../edge/address.js';
import { TakesBody } from '../edge/http-server.js';
import { jsonObject } from '../edge/json-body.js';
import type { Reply, Request } from '../edge/request.js';
import { commandIdentity } from '../images/idempotency.js';
import { pathOf } from '../images/images.js';
import { queryOf } from '../images/query.js';
import { GATEWAY_RULES, type GatewayRules } from '../tokens.js';
import { nextLink, noMarker, pageIn } from './replication-page.js';
import { REPLICATION, type ReplicationRoom } from './replication.room.js';
import { replicationPolicySchema } from './replication.schema.js';
import { policyPath, policyView, settingsOf } from './replication.view.js';

const root = '/v2/replication-policies';

/** Which images go to and come from other regions by themselves. For administrators, by default. Beyond Glance; docs/replication.md. */
@Controller('v2/replication-policies')
export class ReplicationPoliciesController {
  constructor(@Inject(REPLICATION) private readonly room: ReplicationRoom, @Inject(GATEWAY_RULES) private readonly rules: GatewayRules) {}

  @Post()
  @HttpCode(201)
  @TakesBody()
  async create(@Req() request: Request, @Res({ passthrough: true }) reply: Reply): Promise<object> {
    this.room.require('modify_replication_policies', request);
    const { value, bytes } = await jsonObject(request);
    const settings = this.settingsIn(value);
    const identity = commandIdentity(request, pathOf(request), bytes);
    const id = identity.newImageId;
    const created = await this.room.send(request, id, { type: 'CreateReplicationPolicy', settings }, identity);
    reply.header('location', `${requestOrigin(request, this.rules)}${policyPath(id)}`);
    return policyView(id, policyIn(created));
  }

  @Get()
  async list(@Req() request: Request): Promise<object> {
    this.room.require('get_replication_policies', request);
    const page = pageIn(queryOf(request), this.rules);
    const found = await this.room.reads.replicationPolicies(page, { atLeast: this.room.acknowledged.sequence() });
    if (!found) throw noMarker(page.marker);
    return { policies: found.map(({ id, policy }) => policyView(id, policy)), first: root, ...nextLink(root, page, found.at(-1)?.id, found.length), schema: '/v2/schemas/replication_policies' };
  }

  @Get(':policyId')
  async show(@Req() request: Request, @Param('policyId') id: string): Promise<object> {
    this.room.require('get_replication_policies', request);
    return policyView(id, await this.room.policy(id));
  }

  /** Replaces all of it: what the body leaves out has its default again. */
  @Put(':policyId')
  @TakesBody()
  async replace(@Req() request: Request, @Param('policyId') id: string): Promise<object> {
    this.room.require('modify_replication_policies', request);
    const { value, bytes } = await jsonObject(request);
    const settings = this.settingsIn(value);
    await this.room.policy(id);
    return policyView(id, policyIn(await this.room.send(request, id, { type: 'ChangeReplicationPolicy', settings }, commandIdentity(request, pathOf(request), bytes))));
  }

  @Delete(':policyId')
  @HttpCode(204)
  async remove(@Req() request: Request, @Param('policyId') id: string): Promise<void> {
    this.room.require('modify_replication_policies', request);
    await this.room.policy(id);
    await this.room.send(request, id, { type: 'DeleteReplicationPolicy' }, commandIdentity(request, pathOf(request)));
  }

  @Post(':policyId/actions/pause')
  @HttpCode(200)
  pause(@Req() request: Request, @Param('policyId') id: string): Promise<object> {
    return this.act(request, id, 'PauseReplicationPolicy');
  }

  @Post(':policyId/actions/resume')
  @HttpCode(200)
  resume(@Req() request: Request, @Param('policyId') id: string): Promise<object> {
    return this.act(request, id, 'ResumeReplicationPolicy');
  }

  private async act(request: Request, id: string, type: 'PauseReplicationPolicy' | 'ResumeReplicationPolicy'): Promise<object> {
    this.room.require('modify_replication_policies', request);
    await this.room.policy(id);
    return policyView(id, policyIn(await this.room.send(request, id, { type }, commandIdentity(request, pathOf(request)))));
  }

  /** A policy that was read may be sent back as it was shown: what the service alone says is passed over. Refuses: InvalidRequest. */
  private settingsIn(body: Readonly<Record<string, unknown>>): ReplicationSettings {
    const { name: _, ...schema } = replicationPolicySchema;
    const fault = faultIn(body, { type: 'object', ...schema } as JsonSchema, {}, 'The body');
    if (fault !== undefined) throw new Problem('InvalidRequest', { detail: `${fault}.` });
    const settings = settingsOf(body);
    if (settings.remoteRegion === this.rules.region) throw new Problem('InvalidRequest', { detail: `remote_region must be another region than this one, ${this.rules.region}.` });
    return settings;
  }
}

function policyIn(state: ReplicationPolicy | ReplicationExecution | undefined): ReplicationPolicy {
  if (state?.kind !== 'policy') throw new Error('a replication policy was changed and is not there');
  return state;
}
