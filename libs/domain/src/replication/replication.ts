import type { Visibility } from '../image/image.status.js';

export const replicationDirections = ['pull', 'push'] as const;
export type ReplicationDirection = (typeof replicationDirections)[number];
/** `event`: whenever the source has something new; `schedule`: at the moments of a cron expression; `manual`: only when somebody asks. */
export const replicationTriggers = ['event', 'schedule', 'manual'] as const;
export type ReplicationTrigger = (typeof replicationTriggers)[number];
/** Where a copy and its source say different things: `source` makes the copy as its source is; `copy` leaves a copy alone once it is there. */
export const conflictRules = ['source', 'copy'] as const;
export type ConflictRule = (typeof conflictRules)[number];

/** Which images of the source a policy carries; what is not said does not limit. An image must fit all of it. */
export interface ReplicationFilter {
  readonly visibilities: readonly Visibility[];
  readonly owner?: string;
  /** `*` stands for any characters, `?` for one. */
  readonly namePattern?: string;
  readonly tags: readonly string[];
  readonly properties: Readonly<Record<string, string>>;
  readonly minSizeBytes?: number;
  readonly maxSizeBytes?: number;
}

/** What an operator says of a policy. */
export interface ReplicationSettings {
  readonly name: string;
  readonly direction: ReplicationDirection;
  readonly remoteRegion: string;
  readonly filter: ReplicationFilter;
  readonly trigger: ReplicationTrigger;
  /** Five fields, in UTC; only with the trigger `schedule`. */
  readonly schedule?: string;
  /** Absent: as fast as it goes. */
  readonly bytesPerSecond?: number;
  /** How many images at once. */
  readonly concurrency: number;
  /** Whether later changes of names, tags and properties follow. */
  readonly carriesMetadata: boolean;
  readonly carriesMembers: boolean;
  readonly carriesDeletions: boolean;
  readonly conflictRule: ConflictRule;
  /** Whether a copy gets the id of its source where that is free. */
  readonly keepsIds: boolean;
  /** The project that owns the copies; absent: the owner of the source. */
  readonly copyOwner?: string;
}

export const replicationActions = ['copy', 'update', 'delete'] as const;
export type ReplicationAction = (typeof replicationActions)[number];
export const replicationOutcomes = ['done', 'skipped', 'failed'] as const;
export type ReplicationOutcome = (typeof replicationOutcomes)[number];

/** What an execution found to be done with one image. */
export interface PlannedImage {
  readonly sourceId: string;
  /** Shortened; for people. */
  readonly name: string;
  readonly action: ReplicationAction;
  /** The copy that is there already. */
  readonly copyId?: string;
  readonly sizeBytes: number;
}

/** What came of it. */
export interface ImageResult {
  readonly sourceId: string;
  readonly outcome: ReplicationOutcome;
  readonly copyId?: string;
  /** How many bytes crossed the regions' border for it. */
  readonly sentBytes: number;
  /** Why it was skipped or failed. */
  readonly cause?: string;
}

interface Event<Type extends string, Data> { readonly type: Type; readonly data: Data }
type Nothing = Record<never, never>;

/**
 * The events of a policy, and of an execution, which has a subject of its own. Names and fields are the storage format: they are for ever.
 * Their schemas are `proto/heliograph/v1/replication.proto`; a breaking change there fails `npm run check`.
 */
export type ReplicationEvent =
  | Event<'ReplicationPolicyCreated', { settings: ReplicationSettings }>
  | Event<'ReplicationPolicyChanged', { settings: ReplicationSettings }>
  | Event<'ReplicationPolicyPaused', Nothing>
  | Event<'ReplicationPolicyResumed', Nothing>
  | Event<'ReplicationPolicyDeleted', Nothing>
  | Event<'ReplicationExecutionStarted', { policyId: string; trigger: ReplicationTrigger; isDryRun: boolean }>
  | Event<'ReplicationImagesPlanned', { images: readonly PlannedImage[]; isTruncated: boolean }>
  | Event<'ReplicationImageEnded', ImageResult>
  | Event<'ReplicationExecutionPaused', Nothing>
  | Event<'ReplicationExecutionResumed', Nothing>
  | Event<'ReplicationExecutionRetried', Nothing>
  | Event<'ReplicationExecutionCancelled', Nothing>
  | Event<'ReplicationExecutionEnded', { outcome: 'succeeded' | 'failed'; cause?: string }>;

export type ReplicationEventData<Type extends ReplicationEvent['type']> = Extract<ReplicationEvent, { type: Type }>['data'];

export interface ReplicationPolicy {
  readonly exists: true;
  readonly kind: 'policy';
  readonly settings: ReplicationSettings;
  readonly isPaused: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export const executionStatuses = ['waiting', 'running', 'paused', 'succeeded', 'failed', 'cancelled'] as const;
export type ExecutionStatus = (typeof executionStatuses)[number];
export const isOpenExecution = ({ status }: Pick<ReplicationExecution, 'status'>): boolean => status === 'waiting' || status === 'running' || status === 'paused';

/** `pending` until it has an outcome; in a dry run it stays `pending`. */
export type ReplicatedImage = PlannedImage & Partial<Pick<ImageResult, 'cause'>> & { readonly status: 'pending' | ReplicationOutcome; readonly sentBytes: number };

export interface ReplicationExecution {
  readonly exists: true;
  readonly kind: 'execution';
  readonly policyId: string;
  readonly trigger: ReplicationTrigger;
  readonly isDryRun: boolean;
  /** `waiting` until it is known what is to be done. */
  readonly status: ExecutionStatus;
  /** More was to be done than one execution takes on: the next one goes on. */
  readonly isTruncated: boolean;
  readonly images: readonly ReplicatedImage[];
  readonly cause: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** `wasDeleted`: there was a policy, and its id is not used again. */
export interface NoReplication { readonly exists: false; readonly wasDeleted: boolean }
export type ReplicationState = NoReplication | ReplicationPolicy | ReplicationExecution;

export const noReplication = (): ReplicationState => ({ exists: false, wasDeleted: false });
/** The most images that one execution takes on. */
export const mostReplicatedAtOnce = 1000;
