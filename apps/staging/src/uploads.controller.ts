import { Controller, HttpCode, Inject, Param, Put, Req } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { openCapability, type Answer, type UploadState } from '#libs/contracts';
import { Problem } from '#libs/domain';
import { withRequestId } from '#libs/platform';
import { STAGING, type StagingRoom } from './staging.room.js';

/** Uploads that can be resumed. The capability in the path says what is to be done; a body is the bytes of a part. */
@Controller('uploads/:capability')
export class UploadsController {
  constructor(@Inject(STAGING) private readonly room: StagingRoom) {}

  /** Refuses what `Uploads.carryOut` refuses; Forbidden without a capability for it. */
  @Put()
  @HttpCode(200)
  async carryOut(@Req() request: FastifyRequest, @Param('capability') capability: string): Promise<Answer<UploadState>> {
    const claims = openCapability(this.room.capabilityKey, capability, { may: 'upload', now: this.room.transfer.clock() });
    const { upload } = claims;
    if (!upload) throw new Problem('Forbidden', { detail: 'This capability does not say what is to be done. Ask the image service again.' });
    return { ok: await withRequestId(claims.requestId, () => this.room.uploads.carryOut({ ...claims, upload }, request.raw)) };
  }
}
