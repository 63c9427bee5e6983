import type { DynamicModule } from '@nestjs/common';
import { TransferRefusals } from '#libs/platform';
import { CopyOrdersController } from './copying/copy-orders.controller.js';
import { DownloadsController } from './downloads.controller.js';
import { FEDERATION, type FederationRoom } from './federation.room.js';
import { RegionsController } from './regions.controller.js';
import { REPLICATIONS, ReplicationsController } from './replication/replications.controller.js';

class FederationModule {}

/** Everything the federation service answers: images of other regions for the importer, copies to other regions, which regions can be reached, and commands on replication policies. */
export const federationModule = (room: FederationRoom): DynamicModule => ({
  module: FederationModule,
  controllers: [DownloadsController, CopyOrdersController, RegionsController, ReplicationsController],
  providers: [{ provide: FEDERATION, useValue: room }, { provide: REPLICATIONS, useValue: room.desk }],
});

/** How it answers what it refuses over HTTP; over the bus the platform's own filter does. */
export const refusals = (logger: FederationRoom['logger']): TransferRefusals => new TransferRefusals(logger, 'The federation service');
