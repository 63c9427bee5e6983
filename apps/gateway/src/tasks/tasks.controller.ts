import { randomUUID } from 'node:crypto';
import { Controller, Get, HttpCode, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { Problem } from '#libs/domain';
import { throwIfOutOfReach } from '#libs/download';
import type { ImportHead } from '#libs/read-model';
import { requestOrigin } from '../edge/address.js';
import { DATA, type DataRoom } from '../data/data.room.js';
import { TakesBody } from '../edge/http-server.js';
import { jsonObject } from '../edge/json-body.js';
import type { Reply, Request } from '../edge/request.js';
import { createImageCommand, readImageToCreate } from '../images/create-image.js';
import { queryOf } from '../images/query.js';
import { taskOf } from '../imports/image-tasks.js';
import { QUERIES, type QueriesRoom } from '../imports/queries.room.js';
import { toldForMs } from '../imports/task.view.js';
import { GATEWAY_RULES, IMAGES, type GatewayRules, type ImageRoom } from '../tokens.js';
import { taskInFull, taskStub } from './legacy-task.view.js';
import { taskListQuery } from './task-list.query.js';
import { readTaskRequest } from './task-request.js';

/** The older tasks API, for administrators: a task is an import, seen without its image. Source: API.md section 16. */
@Controller('v2/tasks')
export class TasksController {
  constructor(
    @Inject(IMAGES) private readonly room: ImageRoom, @Inject(GATEWAY_RULES) private readonly rules: GatewayRules,
    @Inject(DATA) private readonly data: Pick<DataRoom, 'signing'>, @Inject(QUERIES) private readonly queries: QueriesRoom,
  ) {}

  /** Makes an image and imports it from the web, in one request. */
  @Post()
  @HttpCode(201)
  @TakesBody()
  async create(@Req() request: Request, @Res({ passthrough: true }) reply: Reply): Promise<object> {
    const { images, permissions, schema } = this.room;
    permissions.require('tasks_api_access', request.caller);
    const { reach: { filter }, carriesQueries } = this.rules;
    const { source, query, image } = readTaskRequest((await jsonObject(request)).value, { filter, carriesQueries });
    const wanted = readImageToCreate(image, schema);
    const owner = wanted.owner === undefined ? request.caller.projectId : wanted.owner;
    permissions.requireNew(request.caller, owner, wanted.visibility);
    await throwIfOutOfReach(source.sourceUri ?? '', this.rules.reach);
    const [imageId, importId] = [wanted.imageId ?? randomUUID(), randomUUID()];
    const created = await images.send(request, { imageId, command: createImageCommand(wanted, owner) });
    const signed = await this.data.signing.ofImport(request, { imageId, image: created });
    const command = {
      type: 'RequestImageImport', importId, method: 'web-download', storeIds: [this.rules.defaultStoreId], allStoresMustSucceed: true, skipsPresent: false, taskType: 'import', ...source, ...signed,
    } as const;
    await this.queries.withQuery(query, command, () => images.send(request, { imageId, command }));
    reply.header('location', `${requestOrigin(request, this.rules)}/v2/tasks/${importId}`);
    return this.inFull(await this.head(importId));
  }

  @Get()
  async list(@Req() request: Request): Promise<object> {
    this.room.permissions.require('tasks_api_access', request.caller);
    const parameters = queryOf(request);
    const query = taskListQuery(parameters, this.rules, expiry());
    const heads = await this.room.readModel.listImports(query, { atLeast: this.room.acknowledged.sequence() });
    if (!heads) throw new Problem('InvalidRequest', { detail: `There is no task ${(query.marker ?? '').slice(0, 64)} to begin behind.` });
    const last = heads.at(-1);
    return {
      tasks: heads.map(taskStub), first: link(parameters), schema: '/v2/schemas/tasks',
      ...(last && heads.length === query.limit ? { next: link(parameters, last.importId) } : {}),
    };
  }

  @Get(':taskId')
  async show(@Req() request: Request, @Param('taskId') taskId: string): Promise<object> {
    this.room.permissions.require('tasks_api_access', request.caller);
    return this.inFull(await this.head(taskId));
  }

  private async head(taskId: string): Promise<ImportHead> {
    const head = await this.room.readModel.importById(taskId.toLowerCase(), { atLeast: this.room.acknowledged.sequence() });
    if (!head || (head.endedAt && head.endedAt < expiry())) throw new Problem('TaskNotFound', { taskId: taskId.slice(0, 64) });
    return head;
  }

  private async inFull(head: ImportHead): Promise<object> {
    const task = await taskOf(this.room.images, head);
    if (!task) throw new Problem('TaskNotFound', { taskId: head.importId });
    return taskInFull(head, task);
  }
}

/** Who ended before is told of no more. */
const expiry = (): Date => new Date(Date.now() - toldForMs);

function link(parameters: URLSearchParams, marker?: string): string {
  const kept = [...parameters].filter(([name]) => name !== 'marker');
  const query = new URLSearchParams(marker === undefined ? kept : [['marker', marker], ...kept]).toString();
  return query === '' ? '/v2/tasks' : `/v2/tasks?${query}`;
}
