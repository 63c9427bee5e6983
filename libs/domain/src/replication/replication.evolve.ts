import {
  noReplication, type ImageResult, type ReplicatedImage, type ReplicationEvent, type ReplicationExecution, type ReplicationPolicy, type ReplicationState,
} from './replication.js';

/** Applies one recorded event. Throws on an event that does not belong to what is there: that is a fault of the log. */
export function evolveReplication(state: ReplicationState, event: ReplicationEvent, at: Date): ReplicationState {
  if (event.type === 'ReplicationPolicyCreated') return { exists: true, kind: 'policy', settings: event.data.settings, isPaused: false, createdAt: at, updatedAt: at };
  if (event.type === 'ReplicationExecutionStarted') {
    return { exists: true, kind: 'execution', ...event.data, status: 'waiting', isTruncated: false, images: [], cause: null, createdAt: at, updatedAt: at };
  }
  if (!state.exists) throw new Error(`${event.type} happened to nothing`);
  return state.kind === 'policy' ? evolvePolicy(state, event, at) : { ...evolveExecution(state, event), updatedAt: at };
}

function evolvePolicy(policy: ReplicationPolicy, event: ReplicationEvent, updatedAt: Date): ReplicationState {
  switch (event.type) {
    case 'ReplicationPolicyChanged': return { ...policy, settings: event.data.settings, updatedAt };
    case 'ReplicationPolicyPaused': return { ...policy, isPaused: true, updatedAt };
    case 'ReplicationPolicyResumed': return { ...policy, isPaused: false, updatedAt };
    case 'ReplicationPolicyDeleted': return { ...noReplication(), exists: false, wasDeleted: true };
    default: throw new Error(`${event.type} happened to a policy`);
  }
}

function evolveExecution(execution: ReplicationExecution, event: ReplicationEvent): ReplicationExecution {
  switch (event.type) {
    case 'ReplicationImagesPlanned': return { ...execution, status: 'running', isTruncated: event.data.isTruncated, images: event.data.images.map(pending) };
    case 'ReplicationImageEnded': return { ...execution, images: execution.images.map((image) => (image.sourceId === event.data.sourceId ? ended(image, event.data) : image)) };
    case 'ReplicationExecutionPaused': return { ...execution, status: 'paused' };
    case 'ReplicationExecutionResumed': return { ...execution, status: execution.images.length > 0 ? 'running' : 'waiting' };
    case 'ReplicationExecutionRetried': return { ...execution, status: 'running', cause: null, images: execution.images.map((image) => (image.status === 'failed' ? pending(image) : image)) };
    case 'ReplicationExecutionCancelled': return { ...execution, status: 'cancelled' };
    case 'ReplicationExecutionEnded': return { ...execution, status: event.data.outcome, cause: event.data.cause ?? null };
    default: throw new Error(`${event.type} happened to an execution`);
  }
}

const pending = ({ sourceId, name, action, copyId, sizeBytes }: ReplicatedImage | Omit<ReplicatedImage, 'status' | 'sentBytes'>): ReplicatedImage =>
  ({ sourceId, name, action, ...(copyId === undefined ? {} : { copyId }), sizeBytes, status: 'pending', sentBytes: 0 });

const ended = (image: ReplicatedImage, { outcome, copyId, sentBytes, cause }: ImageResult): ReplicatedImage =>
  ({ ...image, status: outcome, sentBytes, ...(copyId === undefined ? {} : { copyId }), ...(cause === undefined ? {} : { cause }) });
