import { Controller, Get, Inject, Param, Req } from '@nestjs/common';
import { imageFromJson, isLowerUuid, type PastImage } from '#libs/contracts';
import { Problem } from '#libs/domain';
import type { Request } from '../edge/request.js';
import { queryOf, wholeNumber } from '../images/query.js';
import { IMAGES, type ImageRoom } from '../tokens.js';
import { untilOf } from './past-query.js';

const defaultLimit = 25;
const maxLimit = 100;

/**
 * An image, and the list of images, as they were at a moment or at a place of the log. Ours; Glance has no such thing. Whose they are today decides who is told, and
 * administrators are: who could see an image then may not be meant to now.
 */
@Controller('v2')
export class PastController {
  constructor(@Inject(IMAGES) private readonly room: ImageRoom) {}

  @Get('images/:imageId/history/state')
  async image(@Req() request: Request, @Param('imageId') imageId: string): Promise<object> {
    const { images, permissions } = this.room;
    permissions.requireProjectScope(request.caller);
    const { owner, was } = await images.past(imageId, untilOf(queryOf(request)));
    if (!permissions.allowsHistory({ imageId: imageId.toLowerCase(), owner }, request.caller)) {
      await images.visible(imageId, request);
      throw new Problem('Forbidden', { detail: 'Only the owning project and administrators may see what an image was.' });
    }
    if (!was) throw new Problem('ImageNotYet', { imageId });
    return this.view(imageId.toLowerCase(), was, request);
  }

  @Get('history/images')
  async list(@Req() request: Request): Promise<object> {
    const { images, permissions } = this.room;
    permissions.requireProjectScope(request.caller);
    const query = queryOf(request);
    const until = untilOf(query, ['time', 'sequence']);
    const limit = Math.min(wholeNumber('limit', query.get('limit') ?? undefined, { min: 1 }) ?? defaultLimit, maxLimit);
    const [marker, owner] = [query.get('marker')?.toLowerCase(), this.ownerIn(query, request)];
    if (marker !== undefined && !isLowerUuid(marker)) throw new Problem('InvalidRequest', { detail: 'The marker must be the id of an image. Begin again without one.' });
    const page = await images.pastImages({ until, limit, ...(owner === undefined ? {} : { owner }), ...(marker === undefined ? {} : { after: marker }) });
    const own = page.images.filter((image) => permissions.allowsHistory(image, request.caller));
    const place = new URLSearchParams([...query].filter(([name]) => name !== 'marker'));
    return {
      images: own.map((image) => this.view(image.imageId, image, request)),
      first: `/v2/history/images?${place.toString()}`,
      ...(page.after === undefined ? {} : { next: `/v2/history/images?${new URLSearchParams([...place, ['marker', page.after]]).toString()}` }),
    };
  }

  /** Administrators see everybody's, or one owner's; all others their own project's. */
  private ownerIn(query: URLSearchParams, { caller }: Request): string | undefined {
    if (!this.room.permissions.isAdmin(caller)) return caller.projectId ?? '';
    return query.get('owner') ?? undefined;
  }

  private view(imageId: string, { version, sequence, at, image }: PastImage, { caller }: Request): object {
    return { version, sequence, changed_at: at, image: this.room.show(imageId, imageFromJson(image), caller) };
  }
}
