import { Controller, Get, Inject, Param, Req } from '@nestjs/common';
import type { CopiesOfRegion } from '#libs/contracts';
import { lineageOf, originOf } from '#libs/domain';
import type { Request } from '../edge/request.js';
import { GATEWAY_RULES, IMAGES, type GatewayRules, type ImageRoom } from '../tokens.js';
import { REGIONS, type RegionsRoom } from './regions.room.js';

/** Where the copies of an image are, and where it is a copy from: from either side the same. Beyond Glance; docs/replication.md. */
@Controller('v2/images/:imageId/copies')
export class ImageCopiesController {
  constructor(
    @Inject(REGIONS) private readonly room: Pick<RegionsRoom, 'copies'>, @Inject(IMAGES) private readonly images: Pick<ImageRoom, 'images'>,
    @Inject(GATEWAY_RULES) private readonly rules: Pick<GatewayRules, 'region'>,
  ) {}

  @Get()
  async copies(@Req() request: Request, @Param('imageId') imageId: string): Promise<object> {
    const { image } = await this.images.images.visible(imageId, request);
    const origin = originOf({ id: imageId.toLowerCase(), region: this.rules.region, properties: image.properties });
    const regions = await this.room.copies(request, origin);
    return {
      origin: { region: origin.originRegion, id: origin.originId },
      copies: regions.flatMap(copiesView),
      regions: regions.map(({ name, reason = null }) => ({ name, asked: reason === null, reason })),
    };
  }
}

const copiesView = ({ name: region, copies }: CopiesOfRegion): object[] => copies.map(({ id, name, status, visibility, owner, sizeBytes, properties }) => {
  const { originVersion, originHash } = lineageOf(properties) ?? {};
  return { region, id, name, status, visibility, owner, size: sizeBytes, origin_version: originVersion, origin_hash: originHash };
});
