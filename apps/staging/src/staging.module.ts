import type { DynamicModule } from '@nestjs/common';
import { APP_FILTER } from '@nestjs/core';
import { TransferRefusals } from '#libs/platform';
import { STAGING, type StagingRoom } from './staging.room.js';
import { TransfersController } from './transfers.controller.js';
import { UploadsController } from './uploads.controller.js';

class StagingModule {}

/** Everything the staging service answers: bytes that come and bytes that are fetched. */
export const stagingModule = (room: StagingRoom): DynamicModule => ({
  module: StagingModule,
  controllers: [TransfersController, UploadsController],
  providers: [
    { provide: STAGING, useValue: room },
    { provide: APP_FILTER, useValue: new TransferRefusals(room.logger, 'The staging area') },
  ],
});
