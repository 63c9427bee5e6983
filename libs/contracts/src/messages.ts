import type { Attempt, Image, ImageCommandEnvelope, ImageEvent, MetadefCommandEnvelope, Namespace, NamespaceState, ProblemCode, ProblemParams, KnownDataFacts, ReplicationCommandEnvelope, ReplicationExecution, ReplicationPolicy, ReplicationState, ShownImage } from '#libs/domain';

/** Who sent a command, and what of it is remembered. Ids only; `personal` is sealed before it is written. */
export interface CommandContext {
  /** Makes the command exactly-once: the commit that carries this id is the answer to every repetition. */
  readonly commandId: string;
  readonly requestId: string;
  /** SHA-256, base64url, of the client's request, where he sent an Idempotency-Key: another request with the same key is refused. */
  readonly requestHash?: string;
  readonly causationId?: string;
  readonly actor: { readonly userId: string; readonly projectId?: string; readonly domainId?: string; readonly authMethod: string };
  readonly personal?: { readonly sourceAddress?: string; readonly userName?: string };
}

/** `do.<region>.image` */
export interface ImageCommandMessage {
  readonly envelope: ImageCommandEnvelope;
  readonly context: CommandContext;
}

/** The state right after the command's own commit, also when the command is repeated later. `sequence` 0: nothing changed and nothing was written. */
export interface ImageCommandAnswer {
  readonly sequence: number;
  readonly version: number;
  readonly image: Image;
}

/** `do.<region>.metadef` */
export interface MetadefCommandMessage {
  readonly envelope: MetadefCommandEnvelope;
  readonly context: CommandContext;
}

/** As `ImageCommandAnswer`; a namespace that was deleted is one that does not exist. */
export interface MetadefCommandAnswer {
  readonly sequence: number;
  readonly version: number;
  readonly namespace: NamespaceState;
}

/** `do.<region>.policy` */
export interface ReplicationMessage {
  readonly envelope: ReplicationCommandEnvelope;
  readonly context: CommandContext;
}

/** As `ImageCommandAnswer`; a policy that was deleted is one that does not exist. */
export interface ReplicationAnswer {
  readonly sequence: number;
  readonly version: number;
  readonly replication: ReplicationState;
}

/** `ask.<region>.replications`: every policy, and of each the executions that are not over, oldest first. From the read model: what is done about them, the decider judges. */
export type ReplicationsQuestion = Readonly<Record<never, never>>;
export interface ReplicationsAnswer {
  readonly policies: readonly {
    readonly id: string;
    readonly policy: ReplicationPolicy;
    /** Without their images. */
    readonly openExecutions: readonly { readonly id: string; readonly execution: Omit<ReplicationExecution, 'images'> }[];
  }[];
}

/** `ask.<region>.history`: commits after a version, oldest first. */
export interface HistoryQuestion { readonly imageId: string; readonly afterVersion: number; readonly limit: number }
export interface HistoryAnswer {
  /** The last commit of the image: who was told of it must not read less elsewhere afterwards. */
  readonly sequence: number;
  /** The owner and status today; a deleted image keeps its last owner. */
  readonly owner: string | null;
  readonly status: string;
  readonly entries: readonly HistoryEntry[];
  readonly hasMore: boolean;
}
export interface HistoryEntry {
  readonly version: number;
  readonly at: string;
  readonly requestId: string;
  readonly commandType: string;
  readonly actor: CommandContext['actor'];
  readonly personal?: CommandContext['personal'];
  /** There were personal values, and their key is gone. */
  readonly isErased?: true;
  readonly events: readonly ImageEvent[];
  /** Every attribute whose value this commit changed, in the words of the Image API; `from` is absent on creation. */
  readonly changes: readonly { readonly name: string; readonly from?: unknown; readonly to?: unknown }[];
}

/** Up to where the past is asked for. */
export type PastUntil = { readonly at: string } | { readonly sequence: number } | { readonly version: number };
/** An image after its last commit up to then, which was made `at`; deleted images have the status `deleted`. */
export interface PastImage { readonly version: number; readonly sequence: number; readonly at: string; readonly image: Image }

/** `ask.<region>.past` */
export interface PastQuestion { readonly imageId: string; readonly until: PastUntil }
export interface PastAnswer {
  /** The last commit of the image: who was told of it must not read less elsewhere afterwards. */
  readonly sequence: number;
  /** Today's; a deleted image keeps its last one. */
  readonly owner: string | null;
  /** Absent where the image did not exist yet. */
  readonly was?: PastImage;
}

/** `ask.<region>.pastImages`: those that were there then, newest first; of one owner, as of today, where he is given. `after`: the end of an earlier page. */
export interface PastImagesQuestion { readonly until: PastUntil; readonly owner?: string; readonly after?: string; readonly limit: number }
export interface PastImagesAnswer {
  /** With the owner of today. */
  readonly images: readonly (PastImage & { readonly imageId: string; readonly owner: string | null })[];
  /** Where the next page begins; absent after the last one. A page may be shorter than was asked for, or empty. */
  readonly after?: string;
}

/** `ask.<region>.removals`: bytes that the log's leader shows to be referenced by no image. */
export interface RemovalsQuestion {
  readonly limit: number;
  /** Only those in these stores: what others must remove would otherwise fill the answer. */
  readonly storeIds?: readonly string[];
}
export interface RemovalsAnswer { readonly removals: readonly { readonly imageId: string; readonly attemptId: string; readonly storeId: string }[] }

/** `ask.<region>.status` */
export interface StatusAnswer {
  readonly isLogTrusted: boolean;
  /** The last commit that the process which answers knows to be readable. */
  readonly projectedSequence: number;
  /** How long it waits for a sign of life of an upload: whoever renews leases must do so more often. */
  readonly leaseSeconds: number;
}

/** What another region says of an image that is to be brought from there; of its properties only those that the operator lets pass. */
export interface RemoteImage {
  readonly sizeBytes: number;
  readonly diskFormat: string;
  readonly containerFormat: string;
  /** md5, in lower-case hex; null where that region does not know it. */
  readonly checksum: string | null;
  readonly osHashAlgo: string | null;
  readonly osHashValue: string | null;
  readonly properties: Readonly<Record<string, string>>;
}

/** `ask.<region>.regions`, answered by federation: whether the image services at these addresses answer. They come from a service catalogue. */
export interface RegionsQuestion { readonly urls: readonly string[] }
export interface RegionsAnswer { readonly services: readonly ReachedService[] }
export interface ReachedService {
  readonly url: string;
  readonly isReachable: boolean;
  /** The newest version of the Image API that it offers, as `v2.17`. */
  readonly version?: string;
  /** Why it could not be reached. */
  readonly reason?: string;
}

/** `ask.<region>.copies`, answered by federation: which images of these regions say that they come from one. Each access is sealed with the caller's own token, for this question and this region. */
export interface CopiesQuestion {
  readonly questionId: string;
  readonly originRegion: string;
  readonly originId: string;
  readonly regions: readonly { readonly name: string; readonly sealed: string }[];
}
export interface CopiesAnswer { readonly regions: readonly CopiesOfRegion[] }
export interface CopiesOfRegion {
  readonly name: string;
  readonly copies: readonly Pick<ShownImage, 'id' | 'name' | 'status' | 'visibility' | 'owner' | 'sizeBytes' | 'properties'>[];
  /** Why it could not be asked. */
  readonly reason?: string;
}

/** `ask.<region>.staged`: staged data that nobody imports, of images that have not changed since, and uploads that can be resumed and began before, as the log's leader shows it; longest waiting first. */
export interface StagedQuestion { readonly unchangedSince: string; readonly limit: number }
export interface StagedAnswer {
  readonly staged: readonly { readonly imageId: string; readonly attemptId: string }[];
  /** Whether somebody went on with one since, only the staging area knows. */
  readonly uploads: readonly { readonly imageId: string; readonly attemptId: string }[];
}

/** `ask.<region>.stored`: images with data, in the order of their ids, after one of them where it is given. From the read model: what is done about them, the decider judges. */
export interface StoredQuestion { readonly limit: number; readonly after?: string }
export interface StoredAnswer { readonly images: readonly StoredImage[] }
export interface StoredImage extends Pick<Image, 'status' | 'diskFormat' | 'containerFormat'> {
  readonly imageId: string;
  readonly data: KnownDataFacts;
  /** Every copy that the image refers to. */
  readonly copies: readonly Pick<Attempt, 'attemptId' | 'storeId' | 'uri' | 'inspection' | 'check'>[];
}

/** `ask.<region>.attempts`: what the log's leader knows of each, in the order of the question. */
export interface AttemptsQuestion { readonly attempts: readonly { readonly imageId: string; readonly attemptId: string }[] }
export interface AttemptsAnswer { readonly attempts: readonly AttemptFate[] }
/** `gone`: the image has no such attempt, any more or ever. `unknown`: there never was such an image. `unreadable`: nobody can tell. */
export type AttemptFate =
  | { readonly state: Attempt['state']; readonly isImporting: boolean; readonly unchangedSince: string }
  | { readonly state: 'gone' | 'unknown' | 'unreadable' };

/**
 * `ask.<region>.reservation`: room for bytes of an attempt, or of what an import brings to one store, before they are taken further.
 * `isUnannounced`: nobody knows how many will come.
 */
export type ReservationQuestion = { readonly resource: 'sizeBytes' | 'stageBytes'; readonly needBytes: number; readonly isUnannounced: boolean }
  & ({ readonly attemptId: string } | { readonly importId: string; readonly storeId: string });
/** So many in all; null where nothing limits them. */
export interface ReservationAnswer { readonly grantedBytes: number | null }

/** `ask.<region>.usage`: what a project uses of each of its limits at the identity service, under the names registered there; empty where those do not count. */
export interface UsageQuestion { readonly projectId: string }
export interface UsageAnswer { readonly usage: Readonly<Record<string, { readonly usage: number; readonly limit: number }>> }

/** `projected.<region>`: every commit up to `sequence` can be read from the read model. */
export interface Projected { readonly sequence: number }

export type Answer<Ok> = { readonly ok: Ok } | { readonly problem: { readonly code: ProblemCode; readonly params: ProblemParams } };

/** An image that came as JSON: its moments are `Date`s again. */
export function imageFromJson(json: Image): Image {
  return {
    ...json,
    createdAt: new Date(json.createdAt),
    updatedAt: new Date(json.updatedAt),
    importing: json.importing && { ...json.importing, startedAt: new Date(json.importing.startedAt) },
    members: json.members.map((member) => ({ ...member, createdAt: new Date(member.createdAt), updatedAt: new Date(member.updatedAt) })),
  };
}

/** A namespace that came as JSON. */
export function namespaceFromJson(json: NamespaceState): NamespaceState {
  if (!json.exists) return json;
  const { resourceTypes, objects, tags }: Namespace = json;
  return { ...withDates(json), resourceTypes: resourceTypes.map(withDates), objects: objects.map(withDates), tags: tags.map(withDates) };
}

/** A policy or an execution that came as JSON. */
export const replicationFromJson = <State extends ReplicationState>(json: State): State =>
  (json.exists ? { ...json, createdAt: new Date(json.createdAt), updatedAt: new Date(json.updatedAt) } : json);

const withDates = <Timed extends { readonly createdAt: Date; readonly updatedAt: Date }>(json: Timed): Timed =>
  ({ ...json, createdAt: new Date(json.createdAt), updatedAt: new Date(json.updatedAt) });
