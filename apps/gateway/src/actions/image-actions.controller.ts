import { Controller, Delete, Get, HttpCode, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { arrivalTypes, Problem } from '#libs/domain';
import { requestOrigin } from '../edge/address.js';
import { TakesBody } from '../edge/http-server.js';
import { jsonObject } from '../edge/json-body.js';
import type { Reply, Request } from '../edge/request.js';
import { queryOf } from '../images/query.js';
import { showProgress } from '../progress/show-progress.js';
import { listOwn } from './action-list.js';
import { actionView } from './action.view.js';
import { ACTIONS, actionOf, cancelAction, type ActionsRoom } from './actions.room.js';
import { beginAction } from './begin-action.js';

/** Everything that a project has under way with its images, in one list. Source: seed "new upload workflow" of Glance, open question 3. */
@Controller('v2/image-actions')
export class ImageActionsController {
  constructor(@Inject(ACTIONS) private readonly actions: ActionsRoom) {}

  @Post()
  @HttpCode(201)
  @TakesBody()
  async create(@Req() request: Request, @Res({ passthrough: true }) reply: Reply): Promise<object> {
    const action = await beginAction(this.actions, request, await jsonObject(request));
    reply.header('location', `${requestOrigin(request, this.actions.rules)}/v2/image-actions/${action.actionId}`);
    return actionView('image-action', action, this.actions.progress.board);
  }

  @Get()
  async list(@Req() request: Request): Promise<object> {
    const actionType = queryOf(request).get('action_type') ?? undefined;
    if (actionType !== undefined && !arrivalTypes.some((type) => type === actionType)) throw new Problem('InvalidRequest', { detail: `action_type must be one of ${arrivalTypes.join(', ')}.` });
    const { actions, links } = await listOwn(this.actions, request, actionType);
    return { image_actions: actions.map((action) => actionView('image-action', action, this.actions.progress.board)), ...links, schema: '/v2/schemas/image-actions' };
  }

  @Get(':actionId')
  async show(@Req() request: Request, @Param('actionId') actionId: string): Promise<object> {
    return actionView('image-action', await actionOf(this.actions, request, 'image-action', actionId), this.actions.progress.board);
  }

  @Get(':actionId/progress')
  async progress(@Req() request: Request, @Res() reply: Reply, @Param('actionId') actionId: string): Promise<void> {
    const { imageId } = await actionOf(this.actions, request, 'image-action', actionId);
    await showProgress(this.actions.progress, { request, reply, imageId, look: () => actionOf(this.actions, request, 'image-action', actionId) });
  }

  @Delete(':actionId')
  @HttpCode(204)
  async cancel(@Req() request: Request, @Param('actionId') actionId: string): Promise<void> {
    await cancelAction(this.actions, request, 'image-action', actionId);
  }
}
