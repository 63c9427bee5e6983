import { Controller, Get, HttpCode, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { faultIn } from '#libs/definitions';
import { Problem, type ReplicationCommand, type ReplicationExecution, type ReplicationPolicy } from '#libs/domain';
import { requestOrigin } from '../edge/address.js';
import { TakesBody } from '../edge/http-server.js';
import { hasBody, jsonObject } from '../edge/json-body.js';
import type { Reply, Request } from '../edge/request.js';
import { commandIdentity } from '../images/idempotency.js';
import { pathOf } from '../images/images.js';
import { queryOf } from '../images/query.js';
import { GATEWAY_RULES, type GatewayRules } from '../tokens.js';
import { nextLink, noMarker, pageIn } from './replication-page.js';
import { REPLICATION, type ReplicationRoom } from './replication.room.js';
import { executionRequestSchema } from './replication.schema.js';
import { executionPath, executionView, policyPath, replicatedImageView, wholeExecutionView } from './replication.view.js';

const actions = {
  pause: 'PauseReplicationExecution', resume: 'ResumeReplicationExecution', cancel: 'CancelReplicationExecution', retry: 'RetryReplicationExecution',
} as const satisfies Readonly<Record<string, ReplicationCommand['type']>>;

/** What policies have done and are doing, image by image. */
@Controller('v2/replication-policies/:policyId/executions')
export class ReplicationExecutionsController {
  constructor(@Inject(REPLICATION) private readonly room: ReplicationRoom, @Inject(GATEWAY_RULES) private readonly rules: GatewayRules) {}

  /** Begins one now; with `dry_run` it only says what it would do. */
  @Post()
  @HttpCode(201)
  @TakesBody()
  async start(@Req() request: Request, @Res({ passthrough: true }) reply: Reply, @Param('policyId') policyId: string): Promise<object> {
    this.room.require('modify_replication_policies', request);
    const { value, bytes } = hasBody(request) ? await jsonObject(request) : { value: {}, bytes: Buffer.alloc(0) };
    const fault = faultIn(value, executionRequestSchema, {}, 'The body');
    if (fault !== undefined) throw new Problem('InvalidRequest', { detail: `${fault}.` });
    await this.room.policy(policyId);
    const identity = commandIdentity(request, pathOf(request), bytes);
    const id = identity.newImageId;
    const isDryRun = (value as { dry_run?: boolean }).dry_run ?? false;
    const started = await this.room.send(request, id, { type: 'StartReplicationExecution', policyId, trigger: 'manual', isDryRun }, identity);
    reply.header('location', `${requestOrigin(request, this.rules)}${executionPath(policyId, id)}`);
    return wholeExecutionView(id, executionIn(started));
  }

  @Get()
  async list(@Req() request: Request, @Param('policyId') policyId: string): Promise<object> {
    this.room.require('get_replication_policies', request);
    const page = pageIn(queryOf(request), this.rules);
    await this.room.policy(policyId);
    const found = await this.room.reads.replicationExecutions(policyId, page, { atLeast: this.room.acknowledged.sequence() });
    if (!found) throw noMarker(page.marker);
    const first = `${policyPath(policyId)}/executions`;
    return { executions: found.map((head) => executionView(head.id, head.execution, head.counts, head)), first, ...nextLink(first, page, found.at(-1)?.id, found.length) };
  }

  @Get(':executionId')
  async show(@Req() request: Request, @Param('policyId') policyId: string, @Param('executionId') id: string): Promise<object> {
    this.room.require('get_replication_policies', request);
    return wholeExecutionView(id, await this.room.execution(policyId, id));
  }

  /** In the order in which they were planned; `marker` is the id of an image. */
  @Get(':executionId/images')
  async images(@Req() request: Request, @Param('policyId') policyId: string, @Param('executionId') id: string): Promise<object> {
    this.room.require('get_replication_policies', request);
    const page = pageIn(queryOf(request), this.rules);
    const { images } = await this.room.execution(policyId, id);
    const after = page.marker === undefined ? -1 : images.findIndex(({ sourceId }) => sourceId === page.marker);
    if (page.marker !== undefined && after < 0) throw noMarker(page.marker);
    const shown = images.slice(after + 1, after + 1 + page.limit);
    const first = `${executionPath(policyId, id)}/images`;
    return { images: shown.map(replicatedImageView), first, ...nextLink(first, page, shown.at(-1)?.sourceId, shown.length) };
  }

  @Post(':executionId/actions/:action')
  @HttpCode(200)
  async act(@Req() request: Request, @Param('policyId') policyId: string, @Param('executionId') id: string, @Param('action') action: string): Promise<object> {
    this.room.require('modify_replication_policies', request);
    if (!Object.hasOwn(actions, action)) throw new Problem('RouteNotFound', { path: pathOf(request) });
    await this.room.execution(policyId, id);
    const type = actions[action as keyof typeof actions];
    return wholeExecutionView(id, executionIn(await this.room.send(request, id, { type }, commandIdentity(request, pathOf(request)))));
  }
}

function executionIn(state: ReplicationPolicy | ReplicationExecution | undefined): ReplicationExecution {
  if (state?.kind !== 'execution') throw new Error('an execution was changed and is not there');
  return state;
}
