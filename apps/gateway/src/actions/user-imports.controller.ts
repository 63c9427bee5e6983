import { Controller, Delete, Get, HttpCode, Inject, Param, Post, Req, Res } from '@nestjs/common';
import { requestOrigin } from '../edge/address.js';
import { TakesBody } from '../edge/http-server.js';
import { jsonObject } from '../edge/json-body.js';
import type { Reply, Request } from '../edge/request.js';
import { showProgress } from '../progress/show-progress.js';
import { listOwn } from './action-list.js';
import { actionView } from './action.view.js';
import { ACTIONS, actionOf, cancelAction, type ActionsRoom } from './actions.room.js';
import { beginImport } from './import-action.js';

/** Imports that are resources of their own: the image is there when it has its data, and not before. Source: seed "new upload workflow" of Glance. */
@Controller('v2/image-imports')
export class UserImportsController {
  constructor(@Inject(ACTIONS) private readonly actions: ActionsRoom) {}

  @Post()
  @HttpCode(201)
  @TakesBody()
  async create(@Req() request: Request, @Res({ passthrough: true }) reply: Reply): Promise<object> {
    const action = await beginImport(this.actions, request, 'image-import', await jsonObject(request));
    reply.header('location', `${requestOrigin(request, this.actions.rules)}/v2/image-imports/${action.actionId}`);
    return actionView('image-import', action, this.actions.progress.board);
  }

  @Get()
  async list(@Req() request: Request): Promise<object> {
    const { actions, links } = await listOwn(this.actions, request, 'import');
    return { image_imports: actions.map((action) => actionView('image-import', action, this.actions.progress.board)), ...links, schema: '/v2/schemas/image-imports' };
  }

  @Get(':actionId')
  async show(@Req() request: Request, @Param('actionId') actionId: string): Promise<object> {
    return actionView('image-import', await actionOf(this.actions, request, 'image-import', actionId), this.actions.progress.board);
  }

  @Get(':actionId/progress')
  async progress(@Req() request: Request, @Res() reply: Reply, @Param('actionId') actionId: string): Promise<void> {
    const { imageId } = await actionOf(this.actions, request, 'image-import', actionId);
    await showProgress(this.actions.progress, { request, reply, imageId, look: () => actionOf(this.actions, request, 'image-import', actionId) });
  }

  @Delete(':actionId')
  @HttpCode(204)
  async cancel(@Req() request: Request, @Param('actionId') actionId: string): Promise<void> {
    await cancelAction(this.actions, request, 'image-import', actionId);
  }
}
