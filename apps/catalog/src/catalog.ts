import { setTimeout as pause } from 'node:timers/promises';
import { projectedSubject, type HistoryAnswer, type ImageCommandAnswer, type Projected, type RemovalsAnswer } from '#libs/contracts';
import { imageDecider } from '#libs/domain';
import { createExecutor, createSealer, jetStreamEventLog, jetStreamLeases, loadImage } from '#libs/event-log';
import type { Bus, ServiceParts } from '#libs/platform';
import { migrate, openReadModel, type ReadModel } from '#libs/read-model';
import { createCatalogMetrics } from './catalog.metrics.js';
import type { CatalogConfig } from './config.js';
import { carryOut } from './images/carry-out.js';
import { historyOf } from './images/history.js';
import { createProjector } from './images/image.projector.js';
import { readModelReached } from './images/reached.js';
import { compareWithMemory, createLogGuard } from './log-guard.js';
import { removalsFor } from './removals.js';
import { createSweep } from './sweep.js';

export const catalogToken = 'Catalog';

/** `ask.<region>.status` */
export interface StatusAnswer {
  readonly isLogTrusted: boolean;
  /** The last commit that this process knows to be readable. */
  readonly projectedSequence: number;
}

/** What others may ask of the catalog; each method answers one subject, and says at its own place what it refuses. */
export interface Catalog {
  carryOut(message: unknown): Promise<ImageCommandAnswer>;
  history(question: unknown): Promise<HistoryAnswer>;
  removals(question: unknown): Promise<RemovalsAnswer>;
  status(): StatusAnswer;
}

const visibleWithinMs = 2000;

/** Puts the catalog together and sets it going: guard, projector, sweep, and the answers. It stops with the service. */
export async function openCatalog({ config, logger, bus, readiness, metrics: registry, shutdown }: ServiceParts<CatalogConfig>): Promise<Catalog> {
  const { region, leaseSeconds } = config;
  const clock = () => new Date();
  const stop = new AbortController();
  const metrics = createCatalogMetrics(registry);
  const readModel = await openMigrated(config, logger);
  const log = await jetStreamEventLog(bus.connection, { region });
  const leases = await jetStreamLeases(bus.connection, { region });
  const sealer = createSealer(readModel.personKeys);
  const reached = readModelReached();
  const executor = createExecutor({
    log, region, service: 'catalog', sealer, clock, cacheSize: config.imageCacheCommits,
    decider: imageDecider({ properties: config.imagePropertyQuota, tags: config.imageTagQuota, members: config.imageMemberQuota }),
  });
  const imageFromLeader = (imageId: string) => loadImage(log, region, imageId);

  const guard = createLogGuard({
    compare: () => compareWithMemory(log, readModel),
    onChange(trust) {
      metrics.isLogTrusted(trust.is === 'trusted');
      if (trust.is === 'trusted') logger.info('the event log is whole');
      if (trust.is === 'lost') logger.error({ alarm: 'log_not_trusted', reason: trust.reason }, 'the event log cannot be trusted: no command is accepted until npm run log:repair has put it right');
      // What is remembered of images may be of a tail that is no more.
      executor.forget();
    },
    onUnreadable: (error) => logger.warn({ err: error }, 'the event log cannot be compared with what is known of it'),
  });
  const sweep = createSweep({
    openAttempts: (limit) => readModel.openAttempts(limit),
    heldUntil: (attemptId) => leases.heldUntil(attemptId),
    execute: (message) => executor.execute(message),
    onFailure: (attempt, error) => logger.error({ err: error, ...attempt }, 'an upload whose server died could not be ended'),
    clock, leaseSeconds,
  });
  const projector = createProjector({
    log, readModel, guard, reached,
    announce(sequence) {
      metrics.projectedUpTo(reached.sequence());
      publish(bus, { sequence });
    },
    onLead(leads) {
      metrics.leads(leads);
      sweep.startOver();
      logger.info({ leads }, leads ? 'this process projects' : 'this process no longer projects');
    },
    onParked(parked) {
      for (const { image_id, sequence, reason } of parked) logger.error({ alarm: 'image_parked', image_id, sequence, reason }, 'an image is parked: its commit cannot be projected');
    },
    onTrouble(error) {
      logger.warn({ err: error }, 'projecting was interrupted and begins anew');
      guard.doubt();
    },
  });

  async function watchConnection(): Promise<void> {
    for await (const { type } of bus.connection.status()) {
      if (type !== 'disconnect' && type !== 'reconnect') continue;
      guard.doubt();
      projector.interrupt();
      sweep.startOver();
    }
  }

  function hearOthers(): void {
    bus.connection.subscribe(projectedSubject(region), {
      callback: (error, message) => { if (!error && !projector.leads()) reached.advance(message.json<Projected>().sequence); },
    });
  }

  async function sweepAsProjector(): Promise<void> {
    if (!projector.leads() || guard.trust().is !== 'trusted') return;
    const swept = await sweep.run();
    metrics.swept(swept);
    if (swept > 0) logger.warn({ swept }, 'uploads whose server died were ended; their images are queued again');
    metrics.parked((await readModel.parkedImages(1000)).length);
  }

  readiness.add('postgresql', async () => { await readModel.position(); });
  readiness.add('event log', async () => {
    const trust = guard.trust();
    if (trust.is === 'lost') throw new Error(`the event log cannot be trusted (${trust.reason}); run npm run log:repair`);
    await guard.ensureTrusted(1500);
  });
  hearOthers();
  void watchConnection();
  const running = [
    projector.run(stop.signal),
    every(config.sweepInterval * 1000, sweepAsProjector, stop.signal, (error) => logger.warn({ err: error }, 'the sweep was interrupted')),
    every(1000, async () => { if (guard.trust().is !== 'trusted') await guard.check(); }, stop.signal, () => undefined),
    every(15_000, async () => { await guard.check(); }, stop.signal, () => undefined),
  ];
  shutdown.add('read model', () => readModel.close());
  // Closed after the last command was answered, which waits for the projector.
  shutdown.add('projector', async () => {
    stop.abort();
    await Promise.all(running);
  });

  return {
    carryOut: (message) => metrics.command(() => carryOut(message, {
      guard, leases, reached, clock, leaseSeconds, visibleWithinMs,
      execute: (checked) => executor.execute(checked),
      wasCarriedOut: async (imageId, commandId) => (await imageFromLeader(imageId)).commands.has(commandId),
      isLeaseGrace: () => sweep.isGrace(),
    })),
    history: (question) => historyOf(question, { log, region, sealer }),
    removals: (question) => removalsFor(question, {
      candidates: (limit) => readModel.removalCandidates(limit),
      imageFromLeader: async (imageId) => (await imageFromLeader(imageId)).state,
      onUnreadable: (imageId, error) => logger.error({ err: error, image_id: imageId }, 'the bytes of an image stay, because its history cannot be read'),
    }),
    status: () => ({ isLogTrusted: guard.trust().is === 'trusted', projectedSequence: reached.sequence() }),
  };
}

/** The read model with its tables as this version wants them; waits for a PostgreSQL that is still starting. */
async function openMigrated({ databaseUrl, databasePoolSize, synchronousCommit }: CatalogConfig, logger: ServiceParts<CatalogConfig>['logger']): Promise<ReadModel> {
  const database = { url: databaseUrl, poolSize: databasePoolSize, synchronousCommit };
  for (;;) {
    try {
      await migrate(database);
      return await openReadModel(database);
    } catch (error) {
      if (!isStarting(error)) throw error;
      logger.warn({ err: error }, 'PostgreSQL cannot be reached yet');
      await pause(1000);
    }
  }
}

const isStarting = (error: unknown): boolean => /^(ECONN|ENOTFOUND|ETIMEDOUT|EAI_AGAIN|57P0)/.test(String((error as { code?: unknown }).code ?? ''));

function publish(bus: Bus, projected: Projected): void {
  if (bus.isConnected()) bus.connection.publish(projectedSubject(bus.region), JSON.stringify(projected));
}

/** Does something again and again, one after another, until `signal` aborts. */
async function every(intervalMs: number, work: () => Promise<void>, signal: AbortSignal, onFailure: (error: unknown) => void): Promise<void> {
  while (!signal.aborted) {
    await pause(intervalMs, undefined, { signal }).catch(() => undefined);
    if (!signal.aborted) await work().catch(onFailure);
  }
}
