import { Controller, Delete, HttpCode, Inject, Param, Put, Req } from '@nestjs/common';
import { Problem } from '#libs/domain';
import type { Request } from '../edge/request.js';
import { refuseText } from '../edge/text.js';
import { IMAGES, type ImageRoom } from '../tokens.js';

const maxTagLength = 255;

/** Add and remove one tag. Source: API.md section 15. */
@Controller('v2/images/:imageId/tags/:tag')
export class ImageTagsController {
  constructor(@Inject(IMAGES) private readonly room: ImageRoom) {}

  @Put()
  @HttpCode(204)
  async add(@Req() request: Request, @Param('imageId') imageId: string, @Param('tag') tag: string): Promise<void> {
    refuseText(tag);
    if (tag.length > maxTagLength) throw new Problem('InvalidRequest', { detail: `A tag must not be longer than ${maxTagLength} characters.` });
    await this.change(request, imageId, { type: 'AddImageTag', tag });
  }

  @Delete()
  @HttpCode(204)
  async remove(@Req() request: Request, @Param('imageId') imageId: string, @Param('tag') tag: string): Promise<void> {
    if (tag.length > maxTagLength) throw new Problem('TagNotFound', { imageId, tag: `${tag.slice(0, maxTagLength)}…` });
    await this.change(request, imageId, { type: 'RemoveImageTag', tag });
  }

  private async change(request: Request, imageId: string, command: { type: 'AddImageTag' | 'RemoveImageTag'; tag: string }): Promise<void> {
    const { images, permissions } = this.room;
    await images.change({ request, imageId, command: () => command, check: (asked) => permissions.requireOn('modify_image', asked, request.caller) });
  }
}
