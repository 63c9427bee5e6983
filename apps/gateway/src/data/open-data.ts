import { randomUUID } from 'node:crypto';
import { commandSubject, imageFromJson, questionSubject, type CommandContext, type ImageCommandAnswer, type ImageCommandMessage, type RemovalsAnswer, type ReservationAnswer } from '#libs/contracts';
import type { Image, ImageCommand } from '#libs/domain';
import { jetStreamLeases } from '#libs/event-log';
import { progressTeller, type ServiceParts } from '#libs/platform';
import type { ReadModel } from '#libs/read-model';
import type { Stores } from '#libs/stores';
import { openCache } from '../cache/open-cache.js';
import { dataRemoval, formatRules, removalLoop, sizeLimits } from '#libs/transfers';
import type { GatewayConfig } from '../config.js';
import { dataRoom, type DataRoom } from './data.room.js';
import { signing } from './signing.js';
import { sentTeller } from './tell-sent.js';

/** Who acts when the gateway itself does. */
const gatewayActor: CommandContext['actor'] = { userId: 'service:gateway', authMethod: 'service' };

/** Opens what moves bytes, and begins to clean up after processes that were killed. */
export async function openData(parts: ServiceParts<GatewayConfig>, stores: Stores, readModel: Pick<ReadModel, 'imageById'>): Promise<DataRoom> {
  const { config, bus, logger, readiness, shutdown } = parts;
  for (const store of stores.all.values()) readiness.add(`store ${store.id}`, () => store.check());
  const send = async (imageId: string, command: ImageCommand): Promise<Image> => {
    const message: ImageCommandMessage = { envelope: { imageId, command }, context: { commandId: randomUUID(), requestId: `req-${randomUUID()}`, actor: gatewayActor } };
    return imageFromJson((await bus.ask<ImageCommandAnswer>(commandSubject(bus.region, 'image'), message)).image);
  };
  const removal = dataRemoval({
    stores: stores.all, logger, send, askRemovals: (question) => bus.ask<RemovalsAnswer>(questionSubject(bus.region, 'removals'), question),
  });
  const loop = removalLoop(removal, { everyMs: config.removalInterval * 1000, logger });
  shutdown.add('removal of bytes', () => loop.stop());
  return dataRoom(stores, {
    removal,
    cache: await openCache(parts, stores, readModel),
    staging: stagingLine(config),
    limitBytes: sizeLimits(config.sizeLimits, config.imageSizeCap),
    signing: signing(config, () => new Date()),
    tellSent: sentTeller(parts, () => new Date()),
    upload: {
      leases: await jetStreamLeases(bus.connection, { region: bus.region }), leaseMs: config.leaseSeconds * 1000, idleMs: config.uploadIdleSeconds * 1000,
      clock: () => new Date(), osHashAlgo: config.hashingAlgorithm, formats: formatRules(config), tellProgress: progressTeller(bus), askRoom: (question) => bus.ask<ReservationAnswer>(questionSubject(bus.region, 'reservation'), question), removeData: removal.ofImage,
    },
  });
}

/** None without a key. The line may be silent for as long as a client may, and then as long as a disk takes to make an upload durable. */
const stagingLine = ({ capabilityKey, stagingUrl, uploadIdleSeconds }: GatewayConfig): DataRoom['staging'] =>
  capabilityKey === undefined ? undefined : { url: stagingUrl, capabilityKey, silentForMs: (uploadIdleSeconds + 240) * 1000 };
