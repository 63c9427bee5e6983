import type { OutgoingHttpHeaders } from 'node:http';
import { Controller, Get, HttpCode, Inject, Param, Put, Req, Res } from '@nestjs/common';
import { Problem } from '#libs/domain';
import { keysOf, sendData } from '#libs/stores';
import { requestedRange, transferData } from '#libs/transfers';
import type { AskedData } from '../cache/image-cache.js';
import { TakesBody } from '../edge/http-server.js';
import { header, type Reply, type Request } from '../edge/request.js';
import { commandIdentity } from '../images/idempotency.js';
import { pathOf } from '../images/images.js';
import type { AskedImage } from '../images/permissions.js';
import { queryOf } from '../images/query.js';
import { IMAGES, type ImageRoom } from '../tokens.js';
import { DATA, type DataRoom } from './data.room.js';
import { declaredSize, refuseOtherMediaTypes } from './upload-headers.js';

/** Upload and download of an image's data. Source: api-ref "Image data"; API.md section 8. */
@Controller('v2/images/:imageId/file')
export class ImageDataController {
  constructor(@Inject(IMAGES) private readonly images: ImageRoom, @Inject(DATA) private readonly data: DataRoom) {}

  @Put()
  @HttpCode(204)
  @TakesBody()
  async upload(@Req() request: Request, @Param('imageId') path: string): Promise<void> {
    refuseOtherMediaTypes(request);
    const declaredSizeBytes = declaredSize(request);
    const { images, permissions } = this.images;
    const asked = await images.visible(path, request);
    permissions.requireOn('upload_image', asked, request.caller);
    const { imageId } = asked;
    const identity = commandIdentity(request, pathOf(request));
    const store = this.data.storeFor(header(request, 'x-image-meta-store'));
    await this.data.tracing.inSpan('transfer', { facts: { 'heliograph.store': store.id } }, () => transferData(this.data.upload, {
      kind: 'ImageDataUpload', imageId, store, source: request.raw, limitBytes: this.data.limitBytes('upload', asked.image.owner),
      ...(declaredSizeBytes === undefined ? {} : { declaredSizeBytes }),
      authorizedFor: { owner: asked.image.owner, visibility: asked.image.visibility },
      openSignature: this.data.signing.ofUpload(request, imageId),
      completion: identity,
      send: (envelope, sentAs) => images.send(request, { imageId, ...envelope }, sentAs),
    }));
  }

  @Get()
  async download(@Req() request: Request, @Res() reply: Reply, @Param('imageId') path: string): Promise<void> {
    const { images, permissions } = this.images;
    const asked = await images.visible(path, request);
    permissions.requireOn('download_image', asked, request.caller);
    const { imageId, image } = asked;
    if (image.status === 'deactivated' && !permissions.isAdmin(request.caller)) throw new Problem('DeactivatedImage', { imageId });
    const prefer = this.preferredStores(request, asked);
    const copies = keysOf(imageId, image.attempts);
    if (copies.length === 0 || !image.data) return void reply.code(204).send();
    await this.send(request, reply, { imageId, data: image.data, copies }, { prefer, owner: image.owner });
  }

  /** Which stores the client would rather read from; an empty parameter is none. Source: api-ref "Download binary image data", `prefer`. */
  private preferredStores(request: Request, asked: AskedImage): readonly string[] {
    const names = queryOf(request).get('prefer') ?? '';
    if (!/[^\s,]/.test(names)) return [];
    this.images.permissions.requireOn('download_from_store', asked, request.caller);
    return this.data.preferred(names);
  }

  /** Straight from the store to the socket; the headers of the edge go along. */
  private async send(request: Request, reply: Reply, asked: AskedData, { prefer, owner }: { prefer: readonly string[]; owner: string | null }): Promise<void> {
    const { imageId, data: { sizeBytes, checksum } } = asked;
    const range = requestedRange({ range: header(request, 'range'), contentRange: header(request, 'content-range') }, sizeBytes);
    const reader = await this.data.read(asked, { range, prefer });
    reply.hijack();
    reply.raw.writeHead(range ? 206 : 200, {
      ...reply.getHeaders() as OutgoingHttpHeaders,
      'content-type': 'application/octet-stream',
      'content-length': String(reader.lengthBytes),
      // Hex and always of the whole image, as glanceclient expects: API.md section 8.
      ...(checksum === undefined ? {} : { 'content-md5': checksum }),
      ...(range ? { 'content-range': `bytes ${range.start}-${range.end}/${sizeBytes}` } : {}),
    });
    const tell = (bytesSent: number): void => {
      const { projectId, userId } = request.caller;
      this.data.tellSent({ imageId, owner, sizeBytes: reader.lengthBytes, bytesSent, projectId, userId });
    };
    const { isComplete, sentBytes } = await sendData(reader, reply.raw).catch((error: unknown) => {
      // The status is out already: cutting the connection is the one honest way to say that the rest is missing.
      reply.raw.destroy();
      tell(0);
      throw error;
    });
    tell(sentBytes);
    if (isComplete) reply.raw.end();
    else reply.raw.destroy();
  }
}
