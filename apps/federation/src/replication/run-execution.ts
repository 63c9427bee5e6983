import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { ReplicationMessage } from '#libs/contracts';
import { mostReplicatedAtOnce, planReplication, type ImageResult, type PlannedImage, type ReplicatedImage, type ReplicationCommand, type ReplicationExecution, type ReplicationSettings, type ReplicationState } from '#libs/domain';
import { RegionFailure } from './image-api.js';
import { replicateImage, type CarryData } from './replicate-image.js';
import type { ReplicationDesk } from './replication-desk.js';
import { seeRegions, type Ends } from './see-regions.js';

export interface ExecutionParts {
  readonly desk: Pick<ReplicationDesk, 'execute' | 'load'>;
  readonly policyId: string;
  readonly settings: ReplicationSettings;
  readonly ends: Ends;
  readonly carryData: CarryData;
  /** What is to be done, where somebody has just looked; else both regions are looked at. */
  readonly found?: readonly PlannedImage[];
  readonly signal: AbortSignal;
}

const recordEveryMs = 500;
const mostRecordedAtOnce = 100;
const watchEveryMs = 1000;

/**
 * Carries out an execution from wherever it stands: finds out what is to be done, does it image by image, records what came of each, and ends it. Killed at any point, it
 * is taken up by the next who drives the policy. It stops when the execution is paused or cancelled or its policy is not there any more, and rejects only where the log cannot be reached.
 */
export async function runExecution(id: string, parts: ExecutionParts): Promise<ReplicationState> {
  const { desk, signal } = parts;
  const stop = new AbortController();
  const stopped = AbortSignal.any([signal, stop.signal]);
  const watching = watch(id, parts, stop);
  try {
    const planned = await plan(id, { ...parts, signal: stopped });
    if (planned && !planned.isDryRun) await replicateAll(id, planned, { ...parts, signal: stopped });
    if (!stopped.aborted && planned) await desk.execute(command(id, { type: 'EndReplicationExecution' }));
  } catch (error) {
    if (!stopped.aborted && error instanceof RegionFailure) await desk.execute(command(id, { type: 'EndReplicationExecution', cause: error.message }));
    else if (!stopped.aborted) throw error;
  } finally {
    stop.abort();
    await watching;
  }
  return desk.load(id);
}

/** A command of federation's own. The same step of the same execution may come twice: the decider knows. */
export const command = (id: string, what: ReplicationCommand): ReplicationMessage =>
  ({ envelope: { id, command: what }, context: { commandId: randomUUID(), requestId: `replication-${id}`, actor: { userId: 'service:federation', authMethod: 'service' } } });

const isRunning = (state: ReplicationState): state is ReplicationExecution => state.exists && state.kind === 'execution' && (state.status === 'waiting' || state.status === 'running');

/** Somebody may pause or cancel it, through any gateway: the log tells. While the log cannot be read it goes on. */
async function watch(id: string, { desk, policyId, signal }: ExecutionParts, stop: AbortController): Promise<void> {
  const over = AbortSignal.any([signal, stop.signal]);
  while (!over.aborted) {
    await pause(watchEveryMs, undefined, { signal: over }).catch(() => undefined);
    if (over.aborted) return;
    const [execution, policy] = await Promise.all([desk.load(id), desk.load(policyId)]).catch(() => [undefined, undefined]);
    if (execution && policy && (!isRunning(execution) || !policy.exists)) stop.abort(new Error('The execution was stopped.'));
  }
}

async function plan(id: string, { desk, policyId, settings, ends, found: planned }: ExecutionParts): Promise<ReplicationExecution | undefined> {
  const found = await desk.load(id);
  if (!isRunning(found) || found.status === 'running') return isRunning(found) ? found : undefined;
  const images = planned ?? planReplication({ ...await seeRegions(policyId, settings, ends), settings });
  const { replication } = await desk.execute(command(id, { type: 'PlanReplication', images: images.slice(0, mostReplicatedAtOnce), isTruncated: images.length > mostReplicatedAtOnce }));
  return isRunning(replication) ? replication : undefined;
}

async function replicateAll(id: string, { images }: ReplicationExecution, { desk, policyId, settings, ends, carryData, signal }: ExecutionParts): Promise<void> {
  const waiting = images.filter(({ status }) => status === 'pending');
  const results: ImageResult[] = [];
  const record = async (): Promise<void> => {
    while (results.length > 0) {
      const some = results.slice(0, mostRecordedAtOnce);
      await desk.execute(command(id, { type: 'RecordReplicatedImages', results: some }));
      results.splice(0, some.length);
    }
  };
  const recording = new AbortController();
  const recorder = recordNowAndThen(record, recording.signal);
  try {
    const next = (): ReplicatedImage | undefined => (signal.aborted ? undefined : waiting.shift());
    await Promise.all(Array.from({ length: settings.concurrency }, async () => {
      for (let image = next(); image; image = next()) results.push(await replicateImage(image, { policyId, settings, ends, carryData, signal }));
    }));
  } finally {
    recording.abort();
    await recorder;
    await record();
  }
}

/** What cannot be recorded now is recorded later, or done again by who takes the execution up. */
async function recordNowAndThen(record: () => Promise<void>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await pause(recordEveryMs, undefined, { signal }).catch(() => undefined);
    await record().catch(() => undefined);
  }
}
