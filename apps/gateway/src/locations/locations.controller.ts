import { Controller, Get, HttpCode, Inject, Param, Post, Req } from '@nestjs/common';
import { Problem, type Attempt } from '#libs/domain';
import { throwIfOutOfReach } from '#libs/download';
import { TakesBody } from '../edge/http-server.js';
import { jsonObject } from '../edge/json-body.js';
import type { Request } from '../edge/request.js';
import type { AskedImage } from '../images/permissions.js';
import { GATEWAY_RULES, IMAGES, type GatewayRules, type ImageRoom } from '../tokens.js';
import { readLocation } from './location-request.js';

/** Where the data of an image lies: told to services, and given by who leaves data where it is. Source: API.md section 11. */
@Controller('v2/images/:imageId/locations')
export class LocationsController {
  constructor(@Inject(IMAGES) private readonly room: ImageRoom, @Inject(GATEWAY_RULES) private readonly rules: GatewayRules) {}

  @Post()
  @HttpCode(202)
  @TakesBody()
  async add(@Req() request: Request, @Param('imageId') imageId: string): Promise<void> {
    const { value, bytes } = await jsonObject(request);
    const { images, permissions } = this.room;
    const check = (asked: AskedImage): void => {
      if (asked.image.status !== 'queued') throw new Problem('ImageStatusConflict', { imageId: asked.imageId, status: asked.image.status, needed: 'queued' });
      permissions.requireOn('add_image_location', asked, request.caller);
    };
    check(await images.visible(imageId, request));
    const [storeId] = this.rules.readOnlyStoreIds;
    if (storeId === undefined) throw new Problem('Forbidden', { detail: 'No store here reads data where a location says. Upload or import the data, or ask your operator for a store of kind http.' });
    const command = { ...readLocation(value, this.rules), storeIds: [storeId] };
    await throwIfOutOfReach(command.sourceUri ?? '', this.rules.reach);
    await images.change({ request, imageId, body: bytes, check, command: () => command });
  }

  @Get()
  async list(@Req() request: Request, @Param('imageId') path: string): Promise<object[]> {
    const asked = await this.room.images.visible(path, request);
    this.room.permissions.requireOn('fetch_image_location', asked, request.caller);
    return asked.image.attempts.filter(({ state }) => state === 'stored').map((copy) => ({ url: urlOf(asked.imageId, copy), metadata: { store: copy.storeId } }));
  }
}

/** Names a store and a key, and never a credential. */
const urlOf = (imageId: string, { uri, storeId, attemptId }: Attempt): string => uri ?? `store://${storeId}/${imageId}/${attemptId}/${storeId}`;
