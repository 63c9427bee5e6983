import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { derivedUuid, replicationFromJson, type ReplicationsAnswer } from '#libs/contracts';
import { planReplication, type PlannedImage, type ReplicationExecution, type ReplicationPolicy, type ReplicationTrigger } from '#libs/domain';
import type { Places } from '#libs/event-log';
import type { Logger } from '#libs/platform';
import { RegionFailure } from './image-api.js';
import type { ReplicationDesk } from './replication-desk.js';
import { command, runExecution } from './run-execution.js';
import { lastDue } from './schedule.js';
import { seeImages, seeRegions } from './see-regions.js';
import type { Carriage } from './carriage.js';
import type { HeardNews, News } from './heard-news.js';
import { forgetLooks, keep, recall, type Kept, type Memory } from './remembered.js';

export interface DriverParts {
  readonly desk: Pick<ReplicationDesk, 'execute' | 'load'>;
  /** The policies and what of them is not over. */
  readonly toDrive: () => Promise<ReplicationsAnswer>;
  /** How a policy's images travel. Fails with RegionFailure where the operator has given no account for one of its regions. */
  readonly carriage: (policyId: string, policy: ReplicationPolicy, signal: AbortSignal) => Promise<Carriage>;
  /** Whether this process may drive the policy; one of several does. Held while it is asked for again and again. */
  readonly mayDrive: (policyId: string) => Promise<boolean>;
  readonly logger: Pick<Logger, 'info' | 'warn'>;
  readonly clock: () => Date;
  /** Resolves when an operator has changed something. */
  readonly changed: (signal: AbortSignal) => Promise<void>;
  /** What is heard of the sources of policies; a source that is not heard is asked for its newest change. */
  readonly news: Omit<HeardNews, 'close'>;
  /** What the one before has kept, and what the one after finds. */
  readonly places: Places<Kept>;
  readonly pollMs: number;
  /** How often an event-driven policy looks at everything, also where nothing seems to be new. */
  readonly wholeLookMs: number;
}

type Policy = ReplicationsAnswer['policies'][number];

const shortestBackoffMs = 60_000;
const longestBackoffMs = 3_600_000;

/**
 * Drives every policy of the region, each by one process at a time: takes up executions that are not over, starts those that are due, and looks for what is new.
 * Nothing that it remembers is needed: killed at any moment, another one goes on from the log and from what both regions hold; what was kept saves it looking at everything. Ends when `signal` aborts.
 */
export async function driveReplication(parts: DriverParts, signal: AbortSignal): Promise<void> {
  const memories = new Map<string, Memory>();
  const busy = new Map<string, Promise<void>>();
  while (!signal.aborted) {
    const { policies } = await parts.toDrive().catch(() => ({ policies: [] }));
    for (const policy of policies) {
      if (busy.has(policy.id)) continue;
      const memory = memories.get(policy.id) ?? {};
      memories.set(policy.id, memory);
      busy.set(policy.id, drive(policy, memory, parts, signal).catch((error: unknown) => tell(policy.id, error, parts, signal)).finally(() => busy.delete(policy.id)));
    }
    await untilNextLook(parts, signal);
  }
  await Promise.all(busy.values());
}

async function untilNextLook({ pollMs, changed, news }: DriverParts, signal: AbortSignal): Promise<void> {
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  await Promise.race([pause(pollMs, undefined, { signal: either }).catch(() => undefined), changed(either), news.heard(either)]);
  over.abort();
}

function tell(policyId: string, error: unknown, { logger }: DriverParts, signal: AbortSignal): void {
  if (!signal.aborted) logger.warn({ policy_id: policyId, err: error instanceof RegionFailure ? error.message : error }, 'a replication policy could not be driven; it is tried again');
}

async function drive({ id, policy: json, openExecutions }: Policy, memory: Memory, parts: DriverParts, signal: AbortSignal): Promise<void> {
  const policy = replicationFromJson(json);
  const open = openExecutions.find(({ execution }) => execution.status !== 'paused');
  const isAsleep = !open && (policy.isPaused || openExecutions.length > 0 || policy.settings.trigger === 'manual');
  if (isAsleep || !await parts.mayDrive(id)) return;
  if (policy.settings.trigger === 'event') await recall(id, policy, memory, parts.places);
  // Another one may have waited for its end.
  if (open) return run(id, open.id, policy, memory, parts, signal).then(() => { parts.news.wake(); });
  if (policy.settings.trigger === 'schedule') return onSchedule(id, policy, memory, parts, signal);
  return onEvents(id, policy, memory, parts, signal);
}

async function run(policyId: string, executionId: string, policy: ReplicationPolicy, memory: Memory, parts: DriverParts, signal: AbortSignal, found?: readonly PlannedImage[]): Promise<void> {
  const carriage = await parts.carriage(policyId, policy, signal).catch(async (error: unknown) => {
    if (error instanceof RegionFailure) await parts.desk.execute(command(executionId, { type: 'EndReplicationExecution', cause: error.message }));
    throw error;
  });
  // Held for as long as it takes: an execution may last for hours.
  const over = new AbortController();
  const holding = hold(policyId, parts, AbortSignal.any([signal, over.signal]));
  try {
    const state = await runExecution(executionId, { desk: parts.desk, policyId, settings: policy.settings, ...carriage, signal, ...(found ? { found } : {}) });
    if (state.exists && state.kind === 'execution') remember(memory, state, parts.clock().getTime());
  } finally {
    over.abort();
    await holding;
  }
}

async function hold(policyId: string, { mayDrive }: DriverParts, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await pause(holdEveryMs, undefined, { signal }).catch(() => undefined);
    if (!signal.aborted) await mayDrive(policyId).catch(() => false);
  }
}
const holdEveryMs = 5_000;

/** What was left undone is not tried again at once: the next look would find the same. */
function remember(memory: Memory, { status, images, isDryRun, isTruncated }: ReplicationExecution, nowMs: number): void {
  if (isDryRun || (status !== 'succeeded' && status !== 'failed')) return;
  const undone = images.filter((image) => image.status !== 'done');
  const what = digest(undone);
  const waitMs = memory.left?.what === what ? Math.min(memory.left.waitMs * 2, longestBackoffMs) : shortestBackoffMs;
  if (undone.length > 0) memory.left = { what, untilMs: nowMs + waitMs, waitMs };
  else delete memory.left;
  // What it did not take on is found by the next look at everything.
  if (isTruncated) forgetLooks(memory);
}

const digest = (images: readonly PlannedImage[]): string =>
  createHash('sha256').update(JSON.stringify(images.map(({ sourceId, action }) => [sourceId, action]).sort())).digest('base64url');

/** Whoever finds the same moment starts the same execution; one that was started and is over is not started again. */
async function onSchedule(id: string, policy: ReplicationPolicy, memory: Memory, parts: DriverParts, signal: AbortSignal): Promise<void> {
  const now = parts.clock();
  const due = lastDue(policy.settings.schedule ?? '', memory.dueAfter ?? policy.updatedAt, now);
  if (due) {
    const executionId = derivedUuid(JSON.stringify(['execution', id, due.toISOString()]));
    if (await start(id, executionId, 'schedule', parts)) await run(id, executionId, policy, memory, parts, signal);
  }
  memory.dueAfter = due ?? now;
}

/** An execution is begun only where there is something to be done. What is kept is never ahead of that: it is kept once all that was found is in an execution. */
async function onEvents(id: string, policy: ReplicationPolicy, memory: Memory, parts: DriverParts, signal: AbortSignal): Promise<void> {
  const news = parts.news.take(id, policy, memory.heard);
  try {
    const nowMs = parts.clock().getTime();
    const images = await findWork({ id, policy, memory, parts, signal }, news).catch((error: unknown) => cannotLook(id, policy, memory, parts, error));
    delete memory.blind;
    if (images.length > 0 && !isLeftOver(images, memory, nowMs)) {
      const executionId = eventExecutionId(id, policy, nowMs);
      if (!await start(id, executionId, 'event', parts)) throw new Error(`execution ${executionId} is over already`);
      await run(id, executionId, policy, memory, parts, signal, images);
      // What came while it ran is looked for at once.
      delete memory.newest;
      parts.news.wake();
    }
  } catch (error) {
    parts.news.missed(id);
    forgetLooks(memory);
    throw error;
  }
  if (!signal.aborted) await keep(id, memory, parts.news.placeOf(id), { places: parts.places, nowMs: parts.clock().getTime() });
}

const eventExecutionId = (id: string, { updatedAt }: ReplicationPolicy, nowMs: number): string => derivedUuid(JSON.stringify(['execution', id, 'event', nowMs, updatedAt]));

/** A passing failure is nobody's business; of one that lasts, an execution that failed tells those who ask for the policy's, once. Fails with what was thrown. */
async function cannotLook(id: string, policy: ReplicationPolicy, memory: Memory, parts: DriverParts, error: unknown): Promise<never> {
  const nowMs = parts.clock().getTime();
  if (!(error instanceof RegionFailure)) throw error;
  memory.blind ??= { sinceMs: nowMs, isTold: false };
  if (memory.blind.isTold || nowMs - memory.blind.sinceMs < shortestBackoffMs) throw error;
  const executionId = eventExecutionId(id, policy, nowMs);
  if (await start(id, executionId, 'event', parts)) await parts.desk.execute(command(executionId, { type: 'EndReplicationExecution', cause: error.message }));
  memory.blind.isTold = true;
  throw error;
}

interface Looking { readonly id: string; readonly policy: ReplicationPolicy; readonly memory: Memory; readonly parts: DriverParts; readonly signal: AbortSignal }

/** What is to be done: for the images of which something was heard, or for all where something may have been missed, or where it is time. */
async function findWork(looking: Looking, heard: News | undefined): Promise<readonly PlannedImage[]> {
  const { id, policy, memory, parts, signal } = looking;
  const isTime = isDue(memory, parts.clock().getTime(), parts.wholeLookMs);
  if (!heard || isTime || heard.hasGap) return lookAtAll(looking, heard !== undefined || isTime);
  if (heard.imageIds.length === 0) return [];
  const { ends } = await parts.carriage(id, policy, signal);
  const { settings } = policy;
  return planReplication({ ...await seeImages(id, settings, ends, heard.imageIds), settings });
}

/** Unless it must be, only where the source has a change that is newer than at the last time. */
async function lookAtAll({ id, policy, memory, parts, signal }: Looking, mustBe: boolean): Promise<readonly PlannedImage[]> {
  const { ends } = await parts.carriage(id, policy, signal);
  const nowMs = parts.clock().getTime();
  const newest = await newestOf(ends);
  if (!mustBe && newest === memory.newest) return [];
  const { settings } = policy;
  const images = planReplication({ ...await seeRegions(id, settings, ends), settings });
  memory.newest = newest;
  memory.lookedAt = nowMs;
  return images;
}

const isDue = ({ lookedAt, left }: Memory, nowMs: number, wholeLookMs: number): boolean =>
  lookedAt === undefined || nowMs - lookedAt >= wholeLookMs || (left !== undefined && nowMs >= left.untilMs);

const isLeftOver = (images: readonly PlannedImage[], { left }: Memory, nowMs: number): boolean => left !== undefined && nowMs < left.untilMs && digest(images) === left.what;

async function start(policyId: string, executionId: string, trigger: ReplicationTrigger, { desk }: DriverParts): Promise<boolean> {
  const { replication } = await desk.execute(command(executionId, { type: 'StartReplicationExecution', policyId, trigger, isDryRun: false }));
  return replication.exists && replication.kind === 'execution' && (replication.status === 'waiting' || replication.status === 'running');
}

/** The last change of the source, as far as its list tells: deletions are found by the whole look. Seconds are all that it tells, so what changed within the last few counts as new once more. */
async function newestOf({ source }: Carriage['ends']): Promise<string> {
  const latest = { sort_key: 'updated_at', sort_dir: 'desc', limit: '1' };
  const [shown, hidden] = [await source.first(latest), await source.first({ ...latest, os_hidden: 'true' })];
  return JSON.stringify([...shown, ...hidden].map(({ id, updatedAt, status }) => [id, updatedAt, status]));
}
