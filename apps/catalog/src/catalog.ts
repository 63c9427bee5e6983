import { statfs } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { projectedSubject, type HistoryAnswer, type ImageCommandAnswer, type MetadefCommandAnswer, type PastAnswer, type PastImagesAnswer, type Projected, type AttemptsAnswer, type RemovalsAnswer, type ReplicationsAnswer, type ReservationAnswer, type StagedAnswer, type StatusAnswer, type StoredAnswer, type UsageAnswer, type WebhookAnswer } from '#libs/contracts';
import { imageDecider } from '#libs/domain';
import { createExecutor, createMetadefExecutor, createSealer, followTogether, jetStreamEventLog, jetStreamLeases, loadImage, loadNamespace, type EventLog } from '#libs/event-log';
import { inSameTrace, readModelReached, traceHeaders, type Bus, type ServiceParts } from '#libs/platform';
import { migrate, openReadModel, type ReadModel } from '#libs/read-model';
import { createAlarms, type Alarms } from './alarms.js';
import { createCatalogMetrics } from './catalog.metrics.js';
import type { CatalogConfig } from './config.js';
import { openFeeds } from './feeds/open-feeds.js';
import { carryOut, type CarryOutOptions } from './images/carry-out.js';
import { historyOf } from './images/history.js';
import { createProjector } from './images/image.projector.js';
import { lagMetrics } from './lag.metrics.js';
import { compareWithMemory, createLogGuard, type LogGuard } from './log-guard.js';
import { createLogRoom, unknownRoom, type LogRoom } from './log-room.js';
import { carryOutMetadef } from './metadefs/carry-out-metadef.js';
import { finishRename, type RenameParts } from './metadefs/rename-namespace.js';
import { openNotifications } from './notifications/open-notifications.js';
import { pastFor } from './past/past-image.js';
import { pastImagesFor } from './past/past-images.js';
import { openDigestPlace } from './digest-place.js';
import { digestOnce } from './digests.js';
import { createCaps } from './quota/caps.js';
import { configuredLimits } from './quota/limits.js';
import { createQuotas } from './quota/quotas.js';
import { withdrawStale } from './quota/stale-reservations.js';
import { removalsFor } from './removals.js';
import { attemptsFor, stagedFor } from './staged.js';
import { storedFor } from './stored.js';
import { endRetentions } from './retention.js';
import { createSweep } from './sweep.js';
import { webhookRules, webhooksAnswer } from './webhooks/webhooks-answer.js';

export const catalogToken = 'Catalog';

/** What others may ask of the catalog; each method answers one subject, and says at its own place what it refuses. */
export interface Catalog {
  carryOut(message: unknown): Promise<ImageCommandAnswer>;
  carryOutMetadef(message: unknown): Promise<MetadefCommandAnswer>;
  history(question: unknown): Promise<HistoryAnswer>;
  past(question: unknown): Promise<PastAnswer>;
  pastImages(question: unknown): Promise<PastImagesAnswer>;
  removals(question: unknown): Promise<RemovalsAnswer>;
  /** Both answer only while the log is trusted: what they say is a reason to throw bytes away. */
  staged(question: unknown): Promise<StagedAnswer>;
  attempts(question: unknown): Promise<AttemptsAnswer>;
  stored(question: unknown): Promise<StoredAnswer>;
  /** More room for bytes that arrive, and what a project uses of its limits. */
  reserve(question: unknown): Promise<ReservationAnswer>;
  usage(question: unknown): Promise<UsageAnswer>;
  /** What there is to replicate, for federation. */
  replications(): Promise<ReplicationsAnswer>;
  /** Where events go on behalf of projects: kept here, sent by the importers. */
  webhooks(question: unknown): Promise<WebhookAnswer>;
  status(): StatusAnswer;
}

const visibleWithinMs = 2000;
/** Namespaces are few, and change seldom. */
const namespaceCacheCommits = 1000;

/** Puts the catalog together and sets it going: guard, projector, sweep, and the answers. It stops with the service. */
export async function openCatalog({ config, logger, bus, readiness, metrics: registry, shutdown }: ServiceParts<CatalogConfig>): Promise<Catalog> {
  const { region, leaseSeconds } = config;
  const clock = () => new Date();
  const metrics = createCatalogMetrics(registry);
  const alarms = createAlarms(logger, metrics);
  const readModel = await openMigrated(config, logger);
  const log = await jetStreamEventLog(bus.connection, { region, beforeRepeat: () => guard.ensureTrusted() });
  lagMetrics(registry, { log, readModel, clock });
  const leases = await jetStreamLeases(bus.connection, { region });
  const sealer = createSealer(readModel.personKeys);
  const reached = readModelReached();
  const imageFromLeader = (imageId: string) => loadImage(log, region, imageId);
  const executing = {
    // Asked again right before the append: the connection may have broken while the command waited its turn.
    log: { ...log, append: async (...[subject, bytes, options]: Parameters<EventLog['append']>) => {
      await guard.ensureTrusted();
      return inSameTrace(bus.tracing, 'append', {}, () => log.append(subject, bytes, { ...options, ...traceHeaders() }));
    } },
    region, service: 'catalog', sealer, clock,
  };
  const quotas = createQuotas({
    limits: configuredLimits(config, (message) => logger.warn(message)), reservations: readModel, clock,
    ensureCaps: createCaps({ caps: { images: config.imagesPerProject, uploads: config.uploadsPerProject }, usageOfProject: (project) => readModel.usageOfProject(project), clock }),
  });
  const executor = createExecutor({
    ...executing, admit: (admission) => quotas.admit(admission), cacheSize: config.imageCacheCommits,
    decider: imageDecider({ properties: config.imagePropertyQuota, tags: config.imageTagQuota, members: config.imageMemberQuota, locations: config.imageLocationQuota }),
  });
  const metadefs = createMetadefExecutor({ ...executing, cacheSize: namespaceCacheCommits });
  const renaming: RenameParts = { execute: (message) => metadefs.execute(message), load: (name) => loadNamespace(log, region, name) };

  const guard = createLogGuard({
    compare: () => compareWithMemory(log, readModel),
    onChange(trust) {
      alarms.trustChanged(trust);
      // What is remembered of images may be of a tail that is no more.
      executor.forget();
      metadefs.forget();
    },
    onUnreadable: (error) => alarms.logUnreadable(error),
  });
  const sweep = createSweep({
    openAttempts: (limit) => readModel.openAttempts(limit),
    heldUntil: (attemptId) => leases.heldUntil(attemptId),
    execute: (message) => executor.execute(message),
    onFailure: (attempt, error) => alarms.sweepFailed(error, attempt),
    clock, leaseSeconds,
  });
  const together = followTogether(log);
  // Who announces knows already.
  const announcements = announcementsOf(bus, (sequence) => {
    reached.advance(sequence);
    metrics.projectedUpTo(reached.sequence());
  });
  announcements.hear(true);
  const projector = createProjector({
    log: { ...log, follow: together.lead }, readModel, guard, reached,
    announce(sequence) {
      metrics.projectedUpTo(sequence);
      publish(bus, { sequence });
    },
    onLead(leads) {
      alarms.leads(leads);
      announcements.hear(!leads);
      sweep.startOver();
      notifications.interrupt();
      feeds.interrupt();
    },
    onParked: (parked) => alarms.parked(parked),
    onTrouble(error) {
      alarms.projectingInterrupted(error);
      guard.doubt();
    },
  });

  // They work where the projector does, and what it reads is read for them too.
  const following = { config, logger, bus, log: { ...log, follow: together.follow }, readModel, mayTell: () => projector.leads() && guard.trust().is === 'trusted' };
  const notifications = await openNotifications(following);
  const feeds = await openFeeds(following);
  void onBrokenConnection(bus, () => {
    guard.doubt();
    projector.interrupt();
    sweep.startOver();
    notifications.interrupt();
    feeds.interrupt();
  });
  readiness.add('postgresql', async () => { await readModel.position(); });
  readiness.add('event log', () => refuseUntrusted(guard));
  const stop = new AbortController();
  const running = [
    projector.run(stop.signal),
    notifications.run(stop.signal),
    feeds.run(stop.signal),
    every(1000, stop.signal, async () => { if (guard.trust().is !== 'trusted') await guard.check(); }),
    every(15_000, stop.signal, async () => { await guard.check(); }),
    every(config.sweepInterval * 1000, stop.signal, async () => {
      if (!projector.leads() || guard.trust().is !== 'trusted') return;
      for (const name of await readModel.renamingNamespaces(100)) await finishRename(name, renaming);
      alarms.swept(await sweep.run());
      await endRetentions({ kept: (until, limit) => readModel.keptUntil(until, limit), execute: (message) => executor.execute(message), onFailure: (imageId, error) => alarms.retentionNotEnded(imageId, error), clock });
      await withdrawStale({ reservations: readModel, clock, imageFromLeader: async (imageId) => (await imageFromLeader(imageId)).state });
      metrics.parked((await readModel.parkedImages(1000)).length);
      metrics.parkedNamespaces((await readModel.parkedNamespaces(1000)).length);
    }, (error) => alarms.sweepFailed(error)),
    ...digesting(config, { log, alarms, clock, signal: stop.signal, mayDigest: () => projector.leads() && guard.trust().is === 'trusted' }),
  ];
  shutdown.add('read model', () => readModel.close());
  // Closed after the last command was answered, which waits for the projector.
  shutdown.add('projector', async () => {
    stop.abort();
    await Promise.all(running);
  });

  const room = roomOf(config, alarms, clock);
  const carryingOut: CarryOutOptions = {
    guard, leases, clock,
    reached: { until: (sequence, timeoutMs) => inSameTrace(bus.tracing, 'project', { facts: { 'heliograph.sequence': sequence } }, () => reached.until(sequence, timeoutMs)) },
    leaseSeconds, visibleWithinMs, room, retentionSeconds: config.deletedImageRetention,
    execute: (checked) => executor.execute(checked),
    wasCarriedOut: async (imageId, commandId) => (await imageFromLeader(imageId)).commands.has(commandId),
    isLeaseGrace: () => sweep.isGrace(),
  };
  const looking = {
    imageFromLeader: async (imageId: string) => (await imageFromLeader(imageId)).state,
    onUnreadable: (imageId: string, error: unknown) => alarms.historyUnreadable(imageId, error),
  };
  return {
    carryOut: (message) => metrics.command(() => carryOut(message, carryingOut)),
    carryOutMetadef: (message) => metrics.command(() => carryOutMetadef(message, { guard, room, reached, visibleWithinMs, ...renaming })),
    history: (question) => historyOf(question, { log, region, sealer }),
    past: (question) => pastFor(question, { log, region }),
    pastImages: (question) => pastImagesFor(question, { log, region, candidates: (query) => readModel.pastImages(query, { atLeast: reached.sequence() }) }),
    removals: (question) => removalsFor(question, { ...looking, candidates: (limit, storeIds) => readModel.removalCandidates(limit, storeIds && { storeIds }) }),
    async staged(question) {
      await guard.ensureTrusted();
      return stagedFor(question, { ...looking, candidates: (unchangedSince, limit) => readModel.stagedSince(unchangedSince, limit), uploads: (before, limit) => readModel.resumableSince(before, limit) });
    },
    async attempts(question) {
      await guard.ensureTrusted();
      return attemptsFor(question, looking);
    },
    stored: (question) => storedFor(question, (limit, after) => readModel.storedImages(limit, after)),
    reserve: (question) => quotas.reserve(question),
    usage: (question) => quotas.usage(question),
    replications: () => readModel.replicationsToDrive(),
    webhooks: webhooksAnswer({ webhooks: readModel, extent: () => log.extent(), clock, rules: webhookRules(config), most: config.webhooksPerProject, showsProperties: config.propertyProtectionFile === '' }),
    status: () => ({ isLogTrusted: guard.trust().is === 'trusted', projectedSequence: reached.sequence(), leaseSeconds }),
  };
}

/** Signed digests of the log, by the one process that projects, where they are wanted. */
function digesting({ region, digestInterval, digestDirectory, digestLockDays: lockDays, digestKey: keyFile }: CatalogConfig, { log, alarms, clock, signal, mayDigest }: { readonly log: EventLog; readonly alarms: Alarms; readonly clock: () => Date; readonly signal: AbortSignal; mayDigest(): boolean }): Promise<void>[] {
  if (digestInterval === 0 || digestDirectory === undefined || keyFile === undefined) return [];
  const place = openDigestPlace(digestDirectory, { lockDays, env: process.env });
  const options = { log, region, place, keyFile, clock, onMade: alarms.digestMade, onFailure: alarms.digestFailed };
  return [every(digestInterval * 1000, signal, async () => { if (mayDigest()) await digestOnce(options, signal); })];
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

function roomOf({ logDirectory, logReserveBytes: reserveBytes }: CatalogConfig, alarms: Alarms, clock: () => Date): LogRoom {
  if (logDirectory === undefined) return unknownRoom;
  return createLogRoom({
    reserveBytes, clock, onChange: (hasRoom) => alarms.logRoomChanged(hasRoom),
    freeBytes: async () => {
      const { bavail, bsize } = await statfs(logDirectory);
      return bavail * bsize;
    },
  });
}

const isStarting = (error: unknown): boolean => /^(ECONN|ENOTFOUND|ETIMEDOUT|EAI_AGAIN|57P0)/.test(String((error as { code?: unknown }).code ?? ''));

function publish(bus: Bus, projected: Projected): void {
  if (bus.isConnected()) bus.connection.publish(projectedSubject(bus.region), JSON.stringify(projected));
}

function announcementsOf(bus: Bus, heard: (sequence: number) => void): { hear(wanted: boolean): void } {
  let hearing: { unsubscribe(): void } | undefined;
  const listen = () => bus.connection.subscribe(projectedSubject(bus.region), {
    callback: (error, message) => { if (!error) heard(message.json<Projected>().sequence); },
  });
  return {
    hear(wanted) {
      if (wanted === (hearing !== undefined) || bus.connection.isClosed() || bus.connection.isDraining()) return;
      hearing?.unsubscribe();
      hearing = wanted ? listen() : undefined;
    },
  };
}

/** Told when the connection breaks and when it is made anew: the server at its other end may then be one that restarted. */
async function onBrokenConnection(bus: Bus, react: () => void): Promise<void> {
  for await (const { type } of bus.connection.status()) {
    if (type === 'disconnect' || type === 'reconnect') react();
  }
}

async function refuseUntrusted(guard: LogGuard): Promise<void> {
  const trust = guard.trust();
  if (trust.is === 'lost') throw new Error(`the event log cannot be trusted (${trust.reason}); run npm run log:repair`);
  await guard.ensureTrusted(1500);
}

/** Does something again and again, one after another, until `signal` aborts; a failure is told and the next round comes. */
async function every(intervalMs: number, signal: AbortSignal, work: () => Promise<void>, onFailure: (error: unknown) => void = () => undefined): Promise<void> {
  while (!signal.aborted) {
    await pause(intervalMs, undefined, { signal }).catch(() => undefined);
    if (!signal.aborted) await work().catch(onFailure);
  }
}
