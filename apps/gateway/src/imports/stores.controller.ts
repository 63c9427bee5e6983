import { Controller, Delete, HttpCode, Inject, Param, Req } from '@nestjs/common';
import { Problem } from '#libs/domain';
import { DATA, type DataRoom } from '../data/data.room.js';
import type { Request } from '../edge/request.js';
import { GATEWAY_RULES, IMAGES, type GatewayRules, type ImageRoom } from '../tokens.js';

/** An image in one of its stores. Source: API.md section 12. */
@Controller('v2/stores/:storeId')
export class StoresController {
  constructor(@Inject(IMAGES) private readonly room: ImageRoom, @Inject(GATEWAY_RULES) private readonly rules: GatewayRules, @Inject(DATA) private readonly data: DataRoom) {}

  @Delete(':imageId')
  @HttpCode(204)
  async delete(@Req() request: Request, @Param('storeId') storeId: string, @Param('imageId') imageId: string): Promise<void> {
    if (!this.rules.storeIds.includes(storeId)) throw new Problem('StoreUnknown', { storeId: storeId.slice(0, 64) });
    const { images, permissions } = this.room;
    const image = await images.change({
      request, imageId, command: () => ({ type: 'DropImageData', storeId }),
      check(asked) {
        permissions.requireOn('get_image_location', asked, request.caller);
        permissions.requireOn('delete_image_location', asked, request.caller);
      },
    });
    // The event first, the bytes after it: nobody needs to wait for them, and what is not removed now is found by the next pass.
    void this.data.removal.ofImage(imageId.toLowerCase(), image);
  }
}
