import { randomUUID } from 'node:crypto';
import { Controller, Get, HttpCode, Inject, Param, Put, Req, Res } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { openCapability, type CapabilityClaims } from '#libs/contracts';
import { stagingStoreId } from '#libs/domain';
import { withRequestId } from '#libs/platform';
import { sendData } from '#libs/stores';
import { requestedRange, transferData } from '#libs/transfers';
import { STAGING, type StagingRoom } from './staging.room.js';

/** Data on its way through the staging area. The capability in the path is all that opens it. Source: DESIGN.md section 4. */
@Controller('transfers/:capability')
export class TransfersController {
  constructor(@Inject(STAGING) private readonly room: StagingRoom) {}

  /** Takes an image's data. Refuses what the image, the limits or the disk refuse; the image is queued again then. */
  @Put()
  @HttpCode(204)
  async receive(@Req() request: FastifyRequest, @Param('capability') capability: string): Promise<void> {
    const claims = this.open(capability, 'stage');
    const { imageId, attemptId, limitBytes = 0, declaredSizeBytes, authorizedFor, completion = { commandId: randomUUID() } } = claims;
    await withRequestId(claims.requestId, () => transferData(this.room.transfer, {
      kind: 'ImageStaging', imageId, attemptId, store: this.room.store, source: request.raw, limitBytes, completion, send: this.room.sender(claims),
      ...(declaredSizeBytes === undefined ? {} : { declaredSizeBytes }), ...(authorizedFor ? { authorizedFor } : {}),
    }));
  }

  /** Gives staged data, or the part of it that a Range asks for. Refuses: Forbidden, ImageDataNotFound, RangeNotSatisfiable. */
  @Get()
  async give(@Req() request: FastifyRequest, @Res() reply: FastifyReply, @Param('capability') capability: string): Promise<void> {
    const { imageId, attemptId } = this.open(capability, 'read');
    const key = { imageId, attemptId, storeId: stagingStoreId };
    const sizeBytes = await this.room.store.sizeOf(key);
    const range = requestedRange({ range: request.headers.range }, sizeBytes);
    const reader = await this.room.store.read(key, range);
    reply.hijack();
    reply.raw.writeHead(range ? 206 : 200, {
      'content-type': 'application/octet-stream', 'content-length': String(reader.lengthBytes), 'accept-ranges': 'bytes',
      ...(range ? { 'content-range': `bytes ${range.start}-${range.end}/${sizeBytes}` } : {}),
    });
    const { isComplete } = await sendData(reader, reply.raw).catch((error: unknown) => {
      reply.raw.destroy();
      throw error;
    });
    if (isComplete) reply.raw.end();
    else reply.raw.destroy();
  }

  private open(capability: string, may: CapabilityClaims['may']): CapabilityClaims {
    return openCapability(this.room.capabilityKey, capability, { may, now: this.room.transfer.clock() });
  }
}
