import { moment } from '#libs/contracts';
import type { ReplicatedImage, ReplicationExecution, ReplicationFilter, ReplicationPolicy, ReplicationSettings } from '#libs/domain';
import type { ExecutionHead } from '#libs/read-model';

export const policyPath = (id: string): string => `/v2/replication-policies/${id}`;
export const executionPath = (policyId: string, id: string): string => `${policyPath(policyId)}/executions/${id}`;

/** A policy as the API shows it: what was not said is absent. */
export function policyView(id: string, { settings, isPaused, createdAt, updatedAt }: ReplicationPolicy): Record<string, unknown> {
  return {
    id, ...settingsView(settings), status: isPaused ? 'paused' : 'active', created_at: moment(createdAt), updated_at: moment(updatedAt),
    self: policyPath(id), schema: '/v2/schemas/replication_policy',
  };
}

const settingsView = (each: ReplicationSettings): Record<string, unknown> => said({
  name: each.name, direction: each.direction, remote_region: each.remoteRegion, filter: filterView(each.filter), trigger: each.trigger, schedule: each.schedule, bandwidth: each.bytesPerSecond,
  concurrency: each.concurrency, metadata: each.carriesMetadata, members: each.carriesMembers, deletions: each.carriesDeletions, conflict: each.conflictRule, keep_ids: each.keepsIds, copy_owner: each.copyOwner,
});

const filterView = ({ visibilities, owner, namePattern, tags, properties, minSizeBytes, maxSizeBytes }: ReplicationFilter): Record<string, unknown> => said({
  visibility: visibilities.length > 0 ? visibilities : undefined, owner, name: namePattern, tags: tags.length > 0 ? tags : undefined,
  properties: Object.keys(properties).length > 0 ? properties : undefined, size_min: minSizeBytes, size_max: maxSizeBytes,
});

const said = (fields: Readonly<Record<string, unknown>>): Record<string, unknown> => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

/** What a body says of a policy that fits the schema; what it leaves out has its default. */
export function settingsOf(body: Readonly<Record<string, unknown>>): ReplicationSettings {
  const { name, remote_region, filter = {}, schedule, bandwidth, copy_owner } = body;
  return {
    name, direction: body['direction'] ?? 'pull', remoteRegion: remote_region, filter: filterOf(filter as Readonly<Record<string, unknown>>), trigger: body['trigger'] ?? 'manual',
    ...said({ schedule, bytesPerSecond: bandwidth }), concurrency: body['concurrency'] ?? 2, carriesMetadata: body['metadata'] ?? true, carriesMembers: body['members'] ?? false,
    carriesDeletions: body['deletions'] ?? false, conflictRule: body['conflict'] ?? 'source', keepsIds: body['keep_ids'] ?? false, ...said({ copyOwner: copy_owner }),
  } as ReplicationSettings;
}

const filterOf = ({ visibility = [], owner, name, tags = [], properties = {}, size_min, size_max }: Readonly<Record<string, unknown>>): ReplicationFilter => ({
  visibilities: visibility, ...said({ owner, namePattern: name }), tags, properties, ...said({ minSizeBytes: size_min, maxSizeBytes: size_max }),
} as ReplicationFilter);

type Counts = ExecutionHead['counts'];

/** An execution without its images. */
export function executionView(id: string, execution: Omit<ReplicationExecution, 'images'>, counts: Counts, bytes: { readonly sentBytes: number; readonly totalBytes: number }): Record<string, unknown> {
  const { policyId, trigger, isDryRun, status, isTruncated, cause, createdAt, updatedAt } = execution;
  return {
    id, policy_id: policyId, trigger, dry_run: isDryRun, status, images: counts, truncated: isTruncated, size: bytes.totalBytes, sent: bytes.sentBytes,
    ...(cause === null ? {} : { cause }), created_at: moment(createdAt), updated_at: moment(updatedAt), self: executionPath(policyId, id),
  };
}

export function wholeExecutionView(id: string, execution: ReplicationExecution): Record<string, unknown> {
  const counts: Record<keyof Counts, number> = { pending: 0, done: 0, skipped: 0, failed: 0 };
  for (const { status } of execution.images) counts[status] += 1;
  const sum = (of: 'sizeBytes' | 'sentBytes'): number => execution.images.reduce((total, image) => total + image[of], 0);
  return executionView(id, execution, counts, { sentBytes: sum('sentBytes'), totalBytes: sum('sizeBytes') });
}

/** What became of one image. */
export const replicatedImageView = ({ sourceId, name, action, copyId, sizeBytes, sentBytes, status, cause }: ReplicatedImage): Record<string, unknown> =>
  said({ image_id: sourceId, name, action, status, copy_id: copyId, size: sizeBytes, sent: sentBytes, cause });
