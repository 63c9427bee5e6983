import type { Decider } from '../decider.js';
import { Problem } from '../problem.js';
import { evolveReplication } from './replication.evolve.js';
import {
  isOpenExecution, mostReplicatedAtOnce, noReplication, type ImageResult, type PlannedImage, type ReplicationEvent, type ReplicationExecution, type ReplicationPolicy, type ReplicationSettings,
  type ReplicationState, type ReplicationTrigger,
} from './replication.js';
import { refuseSettings } from './replication.settings.js';

type PolicyCommand =
  | { readonly type: 'ChangeReplicationPolicy'; readonly settings: ReplicationSettings }
  | { readonly type: 'PauseReplicationPolicy' | 'ResumeReplicationPolicy' | 'DeleteReplicationPolicy' };

type ExecutionCommand =
  | { readonly type: 'PlanReplication'; readonly images: readonly PlannedImage[]; readonly isTruncated: boolean }
  | { readonly type: 'RecordReplicatedImages'; readonly results: readonly ImageResult[] }
  | { readonly type: 'EndReplicationExecution'; readonly cause?: string }
  | { readonly type: 'PauseReplicationExecution' | 'ResumeReplicationExecution' | 'RetryReplicationExecution' | 'CancelReplicationExecution' };

export type ReplicationCommand =
  | { readonly type: 'CreateReplicationPolicy'; readonly settings: ReplicationSettings }
  | { readonly type: 'StartReplicationExecution'; readonly policyId: string; readonly trigger: ReplicationTrigger; readonly isDryRun: boolean }
  | PolicyCommand | ExecutionCommand;

/** A command as it reaches the decider: on which policy or execution. */
export interface ReplicationCommandEnvelope {
  readonly id: string;
  readonly command: ReplicationCommand;
}

export type ReplicationDecider = Decider<ReplicationState, ReplicationCommandEnvelope, ReplicationEvent>;
export const replicationDecider: ReplicationDecider = { decide: decideReplication, evolve: evolveReplication, initialState: noReplication };

const policyCommands: ReadonlySet<string> = new Set<PolicyCommand['type']>(['ChangeReplicationPolicy', 'PauseReplicationPolicy', 'ResumeReplicationPolicy', 'DeleteReplicationPolicy']);
const isOnPolicy = (command: PolicyCommand | ExecutionCommand): command is PolicyCommand => policyCommands.has(command.type);

function decideReplication({ id, command }: ReplicationCommandEnvelope, state: ReplicationState): ReplicationEvent[] {
  if (command.type === 'CreateReplicationPolicy') return createPolicy(id, command.settings, state);
  if (command.type === 'StartReplicationExecution') return startExecution(id, command, state);
  if (isOnPolicy(command)) {
    if (!state.exists || state.kind !== 'policy') throw new Problem('ReplicationPolicyNotFound', { policyId: id });
    return decideOnPolicy(command, state);
  }
  if (!state.exists || state.kind !== 'execution') throw new Problem('ReplicationExecutionNotFound', { executionId: id });
  return decideOnExecution(id, command, state);
}

/** Refuses: InvalidRequest, naming what does not fit. */
function createPolicy(id: string, settings: ReplicationSettings, state: ReplicationState): ReplicationEvent[] {
  if (state.exists || state.wasDeleted) throw new Problem('ReplicationPolicyExists', { policyId: id });
  refuseSettings(settings);
  return [{ type: 'ReplicationPolicyCreated', data: { settings } }];
}

/** The same execution started twice is one: two federations may find the same moment of a schedule. */
function startExecution(id: string, { policyId, trigger, isDryRun }: Extract<ReplicationCommand, { type: 'StartReplicationExecution' }>, state: ReplicationState): ReplicationEvent[] {
  if (!state.exists) return [{ type: 'ReplicationExecutionStarted', data: { policyId, trigger, isDryRun } }];
  if (state.kind !== 'execution' || state.policyId !== policyId) throw new Problem('ReplicationExecutionNotFound', { executionId: id });
  return [];
}

function decideOnPolicy(command: PolicyCommand, { settings, isPaused }: ReplicationPolicy): ReplicationEvent[] {
  switch (command.type) {
    case 'ChangeReplicationPolicy':
      refuseSettings(command.settings);
      return JSON.stringify(command.settings) === JSON.stringify(settings) ? [] : [{ type: 'ReplicationPolicyChanged', data: { settings: command.settings } }];
    case 'PauseReplicationPolicy': return isPaused ? [] : [{ type: 'ReplicationPolicyPaused', data: {} }];
    case 'ResumeReplicationPolicy': return isPaused ? [{ type: 'ReplicationPolicyResumed', data: {} }] : [];
    case 'DeleteReplicationPolicy': return [{ type: 'ReplicationPolicyDeleted', data: {} }];
  }
}

// One arm a command is the clearest form of this function.
// eslint-disable-next-line complexity
function decideOnExecution(id: string, command: ExecutionCommand, execution: ReplicationExecution): ReplicationEvent[] {
  const { status } = execution;
  switch (command.type) {
    case 'PlanReplication': return status === 'waiting' ? plan(command) : [];
    case 'RecordReplicatedImages': return record(command.results, execution);
    case 'EndReplicationExecution': return status === 'waiting' || status === 'running' ? [end(command, execution)] : [];
    case 'PauseReplicationExecution': return status === 'paused' ? [] : whileOpen(id, execution, { type: 'ReplicationExecutionPaused', data: {} });
    case 'ResumeReplicationExecution': return status === 'paused' ? [{ type: 'ReplicationExecutionResumed', data: {} }] : whileOpen(id, execution);
    case 'CancelReplicationExecution': return status === 'cancelled' ? [] : whileOpen(id, execution, { type: 'ReplicationExecutionCancelled', data: {} });
    case 'RetryReplicationExecution': return retry(id, execution);
  }
}

const plan = ({ images, isTruncated }: Extract<ExecutionCommand, { type: 'PlanReplication' }>): ReplicationEvent[] =>
  [{ type: 'ReplicationImagesPlanned', data: { images: images.slice(0, mostReplicatedAtOnce), isTruncated: isTruncated || images.length > mostReplicatedAtOnce } }];

/** What an image came to is recorded once: a repeated or a late result changes nothing. */
function record(results: readonly ImageResult[], { images, status }: ReplicationExecution): ReplicationEvent[] {
  if (status === 'succeeded' || status === 'failed') return [];
  const open = new Set(images.filter((image) => image.status === 'pending').map(({ sourceId }) => sourceId));
  return results.filter(({ sourceId }) => open.delete(sourceId)).map((data) => ({ type: 'ReplicationImageEnded', data }));
}

/** It failed where one image did, or where the whole of it did. */
function end({ cause }: { readonly cause?: string }, { images, isDryRun }: ReplicationExecution): ReplicationEvent {
  const failed = images.filter(({ status }) => status === 'failed').length;
  if (cause !== undefined) return { type: 'ReplicationExecutionEnded', data: { outcome: 'failed', cause } };
  if (failed > 0 && !isDryRun) return { type: 'ReplicationExecutionEnded', data: { outcome: 'failed', cause: `${failed} of ${images.length} images failed` } };
  return { type: 'ReplicationExecutionEnded', data: { outcome: 'succeeded' } };
}

function whileOpen(executionId: string, execution: ReplicationExecution, ...events: ReplicationEvent[]): ReplicationEvent[] {
  if (!isOpenExecution(execution)) throw new Problem('ReplicationExecutionOver', { executionId, status: execution.status });
  return events;
}

/** Takes up again what failed, in an execution that is over. */
function retry(executionId: string, { status, images }: ReplicationExecution): ReplicationEvent[] {
  if (status !== 'failed') throw new Problem('ReplicationExecutionNotFailed', { executionId, status });
  if (!images.some((image) => image.status === 'failed')) throw new Problem('ReplicationNothingToRetry', { executionId });
  return [{ type: 'ReplicationExecutionRetried', data: {} }];
}
