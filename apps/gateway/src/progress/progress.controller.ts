import type { OutgoingHttpHeaders } from 'node:http';
import { Controller, Get, Inject, Param, Req, Res } from '@nestjs/common';
import { Problem } from '#libs/domain';
import type { Reply, Request } from '../edge/request.js';
import { wantsEvents } from '../edge/wants-events.js';
import { IMAGES, PROGRESS, type ImageRoom } from '../tokens.js';
import { streamProgress } from './progress-stream.js';
import type { ProgressRoom } from './progress.room.js';
import { progressView } from './progress.view.js';

/** How far the uploads, stagings, imports and copies of an image are, once or as they move. Whoever may see the image may ask. Ours; Glance has no such thing. */
@Controller('v2/images/:imageId/progress')
export class ProgressController {
  constructor(@Inject(IMAGES) private readonly room: ImageRoom, @Inject(PROGRESS) private readonly progress: ProgressRoom) {}

  @Get()
  async show(@Req() request: Request, @Res() reply: Reply, @Param('imageId') path: string): Promise<void> {
    const { imageId } = await this.room.images.visible(path, request);
    if (wantsEvents(request)) return this.stream(request, reply, imageId);
    return void reply.header('cache-control', 'no-store').send(progressView(this.progress.board.of(imageId)));
  }

  private async stream(request: Request, reply: Reply, imageId: string): Promise<void> {
    const { board, seats, times, stop } = this.progress;
    const leave = seats.take(request.caller.projectId ?? '');
    try {
      reply.hijack();
      reply.raw.writeHead(200, {
        ...reply.getHeaders() as OutgoingHttpHeaders,
        'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store', 'x-accel-buffering': 'no',
      });
      await streamProgress({ board, imageId, response: reply.raw, times, stop, mayStillSee: () => this.maySee(imageId, request) });
    } finally {
      leave();
    }
  }

  /** A token that expired, or an image that was hidden, unshared or deleted, ends what was begun in its name. */
  private async maySee(imageId: string, request: Request): Promise<boolean> {
    if (request.caller.expiresAt.getTime() <= Date.now()) return false;
    try {
      await this.room.images.visible(imageId, request);
      return true;
    } catch (error) {
      if (error instanceof Problem) return error.code !== 'ImageNotFound';
      throw error;
    }
  }
}
