import { randomUUID } from 'node:crypto';
import { commandSubject, imageFromJson, questionSubject, type CommandContext, type ImageCommandAnswer, type ImageCommandMessage, type RemovalsAnswer, type ReservationAnswer } from '#libs/contracts';
import { stagingStoreId, type Image, type ImageCommand } from '#libs/domain';
import { jetStreamLeases, tallyLeases } from '#libs/event-log';
import { leaseMetrics, progressTeller, sectionsOf, type ServiceParts } from '#libs/platform';
import type { ReadModel } from '#libs/read-model';
import { openStagingStore, type Stores } from '#libs/stores';
import { openCache } from '../cache/open-cache.js';
import { dataRemoval, formatRules, removalLoop, sizeLimits, type TransferParts } from '#libs/transfers';
import type { GatewayConfig } from '../config.js';
import { dataRoom, type DataRoom } from './data.room.js';
import { signing } from './signing.js';
import { stagedByService, stagedHere } from './stage-data.js';
import { sentTeller } from './tell-sent.js';

/** Who acts when the gateway itself does. */
const gatewayActor: CommandContext['actor'] = { userId: 'service:gateway', authMethod: 'service' };

/** Opens what moves bytes, and begins to clean up after processes that were killed. */
export async function openData(parts: ServiceParts<GatewayConfig>, stores: Stores, readModel: Pick<ReadModel, 'imageById'>): Promise<DataRoom> {
  const { config, bus, logger, readiness, shutdown } = parts;
  const staging = config.stagingWriter === 'gateway' ? await openStagingStore(config, sectionsOf(process.env)) : undefined;
  if (staging) readiness.add('staging area', () => staging.check());
  for (const store of stores.all.values()) readiness.add(`store ${store.id}`, () => store.check());
  const send = async (imageId: string, command: ImageCommand): Promise<Image> => {
    const message: ImageCommandMessage = { envelope: { imageId, command }, context: { commandId: randomUUID(), requestId: `req-${randomUUID()}`, actor: gatewayActor } };
    return imageFromJson((await bus.ask<ImageCommandAnswer>(commandSubject(bus.region, 'image'), message)).image);
  };
  const removal = dataRemoval({
    stores: staging ? new Map([...stores.all, [stagingStoreId, staging]]) : stores.all, logger, send, askRemovals: (question) => bus.ask<RemovalsAnswer>(questionSubject(bus.region, 'removals'), question),
  });
  const loop = removalLoop(removal, { everyMs: config.removalInterval * 1000, logger });
  shutdown.add('removal of bytes', () => loop.stop());
  const tally = tallyLeases(await jetStreamLeases(bus.connection, { region: bus.region }), () => new Date());
  leaseMetrics(parts.metrics, tally);
  const upload: TransferParts = {
    leases: tally.leases, leaseMs: config.leaseSeconds * 1000, idleMs: config.uploadIdleSeconds * 1000,
    clock: () => new Date(), osHashAlgo: config.hashingAlgorithm, formats: formatRules(config), tellProgress: progressTeller(bus), removeData: removal.ofImage,
    askRoom: (question) => bus.ask<ReservationAnswer>(questionSubject(bus.region, 'reservation'), question),
  };
  const line = stagingLine(config);
  const stage = staging ? stagedHere(upload, staging) : line && stagedByService(line);
  return dataRoom(stores, {
    removal, stage, staging: line, upload, tracing: bus.tracing,
    cache: await openCache(parts, stores, readModel),
    limitBytes: sizeLimits(config.sizeLimits, config.imageSizeCap),
    signing: signing(config, () => new Date()),
    tellSent: sentTeller(parts, () => new Date()),
  });
}

/** None without a key. The line may be silent for as long as a client may, and then as long as a disk takes to make an upload durable. */
const stagingLine = ({ capabilityKey, stagingUrl, uploadIdleSeconds }: GatewayConfig): DataRoom['staging'] =>
  capabilityKey === undefined ? undefined : { urls: stagingUrl, capabilityKey, silentForMs: (uploadIdleSeconds + 240) * 1000 };
