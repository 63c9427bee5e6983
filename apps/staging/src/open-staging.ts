import { randomUUID } from 'node:crypto';
import {
  commandSubject, imageFromJson, questionSubject, type CommandContext, type ImageCommandAnswer, type ImageCommandMessage, type RemovalsAnswer,
  type StatusAnswer,
} from '#libs/contracts';
import { stagingStoreId, type Image } from '#libs/domain';
import { jetStreamLeases } from '#libs/event-log';
import { progressTeller, sectionsOf, type ServiceParts } from '#libs/platform';
import { openStagingStore } from '#libs/stores';
import { dataRemoval, ensureSameLease, removalLoop } from '#libs/transfers';
import type { StagingConfig } from './config.js';
import type { StagingRoom } from './staging.room.js';

/** Who acts when the staging service itself does. */
const stagingActor: CommandContext['actor'] = { userId: 'service:staging', authMethod: 'service' };

/** Opens the staging area, and begins to remove what lies in it for nobody. Stops with the service. */
export async function openStaging({ config, bus, logger, readiness, shutdown }: ServiceParts<StagingConfig>): Promise<StagingRoom> {
  const store = await openStagingStore(config, sectionsOf(process.env));
  readiness.add('staging area', () => store.check());
  readiness.add('catalog', async () => {
    ensureSameLease(config.leaseSeconds, await bus.ask<StatusAnswer>(questionSubject(bus.region, 'status'), {}, { timeoutMs: 1500 }));
  });

  const sendMessage = async (message: ImageCommandMessage): Promise<Image> =>
    imageFromJson((await bus.ask<ImageCommandAnswer>(commandSubject(bus.region, 'image'), message)).image);
  const removal = dataRemoval({
    stores: new Map([[stagingStoreId, store]]), logger,
    askRemovals: (question) => bus.ask<RemovalsAnswer>(questionSubject(bus.region, 'removals'), question),
    send: (imageId, command) => sendMessage({
      envelope: { imageId, command }, context: { commandId: randomUUID(), requestId: `req-${randomUUID()}`, actor: stagingActor },
    }),
  });
  const loop = removalLoop(removal, { everyMs: config.removalInterval * 1000, logger });
  shutdown.add('removal of bytes', () => loop.stop());

  return {
    store, logger, capabilityKey: config.capabilityKey,
    transfer: {
      leases: await jetStreamLeases(bus.connection, { region: bus.region }), leaseMs: config.leaseSeconds * 1000, idleMs: config.uploadIdleSeconds * 1000,
      clock: () => new Date(), osHashAlgo: config.hashingAlgorithm, tellProgress: progressTeller(bus), removeData: removal.ofImage,
    },
    sender: ({ imageId, requestId, actor, personal }) => (envelope, { commandId, requestHash } = { commandId: randomUUID() }) => sendMessage({
      envelope: { imageId, ...envelope },
      context: { commandId, requestId, actor, ...(requestHash === undefined ? {} : { requestHash }), ...(personal ? { personal } : {}) },
    }),
  };
}
