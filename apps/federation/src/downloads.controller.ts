import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Controller, Delete, Get, HttpCode, Inject, Param, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { openAccess, openCapability, type CapabilityClaims, type RemoteImage } from '#libs/contracts';
import { Problem } from '#libs/domain';
import { crashPoint } from '#libs/event-log';
import { withRequestId } from '#libs/platform';
import { FEDERATION, type FederationRoom } from './federation.room.js';
import { describeRemote, openRemoteData } from './remote-image.js';
import { openObject } from './remote-object.js';
import type { AskedRemote } from './remote-region.js';

interface Fetched { readonly asked: AskedRemote; readonly importId: string }

/**
 * An image of another region, for the importer. The capability in the path says for which import; whose token goes along, and to which address, stands
 * sealed in what the gateway left. Source: DESIGN.md sections 4 and 6.
 */
@Controller('downloads/:capability')
export class DownloadsController {
  constructor(@Inject(FEDERATION) private readonly room: FederationRoom) {}

  /** What the other region says of the image. Refuses: Forbidden, RemoteTokenLost, and what `describeRemote` does. */
  @Get()
  async describe(@Param('capability') capability: string): Promise<RemoteImage> {
    const claims = this.open(capability);
    return withRequestId(claims.requestId, async () => {
      const { prefixes, signal } = this.room;
      const image = await describeRemote((await this.accessOf(claims)).asked, { prefixes, signal });
      crashPoint('before-reply');
      return image;
    });
  }

  /** Its data, or the rest of it that a Range asks for. Refuses the same, before the first byte; afterwards the connection is cut, and the next request hears why. */
  @Get('data')
  async data(@Req() request: FastifyRequest, @Res() reply: FastifyReply, @Param('capability') capability: string): Promise<void> {
    const claims = this.open(capability);
    await withRequestId(claims.requestId, async () => {
      const { asked } = await this.accessOf(claims);
      const { prefixes, totalTimeoutMs, signal } = this.room;
      const gone = new AbortController();
      reply.raw.once('close', () => { gone.abort(new Error('The importer went away.')); });
      const stop = AbortSignal.any([signal, gone.signal]);
      const image = await describeRemote(asked, { prefixes, signal: stop });
      const startAt = startOf(request.headers, image);
      const { bytes } = image.sizeBytes === 0 ? { bytes: [] } : await openRemoteData(asked, image, { startAt, totalTimeoutMs, signal: stop });
      reply.hijack();
      reply.raw.writeHead(startAt > 0 ? 206 : 200, headOf(image, startAt));
      crashPoint('after-start');
      await this.send(bytes, reply, claims);
    });
  }

  /** An object of an object store. Refuses: Forbidden, RemoteTokenLost, and what `openObject` does; nothing but all of it can be had. */
  @Get('object')
  async object(@Req() request: FastifyRequest, @Res() reply: FastifyReply, @Param('capability') capability: string): Promise<void> {
    const claims = this.open(capability);
    await withRequestId(claims.requestId, async () => {
      const { asked } = await this.accessOf(claims);
      // Nobody knows here whether the object is the same as before.
      if (request.headers.range !== undefined) throw new Problem('DownloadFailed', { uri: asked.imageId, reason: 'the connection broke on its way through the image service' });
      const { totalTimeoutMs, signal } = this.room;
      const gone = new AbortController();
      reply.raw.once('close', () => { gone.abort(new Error('The importer went away.')); });
      const { bytes, sizeBytes } = await openObject(asked, { totalTimeoutMs, limitBytes: Number.MAX_SAFE_INTEGER, signal: AbortSignal.any([signal, gone.signal]) });
      reply.hijack();
      reply.raw.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': String(sizeBytes) });
      await this.send(bytes, reply, claims);
    });
  }

  /** The import has ended: nobody needs the token any more. */
  @Delete()
  @HttpCode(204)
  async end(@Param('capability') capability: string): Promise<void> {
    crashPoint('before-acknowledgement');
    await this.room.tokens.remove(this.fetchedBy(this.open(capability)).importId);
  }

  private async send(bytes: Iterable<Uint8Array> | AsyncIterable<Uint8Array>, { raw }: FastifyReply, { fetches, imageId }: CapabilityClaims): Promise<void> {
    try {
      await pipeline(Readable.from(bytes, { objectMode: false }), raw);
    } catch (error) {
      raw.destroy();
      if (error instanceof Problem) this.room.logger.warn({ image_id: imageId, import_id: fetches?.importId, reason: error.message }, 'an image of another region broke off');
    }
  }

  private open(capability: string): CapabilityClaims {
    return openCapability(this.room.capabilityKey, capability, { may: 'fetch', now: this.room.clock() });
  }

  private fetchedBy({ fetches }: CapabilityClaims): NonNullable<CapabilityClaims['fetches']> {
    if (!fetches) throw new Problem('Forbidden', { detail: 'This capability names no import.' });
    return fetches;
  }

  private async accessOf(claims: CapabilityClaims): Promise<Fetched> {
    const { importId, region } = this.fetchedBy(claims);
    const sealed = await this.room.tokens.get(importId);
    if (sealed === undefined) throw new Problem('RemoteTokenLost');
    return { importId, asked: { region, ...openAccess(this.room.sealKey, sealed, { importId, region }, this.room.clock()) } };
  }
}

/** Only `bytes=N-` is asked for, by an importer whose link broke; where the image is another one than before, all of it is sent. */
function startOf({ range, 'if-range': validator }: FastifyRequest['headers'], image: RemoteImage): number {
  if (range === undefined || (validator !== undefined && validator !== tagOf(image))) return 0;
  const startAt = Number(/^bytes=(\d{1,15})-$/.exec(range)?.[1] ?? NaN);
  if (!(startAt < image.sizeBytes)) throw new Problem('RangeNotSatisfiable', { range: range.slice(0, 64), sizeBytes: image.sizeBytes });
  return startAt;
}

/** What the bytes are known by from one connection to the next. */
const tagOf = ({ osHashValue, checksum, sizeBytes }: RemoteImage): string => `"${osHashValue ?? checksum ?? sizeBytes}"`;

function headOf(image: RemoteImage, startAt: number): Record<string, string> {
  const { sizeBytes } = image;
  return {
    'content-type': 'application/octet-stream', 'content-length': String(sizeBytes - startAt), 'accept-ranges': 'bytes', etag: tagOf(image),
    ...(startAt > 0 ? { 'content-range': `bytes ${startAt}-${sizeBytes - 1}/${sizeBytes}` } : {}),
  };
}
