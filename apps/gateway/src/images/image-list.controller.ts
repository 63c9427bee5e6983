import { Controller, Get, Inject, Req, Res } from '@nestjs/common';
import type { ImageListQuery, ImagePage } from '#libs/read-model';
import { TakesBody } from '../edge/http-server.js';
import type { Reply, Request } from '../edge/request.js';
import { GATEWAY_RULES, IMAGES, type GatewayRules, type ImageRoom } from '../tokens.js';
import { listQuery } from './list-query.js';
import { queryOf } from './query.js';

/** How many pages are looked through for one image that an operator's own `get_image` lets the caller see. */
const maxPages = 20;

/** List images. Source: API.md section 7. */
@Controller('v2/images')
export class ImageListController {
  constructor(@Inject(IMAGES) private readonly room: ImageRoom, @Inject(GATEWAY_RULES) private readonly rules: GatewayRules) {}

  @Get()
  @TakesBody()
  async list(@Req() request: Request, @Res({ passthrough: true }) reply: Reply): Promise<string> {
    const parameters = queryOf(request);
    this.room.permissions.require('get_images', request.caller);
    const { images, isFull } = await this.page(listQuery(parameters, this.rules), request);
    const last = images.at(-1);
    const texts = images.map(({ imageId, image }) => this.room.write(imageId, image, request.caller));
    const links = { first: pageLink(parameters), ...(isFull && last ? { next: pageLink(parameters, last.imageId) } : {}), schema: '/v2/schemas/images' };
    reply.header('content-type', 'application/json');
    return `{"images":[${texts.join(',')}],${JSON.stringify(links).slice(1)}`;
  }

  /** The read model knows the default rules; where an operator wrote his own, every image is asked about. */
  private async page(query: ImageListQuery, request: Request): Promise<ImagePage> {
    const { permissions, properties } = this.room;
    // Who may not read a property may not find out its value by asking for images that have it.
    if (Object.keys(query.properties ?? {}).some((name) => !properties.mayRead(name, request.caller))) return { images: [], isFull: false };
    if (permissions.isListedBySql()) return this.read(query, request);
    let marker = query.marker;
    for (let pages = 1; ; pages += 1) {
      const page = await this.read({ ...query, ...(marker === undefined ? {} : { marker }) }, request);
      const images = page.images.filter((listed) => permissions.allowsListed(listed, request.caller));
      if (images.length > 0 || !page.isFull || pages >= maxPages) return { images, isFull: page.isFull };
      marker = page.images.at(-1)?.imageId;
    }
  }

  private read(query: ImageListQuery, { caller }: Request): Promise<ImagePage> {
    const viewer = { isAdmin: this.room.permissions.isAdmin(caller), ...(caller.projectId === null ? {} : { projectId: caller.projectId }) };
    return this.room.readModel.listImages(query, viewer, { atLeast: this.room.acknowledged.sequence() });
  }
}

/** A link to the first page, or to the one after `marker`, with every parameter kept, also repeated ones. */
function pageLink(parameters: URLSearchParams, marker?: string): string {
  const kept = [...parameters].filter(([name]) => name !== 'marker');
  const asked: [string, string][] = marker === undefined ? kept : [['marker', marker], ...kept];
  const query = new URLSearchParams(asked).toString();
  return query === '' ? '/v2/images' : `/v2/images?${query}`;
}

