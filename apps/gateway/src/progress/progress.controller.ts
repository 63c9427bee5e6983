import { Controller, Get, Inject, Param, Req, Res } from '@nestjs/common';
import type { Reply, Request } from '../edge/request.js';
import { IMAGES, PROGRESS, type ImageRoom } from '../tokens.js';
import type { ProgressRoom } from './progress.room.js';
import { showProgress } from './show-progress.js';

/** How far the uploads, stagings, imports and copies of an image are, once or as they move. Whoever may see the image may ask. Ours; Glance has no such thing. */
@Controller('v2/images/:imageId/progress')
export class ProgressController {
  constructor(@Inject(IMAGES) private readonly room: ImageRoom, @Inject(PROGRESS) private readonly progress: ProgressRoom) {}

  @Get()
  async show(@Req() request: Request, @Res() reply: Reply, @Param('imageId') path: string): Promise<void> {
    const look = () => this.room.images.visible(path, request);
    const { imageId } = await look();
    await showProgress(this.progress, { request, reply, imageId, look });
  }
}
