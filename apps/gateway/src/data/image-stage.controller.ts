import { Controller, Delete, Head, HttpCode, Inject, Param, Put, Req, Res } from '@nestjs/common';
import { known, wholePart, type UploadState } from '#libs/contracts';
import { Problem, stagingStoreId } from '#libs/domain';
import type { ImageRecord } from '#libs/read-model';
import { TakesBody } from '../edge/http-server.js';
import { header, type Reply, type Request } from '../edge/request.js';
import { commandIdentity } from '../images/idempotency.js';
import { pathOf } from '../images/images.js';
import { GATEWAY_RULES, IMAGES, type GatewayRules, type ImageRoom } from '../tokens.js';
import { uploadRange, type UploadRange } from '../uploads/content-range.js';
import { openUpload, resumable, stagedState } from '../uploads/resumable.js';
import { readChecksum } from '../uploads/upload-metadata.js';
import { tellOffset } from '../uploads/upload-offset.js';
import { DATA, type DataRoom } from './data.room.js';
import { declaredSize, refuseOtherMediaTypes } from './upload-headers.js';

/** Data that waits for an import, in one go or, with Content-Range, in parts. Source: api-ref "Stage binary image data"; API.md section 8. */
@Controller('v2/images/:imageId/stage')
export class ImageStageController {
  private readonly uploads: ReturnType<typeof resumable>;

  constructor(@Inject(IMAGES) private readonly images: ImageRoom, @Inject(DATA) private readonly data: DataRoom, @Inject(GATEWAY_RULES) private readonly rules: GatewayRules) {
    this.uploads = resumable(data, images, rules);
  }

  @Put()
  @HttpCode(204)
  @TakesBody()
  async stage(@Req() request: Request, @Res({ passthrough: true }) reply: Reply, @Param('imageId') path: string): Promise<void> {
    const { stage, limitBytes } = this.data;
    if (!stage || !this.rules.importMethods.includes('glance-direct')) throw new Problem('RouteNotFound', { path: pathOf(request) });
    const contentRange = header(request, 'content-range');
    if (contentRange !== undefined) return this.stagePart(request, reply, path, uploadRange(contentRange, header(request, 'content-length')));
    refuseOtherMediaTypes(request);
    const declaredSizeBytes = declaredSize(request);
    const { images, permissions } = this.images;
    const asked = await images.visible(path, request);
    permissions.requireOn('modify_image', asked, request.caller);
    permissions.requireOn('import_image', asked, request.caller);
    const { imageId, image: { owner, visibility } } = asked;
    await stage({
      imageId, limitBytes: limitBytes('glance-direct', owner), source: request.raw, sender: images.senderOf(request), completion: commandIdentity(request, pathOf(request)), authorizedFor: { owner, visibility },
      send: (envelope, sentAs) => images.send(request, { imageId, ...envelope }, sentAs),
      ...(declaredSizeBytes === undefined ? {} : { declaredSizeBytes }),
    });
  }

  /** One part after another, the first of which begins the upload: 308 while something is missing, then 204. */
  private async stagePart(request: Request, reply: Reply, path: string, range: UploadRange): Promise<void> {
    if (range.at !== undefined) refuseOtherMediaTypes(request);
    const asked = await this.uploads.changeable(request, path);
    const state = range.at === undefined && range.totalBytes !== 0 ? await this.stateOf(request, asked) : await this.append(request, asked, range);
    tell(reply, state);
    if (!state.isStaged) void reply.code(308);
  }

  private async append(request: Request, asked: ImageRecord, { at = 0, totalBytes }: UploadRange): Promise<UploadState> {
    const checksum = readChecksum(header(request, 'upload-checksum'), header(request, 'content-md5'));
    const underWay = openUpload(asked.image);
    if (!underWay && at > 0 && asked.image.status === 'queued') throw new Problem('UploadOffsetMismatch', { given: at, uploadOffset: 0 });
    const { state, attemptId } = underWay ? { ...underWay, state: undefined } : await this.uploads.begin(request, asked, known({ totalBytes }));
    return state?.isStaged ? state : this.uploads.ask(request, asked, attemptId, { do: 'append', part: wholePart, at, ...known({ totalBytes, checksum }) }, true);
  }

  /** How far the upload is: what a client asks before it goes on. An image that waits for data has none of it yet. */
  private async stateOf(request: Request, asked: ImageRecord): Promise<UploadState> {
    const { imageId, image } = asked;
    const underWay = openUpload(image);
    if (underWay) return this.uploads.ask(request, asked, underWay.attemptId, { do: 'tell', part: wholePart });
    if (image.staged) return stagedState(image.staged.attemptId, image.staged.sizeBytes);
    if (image.status === 'queued') return { uploadId: '', at: 0, isStaged: false };
    throw new Problem('ImageStatusConflict', { imageId, status: image.status, needed: 'queued or uploading in parts' });
  }

  /** Beyond Glance. */
  @Head()
  @HttpCode(200)
  async show(@Req() request: Request, @Res({ passthrough: true }) reply: Reply, @Param('imageId') path: string): Promise<void> {
    const state = await this.stateOf(request, await this.uploads.changeable(request, path));
    tell(reply, state);
    reply.header('cache-control', 'no-store');
  }

  /** Beyond Glance: gives up what was staged, in parts or whole, and the image is queued again. */
  @Delete()
  @HttpCode(204)
  async giveUp(@Req() request: Request, @Param('imageId') path: string): Promise<void> {
    const asked = await this.uploads.changeable(request, path);
    const { imageId, image: { importing, staged } } = asked;
    const underWay = openUpload(asked.image);
    if (underWay) return void await this.uploads.ask(request, asked, underWay.attemptId, { do: 'end', part: wholePart });
    if (importing) throw new Problem('ImportInProgress', { imageId, importId: importing.importId });
    if (!staged) throw new Problem('ImageDataNotFound', { imageId, storeId: stagingStoreId });
    const { owner, visibility } = asked.image;
    await this.images.images.send(request, { imageId, command: { type: 'ExpireStagedData', attemptId: staged.attemptId }, authorizedFor: { owner, visibility } });
  }
}

/** In the words of tus, of the IETF's draft for resumable uploads, and of HTTP itself. */
function tell(reply: Reply, { at, totalBytes, expiresAt, isStaged }: UploadState): void {
  tellOffset(reply, { at, ...known({ expiresAt }) });
  reply.header('upload-complete', isStaged ? '?1' : '?0');
  if (totalBytes !== undefined) reply.header('upload-length', String(totalBytes));
  if (at > 0) reply.header('range', `bytes=0-${at - 1}`);
}
