import { randomUUID } from 'node:crypto';
import { Controller, HttpCode, Inject, Param, Put, Req } from '@nestjs/common';
import { Problem } from '#libs/domain';
import { TakesBody } from '../edge/http-server.js';
import type { Request } from '../edge/request.js';
import { commandIdentity } from '../images/idempotency.js';
import { pathOf } from '../images/images.js';
import { GATEWAY_RULES, IMAGES, type GatewayRules, type ImageRoom } from '../tokens.js';
import { bringToStaging } from './bring-to-staging.js';
import { DATA, type DataRoom } from './data.room.js';
import { declaredSize, refuseOtherMediaTypes } from './upload-headers.js';

/** Data that waits for an import. Source: api-ref "Stage binary image data"; API.md section 8. */
@Controller('v2/images/:imageId/stage')
export class ImageStageController {
  constructor(@Inject(IMAGES) private readonly images: ImageRoom, @Inject(DATA) private readonly data: DataRoom, @Inject(GATEWAY_RULES) private readonly rules: GatewayRules) {}

  @Put()
  @HttpCode(204)
  @TakesBody()
  async stage(@Req() request: Request, @Param('imageId') path: string): Promise<void> {
    const { staging, limitBytes } = this.data;
    if (!staging || !this.rules.importMethods.includes('glance-direct')) throw new Problem('RouteNotFound', { path: pathOf(request) });
    refuseOtherMediaTypes(request);
    const declaredSizeBytes = declaredSize(request);
    const { images, permissions } = this.images;
    const asked = await images.visible(path, request);
    permissions.requireOn('modify_image', asked, request.caller);
    const { commandId, requestHash } = commandIdentity(request, pathOf(request));
    await bringToStaging(staging, {
      imageId: asked.imageId, attemptId: randomUUID(), limitBytes, ...images.senderOf(request),
      completion: { commandId, ...(requestHash === undefined ? {} : { requestHash }) },
      authorizedFor: { owner: asked.image.owner, visibility: asked.image.visibility },
      ...(declaredSizeBytes === undefined ? {} : { declaredSizeBytes }),
    }, request.raw);
  }
}
