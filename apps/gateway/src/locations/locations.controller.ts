import { Controller, Get, HttpCode, Inject, Param, Post, Req } from '@nestjs/common';
import { locationsOf, Problem, type ImageCommand } from '#libs/domain';
import { throwIfOutOfReach } from '#libs/download';
import { BodilessAsInGlance } from '../edge/bodiless.js';
import { TakesBody } from '../edge/http-server.js';
import { jsonObject } from '../edge/json-body.js';
import type { Request } from '../edge/request.js';
import type { AskedImage } from '../images/permissions.js';
import { GATEWAY_RULES, IMAGES, type GatewayRules, type ImageRoom } from '../tokens.js';
import { DATA, type DataRoom } from '../data/data.room.js';
import { findData } from './location-changes.js';
import { readLocation } from './location-request.js';

/** Where the data of an image lies: told to services, and given by who leaves data where it is. Source: API.md section 11. */
@Controller('v2/images/:imageId/locations')
export class LocationsController {
  constructor(@Inject(IMAGES) private readonly room: ImageRoom, @Inject(GATEWAY_RULES) private readonly rules: GatewayRules, @Inject(DATA) private readonly data: DataRoom) {}

  @Post()
  @HttpCode(202)
  @BodilessAsInGlance()
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
    const read = readLocation(value, this.rules);
    await throwIfOutOfReach(read.sourceUri ?? '', this.rules.reach);
    const command = this.rules.locations.areHashed ? { ...read, storeIds: [storeId] } : await this.believed(imageId.toLowerCase(), read);
    await images.change({ request, imageId, body: bytes, check, command: () => command });
  }

  /** Nobody reads the data: it is as large as its server says, and what the client says that it hashes to is believed. (glance: do_secure_hash) */
  private async believed(imageId: string, { sourceUri: url = '', expectedHashAlgo: osHashAlgo, expectedHashValue: osHashValue }: ReturnType<typeof readLocation>): Promise<ImageCommand> {
    const found = await findData(imageId, url, { rules: this.rules, sizeAt: this.data.sizeAt });
    const validation = osHashAlgo === undefined || osHashValue === undefined ? {} : { validation: { osHashAlgo, osHashValue } };
    return { type: 'ChangeImageProperties', changes: [{ of: 'locations', op: 'add', location: { url, metadata: {}, found, ...validation } }] };
  }

  @Get()
  async list(@Req() request: Request, @Param('imageId') path: string): Promise<object[]> {
    const asked = await this.room.images.visible(path, request);
    this.room.permissions.requireOn('fetch_image_location', asked, request.caller);
    return locationsOf(asked.imageId, asked.image);
  }
}
