import { randomUUID } from 'node:crypto';
import {
  commandSubject, imageFromJson, questionSubject, type AttemptsAnswer, type CommandContext, type ImageCommandAnswer, type ImageCommandMessage, type Question,
  type RemovalsAnswer, type ReservationAnswer, type StagedAnswer, type StatusAnswer,
} from '#libs/contracts';
import { stagingStoreId, type Image, type ImageCommand } from '#libs/domain';
import { jetStreamLeases, tallyLeases } from '#libs/event-log';
import { leaseMetrics, progressTeller, sectionsOf, type ServiceParts } from '#libs/platform';
import { openStagingStore } from '#libs/stores';
import { dataRemoval, ensureSameLease, formatRules, removalLoop, uploads, type TransferParts } from '#libs/transfers';
import type { StagingConfig } from './config.js';
import type { StagingRoom } from './staging.room.js';
import { sweepPass } from './sweep-pass.js';

/** Who acts when the staging service itself does. */
const stagingActor: CommandContext['actor'] = { userId: 'service:staging', authMethod: 'service' };

/** Opens the staging area, and begins to remove what lies in it for nobody. Stops with the service. */
export async function openStaging({ config, bus, logger, metrics, readiness, shutdown }: ServiceParts<StagingConfig>): Promise<StagingRoom> {
  const store = await openStagingStore(config, sectionsOf(process.env));
  readiness.add('staging area', () => store.check());
  readiness.add('catalog', async () => {
    ensureSameLease(config.leaseSeconds, await bus.ask<StatusAnswer>(questionSubject(bus.region, 'status'), {}, { timeoutMs: 1500 }));
  });

  const sendMessage = async (message: ImageCommandMessage): Promise<Image> =>
    imageFromJson((await bus.ask<ImageCommandAnswer>(commandSubject(bus.region, 'image'), message)).image);
  const clock = () => new Date();
  const send = (imageId: string, command: ImageCommand): Promise<Image> =>
    sendMessage({ envelope: { imageId, command }, context: { commandId: randomUUID(), requestId: `req-${randomUUID()}`, actor: stagingActor } });
  const ask = <Answer>(question: Question) => (asked: unknown): Promise<Answer> => bus.ask<Answer>(questionSubject(bus.region, question), asked);
  const removal = dataRemoval({ stores: new Map([[stagingStoreId, store]]), logger, send, askRemovals: ask<RemovalsAnswer>('removals') });
  const sender: StagingRoom['sender'] = ({ imageId, requestId, actor, personal }) => (envelope, { commandId, requestHash } = { commandId: randomUUID() }) => sendMessage({
    envelope: { imageId, ...envelope },
    context: { commandId, requestId, actor, ...(requestHash === undefined ? {} : { requestHash }), ...(personal ? { personal } : {}) },
  });
  const tally = tallyLeases(await jetStreamLeases(bus.connection, { region: bus.region }), clock);
  leaseMetrics(metrics, tally);
  const transfer: TransferParts = {
    leases: tally.leases, leaseMs: config.leaseSeconds * 1000, idleMs: config.uploadIdleSeconds * 1000,
    clock, osHashAlgo: config.hashingAlgorithm, formats: formatRules(config), tellProgress: progressTeller(bus), askRoom: ask<ReservationAnswer>('reservation'), removeData: removal.ofImage,
  };
  const expiryMs = config.stagingExpiry * 1000;
  const resumable = uploads({ ...transfer, store, logger, sender, expiryMs });
  const sweep = sweepPass({ store, expiryMs, clock, send, wasTouchedSince: resumable.wasTouchedSince, askStaged: ask<StagedAnswer>('staged'), askAttempts: ask<AttemptsAnswer>('attempts') }, logger);
  const loops = [
    removalLoop(removal, { everyMs: config.removalInterval * 1000, logger }),
    removalLoop({ pass: sweep }, { everyMs: config.stagingSweepInterval * 1000, logger }),
    removalLoop({ pass: resumable.finishAll }, { everyMs: config.removalInterval * 1000, logger }),
  ];
  shutdown.add('removal of bytes', async () => { await Promise.all(loops.map((loop) => loop.stop())); });

  return {
    store, logger, capabilityKey: config.capabilityKey,
    transfer, sender, uploads: resumable,
  };
}
