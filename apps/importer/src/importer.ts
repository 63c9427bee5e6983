import { setTimeout as pause } from 'node:timers/promises';
import { addressOf, commandSubject, decodeCommit, imageFromJson, questionSubject, type AttemptsAnswer, type Commit, type CommandContext, type StatusAnswer, type ImageCommandAnswer, type ImageCommandMessage, type ReservationAnswer } from '#libs/contracts';
import { Problem, type ImageState, type ImportRequest, type ProblemCode } from '#libs/domain';
import { configuredReach } from '#libs/download';
import { jetStreamEventLog, jetStreamLeases, loadImage, tallyLeases, workBacklog, workOnImages, type Leases, type Stored, type WorkOutcome } from '#libs/event-log';
import { leaseMetrics, progressTeller, sectionsOf, withRequestId, type Bus, type ServiceParts, type SpanPlace } from '#libs/platform';
import { configuredS3Sources, configuredStores, openStagingStore, openStores, type Store, type Stores } from '#libs/stores';
import { formatRules, sizeLimits, type ScrubParts } from '#libs/transfers';
import type { ImporterConfig } from './config.js';
import { copyOut, endCopyOut, isCopyOut, orderOf } from './copy-out.js';
import { exportTarget } from './export-store.js';
import { backlogMetrics } from './importer.metrics.js';
import type { ImportParts, RequestedImport } from './import-parts.js';
import { configuredConversions, configuredPlugins, needsFiles } from './plugins/configured-plugins.js';
import { openWorkRoom, sweepNowAndThen } from './plugins/work-room.js';
import { askStored, sendAs } from './operator-stores.js';
import { endRemoteImport, objectSource, remoteSource, type FederationLine } from './remote-source.js';
import { s3Source } from './s3-source.js';
import { runImport } from './run-import.js';
import { scrubAgainAndAgain } from './scrub-loop.js';
import { imageSource, sourcesOf, type SourceTable } from './sources.js';
import { stagedSource } from './staged-source.js';
import { openWebQueries } from './web-queries.js';
import { webSource, type WebLine } from './web-source.js';
import { startWebhooks } from './webhooks/start-webhooks.js';

/** What all importers of a region share their work under. */
const consumer = 'importer';

/** Sets the importer going: from every commit that asks for an import to the import's end. It stops with the service. */
export async function openImporter(service: ServiceParts<ImporterConfig>): Promise<void> {
  const { config, logger, bus, metrics, readiness, shutdown } = service;
  const { region } = bus;
  const stores = await openStores(configuredStores({ ...config, reach: configuredReach(config) }, sectionsOf(process.env)));
  const staging = await openStagingStore(config, sectionsOf(process.env), { isReadOnly: true });
  const plugins = await configuredPlugins(config);
  const work = openWorkRoom(config.workDir);
  for (const store of stores.all.values()) readiness.add(`store ${store.id}`, () => store.check());
  const log = await jetStreamEventLog(bus.connection, { region });
  const stop = new AbortController();
  const queries = await openWebQueries(service);
  const onHop: WebLine['onHop'] = ({ uri, address, status }, { imageId, importId }) => {
    logger.info({ image_id: imageId, import_id: importId, uri, address, status }, 'an import asks for its bytes');
  };
  const imageFromLeader = async (imageId: string): Promise<ImageState> => (await loadImage(log, region, imageId)).state;
  const fromImage = imageSource({ stores, imageFromLeader });
  const parts: ImportParts = {
    stores, plugins, work, conversionTo: configuredConversions(config), openSource: sourcesOf(stores, { ...methodsOf(config, staging, { onHop, queries }), 'convert-image': fromImage, 'export-image': fromImage }), copyOut: copyOut({ line: federationLine(config), limitBytes: sizeLimits(config.sizeLimits, config.imageSizeCap), imageFromLeader }), exportTarget: exportTarget({ ...configuredReach(config), queries, answerTimeoutMs: config.importIdleSeconds * 1000 }), watchMs: 2000, parallelStores: config.maxParallelStores, osHashAlgo: config.hashingAlgorithm, limitBytes: sizeLimits(config.sizeLimits, config.imageSizeCap), formats: formatRules(config), idleMs: config.importIdleSeconds * 1000,
    // An import is not to end for an outage of ours; after so long it would end anyway, since nothing moves.
    askRoom: (question) => untilAnswered(() => bus.ask<ReservationAnswer>(questionSubject(region, 'reservation'), question), stop.signal, config.importIdleSeconds * 1000),
    tracing: bus.tracing, tellProgress: progressTeller(bus), clock: () => new Date(),
    imageFromLeader,
    send: (message) => sendUntilAnswered(bus, message, stop.signal),
    onFault: (error, { imageId, importId }) => logger.error({ err: error, image_id: imageId, import_id: importId }, 'an import failed'),
  };
  if (needsFiles(config)) {
    await work.check();
    const sweeping = sweepNowAndThen(() => work.sweep((question) => bus.ask<AttemptsAnswer>(questionSubject(region, 'attempts'), question)), (error) => {
      logger.warn({ err: error }, 'what importers may have left behind could not be looked through; trying again later');
    });
    shutdown.add('sweep of the work directory', () => sweeping.stop());
  }
  const tally = tallyLeases(await jetStreamLeases(bus.connection, { region }), clock);
  leaseMetrics(metrics, tally);
  if (config.scrubInterval > 0) startScrubbing({ config, logger, bus, shutdown }, stores, tally.leases);
  const federation = federationLine(config);
  const onEnd: OnEnd = async (imageId, importing) => {
    if ((importing.method === 'glance-download' || importing.method === 'swift-download') && federation) await endRemoteImport(federation, imageId, importing);
    if (isCopyOut(importing) && federation) await endCopyOut(federation, imageId, orderOf(importing, {}));
    if (importing.sourceHasQuery) await queries.forget(importing.importId);
  };
  backlogMetrics(metrics, { importer: () => workBacklog(bus.connection, { region, name: consumer }) });
  startWebhooks(service);
  const working = workOnImages(bus.connection, {
    region, name: consumer, atOnce: config.parallelImports, handedOnAfterMs: config.importHandoverSeconds * 1000, signal: stop.signal, concerns: mayAskForImport,
    onTrouble: (error) => logger.error({ err: error }, 'work was interrupted and will be tried again'),
  }, (stored) => importFrom(stored, parts, onEnd, stop.signal));
  working.catch((error: unknown) => logger.fatal({ err: error }, 'the importer takes no more work'));
  shutdown.add('imports', async () => {
    stop.abort(new Error('The importer stops.'));
    await working;
  });
}

/** Stored data is looked at, beside the imports and at its own pace. */
function startScrubbing({ config, logger, bus, shutdown }: Pick<ServiceParts<ImporterConfig>, 'config' | 'logger' | 'bus' | 'shutdown'>, stores: Stores, leases: Leases): void {
  const stop = new AbortController();
  const open = async (): Promise<ScrubParts> => ({
    stores: stores.all, leases, clock, askStored: askStored(bus), send: sendAs(bus, actor),
    leaseMs: (await bus.ask<StatusAnswer>(questionSubject(bus.region, 'status'), {})).leaseSeconds * 1000,
  });
  const scrubbing = scrubAgainAndAgain(open, { intervalMs: config.scrubInterval * 1000, bytesPerSecond: config.scrubRate * 1024 ** 2, signal: stop.signal }, logger);
  shutdown.add('scrub', async () => {
    stop.abort(new Error('The importer stops.'));
    await scrubbing;
  });
}
const actor: CommandContext['actor'] = { userId: 'service:importer', authMethod: 'service' };

/** Told of every import that has ended, however it did: the secrets that it needed go with it. */
type OnEnd = (imageId: string, importing: ImportRequest) => Promise<void>;

/** The methods that bring bytes from outside of the stores; copy-image is not one of them. */
function methodsOf(config: ImporterConfig, staging: Store, web: Pick<WebLine, 'onHop' | 'queries'>): SourceTable {
  const { capabilityKey, stagingUrl } = config;
  const federation = federationLine(config);
  const fromWeb = webSource({ ...configuredReach(config), limitBytes: config.imageSizeCap, totalTimeoutMs: config.importDownloadSeconds * 1000, ...web });
  return {
    'glance-direct': stagedSource({ store: staging, stagingUrls: stagingUrl, capabilityKey, clock }),
    ...(federation ? { 'glance-download': remoteSource(federation), 'swift-download': objectSource(federation) } : {}),
    's3-download': s3Source({ sources: configuredS3Sources(config.importS3Sources, sectionsOf(process.env), { withAccess: true }), limitBytes: config.imageSizeCap, totalTimeoutMs: config.importDownloadSeconds * 1000 }),
    'web-download': fromWeb,
    'location-import': fromWeb,
  };
}

const clock = (): Date => new Date();

const federationLine = ({ capabilityKey, federationUrl, imageSizeCap, federationIdleSeconds }: ImporterConfig): FederationLine | undefined =>
  capabilityKey === undefined ? undefined : { capabilityKey, federationUrl, limitBytes: imageSizeCap, idleMs: federationIdleSeconds * 1000, clock };

/** Nearly every commit asks for no import, and need not even be read. */
const mayAskForImport = ({ bytes }: Stored): boolean => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).includes('ImageImportRequested');

async function importFrom(stored: Stored, parts: ImportParts, onEnd: OnEnd, signal: AbortSignal): Promise<WorkOutcome> {
  const { token: imageId } = addressOf(stored.subject);
  const commit = commitOf(stored);
  const requested = commit?.events.find((event) => event.type === 'ImageImportRequested');
  if (!commit || !requested) return 'done';
  const { commandId: causationId, requestId } = commit;
  const request: RequestedImport = { imageId, importId: requested.data.importId, causationId, requestId };
  const place: SpanPlace = { parent: stored.traceparent ?? '', facts: { 'heliograph.import.method': requested.data.method, 'heliograph.image_id': imageId } };
  const outcome = await withRequestId(requestId, () => parts.tracing.inSpan('import', place, () => runImport(request, parts, signal)));
  if (outcome === 'done') await onEnd(imageId, requested.data);
  return outcome;
}

/** What cannot be read is the catalog's to report: it parks the image. */
function commitOf({ bytes }: Stored): Commit | undefined {
  try {
    return decodeCommit(bytes);
  } catch {
    return undefined;
  }
}

const outages: ReadonlySet<ProblemCode> = new Set(['Unavailable', 'NotYetVisible', 'LogFull', 'LogNotTrusted', 'Conflict']);

/** An outage is waited for, with the same command id, so that nothing is done twice. */
const sendUntilAnswered = async (bus: Bus, message: ImageCommandMessage, signal: AbortSignal) =>
  imageFromJson((await untilAnswered(() => bus.ask<ImageCommandAnswer>(commandSubject(bus.region, 'image'), message), signal)).image);

/** Asks again after an outage, until it is answered or, with a limit, has not been for so long. */
async function untilAnswered<Answer>(ask: () => Promise<Answer>, signal: AbortSignal, limitMs = Infinity): Promise<Answer> {
  const beganAt = performance.now();
  for (;;) {
    signal.throwIfAborted();
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof Problem) || !outages.has(error.code) || performance.now() - beganAt > limitMs) throw error;
    }
    await pause(500, undefined, { signal });
  }
}
