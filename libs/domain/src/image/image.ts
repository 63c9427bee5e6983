import type { ImageStatus, MemberStatus, Visibility } from './image.status.js';

/** What an image carries besides its data. `minDisk` is in GB (10^9), `minRam` in MB, as in the Image API. */
export interface ImageAttributes {
  readonly name: string | null;
  readonly owner: string | null;
  readonly isProtected: boolean;
  readonly isHidden: boolean;
  readonly containerFormat: string | null;
  readonly diskFormat: string | null;
  readonly minDisk: number;
  readonly minRam: number;
}

/** What is known of an image's data once it is stored; hashes are lower-case hex. */
export interface ImageDataFacts {
  readonly sizeBytes: number;
  readonly virtualSizeBytes?: number;
  readonly checksum: string;
  readonly osHashAlgo: string;
  readonly osHashValue: string;
}

/** What is known of data that may only have been told where it lies: the hashes are absent where nobody said or computed them. */
export type KnownDataFacts = Pick<ImageDataFacts, 'sizeBytes' | 'virtualSizeBytes'> & Partial<Pick<ImageDataFacts, 'checksum' | 'osHashAlgo' | 'osHashValue'>>;

/** What a client says of a place where data lies; the store's name is not among it. Text, lists and objects of text: Glance takes nothing else. */
export interface LocationMetadata { readonly [name: string]: LocationValue }
export type LocationValue = string | readonly LocationValue[] | LocationMetadata;

/**
 * The events of an image and of its members. Names and fields are the storage format: they are for ever.
 * Their schemas are `proto/heliograph/v1/image.proto`; a breaking change there fails `npm run check`.
 */
export type ImageEvent =
  | Event<'ImageCreated', Partial<NonNullAttributes> & { visibility: Visibility; tags: readonly string[]; properties: Readonly<Record<string, string>>; arrival?: Arrival }>
  | Event<'ImagePropertiesChanged', { attributes: Partial<NonNullAttributes>; cleared: readonly ClearableAttribute[]; set: Readonly<Record<string, string>>; removed: readonly string[] }>
  | Event<'ImageVisibilityChanged', { visibility: Visibility }>
  | Event<'ImageTagAdded', { tag: string }>
  | Event<'ImageTagRemoved', { tag: string }>
  | Event<'ImageDataUploadStarted', { attemptId: string; storeId: string; declaredSizeBytes?: number }>
  | Event<'ImageDataStored', { attemptId: string; storeId: string } & ImageDataFacts>
  | Event<'ImageActivated', Record<never, never>>
  | Event<'ImageDataUploadFailed', { attemptId: string; reason: UploadFailure }>
  | Event<'ImageDataRemoved', { attemptId: string; storeId: string }>
  | Event<'ImageDeactivated', Record<never, never>>
  | Event<'ImageReactivated', Record<never, never>>
  | Event<'ImageDeleted', { keptUntil?: string }>
  | Event<'ImageUndeleted', { status: ImageStatus }>
  | Event<'ImageRetentionEnded', Record<never, never>>
  | Event<'ImageStagingStarted', { attemptId: string; storeId: string; declaredSizeBytes?: number; isResumable?: boolean }>
  | Event<'ImageDataStaged', { attemptId: string; storeId: string } & StagedFacts>
  | Event<'ImageStagingFailed', { attemptId: string; reason: UploadFailure }>
  | Event<'ImageStagedDataExpired', { attemptId: string }>
  | Event<'ImageImportRequested', ImportRequest>
  | Event<'ImageImportSourceAsked', { importId: string; hops: readonly ImportHop[] }>
  | Event<'ImageStoreImportStarted', { importId: string; attemptId: string; storeId: string }>
  | Event<'ImageStoreImportFailed', { importId: string; storeId: string; reason: string }>
  | Event<'ImageImportSucceeded', { importId: string }>
  | Event<'ImageImportFailed', { importId: string; reason: string }>
  | Event<'ImageDataInspected', { attemptId: string } & DataInspection>
  | Event<'ImageDataDropped', { attemptId: string; storeId: string }>
  | Event<'ImageLocationAdded', { attemptId: string; storeId: string; uri: string; metadata: LocationMetadata; position?: number } & Partial<KnownDataFacts>>
  | Event<'ImageLocationsArranged', { locations: readonly { readonly attemptId: string; readonly metadata: LocationMetadata }[] }>
  | Event<'ImageDataDecompressed', { attemptId: string; compression: string; compressedSizeBytes: number }>
  | Event<'ImageDataConverted', { attemptId: string; fromDiskFormat: string; toDiskFormat: string; fromSizeBytes: number; fromChecksum: string }>
  | Event<'ImageDataVerified', { attemptId: string } & DataVerification>
  | Event<'ImageDataChecked', { attemptId: string; storeId: string } & Omit<DataCheck, 'at'>>
  | Event<'ImageDataHealingStarted', { attemptId: string; storeId: string; heals: string }>
  | Event<'ImageDataHealed', { attemptId: string; storeId: string; heals: string }>
  | Event<'ImageDataHealingFailed', { attemptId: string; storeId: string }>
  | Event<'MemberAdded', { memberId: string }>
  | Event<'MemberAccepted', { memberId: string }>
  | Event<'MemberRejected', { memberId: string }>
  | Event<'MemberReset', { memberId: string }>
  | Event<'MemberRemoved', { memberId: string }>;

/** Why an upload ended without data: the client went away, the data was refused, the store failed, the lease ran out, nobody went on with it in time, or the client gave it up. */
export const uploadFailures = ['interrupted', 'refused', 'store_failed', 'lease_expired', 'expired', 'cancelled'] as const;
export type UploadFailure = (typeof uploadFailures)[number];

/**
 * What inspection found out about the bytes of an attempt, whether or not they were accepted. `format` is absent where several match,
 * `virtualSizeBytes` where the bytes do not tell. A rule that is broken is named by its id, which is for ever: `libs/inspection`, rules.
 */
export interface DataInspection {
  readonly format?: string;
  readonly virtualSizeBytes?: number;
  readonly findings: readonly { readonly rule: string; readonly detail: string }[];
  /** Of data whose image is signed. */
  readonly signature?: SignatureVerdict;
}

/** Whether the data is what the holder of a certificate signed, and where it is not, why that cannot be said. */
export interface SignatureVerdict {
  readonly certificateId: string;
  readonly hashMethod: string;
  readonly keyType: string;
  readonly isValid: boolean;
  readonly reason?: string;
}

/** What the operator's own verification said of the bytes of an attempt. `verifier` is the name that he gave it. */
export interface DataVerification {
  readonly verifier: string;
  readonly isAccepted: boolean;
  readonly detail: string;
}

/** What a look at a stored copy has shown: whether its bytes are still those of the image. `at` is ISO 8601; `detail` is empty where nothing is wrong. */
export interface DataCheck {
  readonly at: string;
  readonly verdict: (typeof dataVerdicts)[number];
  readonly detail: string;
}
export const dataVerdicts = ['sound', 'damaged', 'missing'] as const;

/** What was done to the bytes of an import between their source and the store; hashes and sizes are those of the bytes before it. */
export type DataPreparation =
  | { readonly step: 'decompressed'; readonly compression: string; readonly compressedSizeBytes: number }
  | { readonly step: 'converted'; readonly fromDiskFormat: string; readonly toDiskFormat: string; readonly fromSizeBytes: number; readonly fromChecksum: string }
  | ({ readonly step: 'verified' } & DataVerification);

/** What is known of bytes in the staging area; how large the disk in them is, is found out when they are imported. */
export type StagedFacts = Omit<ImageDataFacts, 'virtualSizeBytes'>;

/**
 * `swift-download` fetches an object of the caller's object store with his token, `s3-download` one that the operator lets his project import. `export-image` brings nothing here: it sends the data of an image to where its owner wants it.
 * `clone-image` makes an image in another region of one that is here, with the token of who asked; `replicate-image` does in several, with the operator's accounts.
 * `convert-image` makes another disk format of an image that is there. `location-import` is what a new location asks for: the bytes stay where they are, and are only read to know them.
 */
export const importMethods = ['glance-direct', 'web-download', 'copy-image', 'glance-download', 'location-import', 'convert-image', 'export-image', 'swift-download', 's3-download', 'clone-image', 'replicate-image'] as const;
export type ImportMethod = (typeof importMethods)[number];

/** What an import is asked to do. A source never carries a credential: no user info, no query, no token. */
export interface ImportRequest {
  readonly importId: string;
  readonly method: ImportMethod;
  readonly storeIds: readonly string[];
  readonly allStoresMustSucceed: boolean;
  readonly sourceUri?: string;
  /** Set where the URI of source or target has a query, which stands nowhere: it may hold a signature. */
  readonly sourceHasQuery?: true;
  readonly sourceRegion?: string;
  readonly sourceImageId?: string;
  readonly sourceInterface?: string;
  /** Where an export goes; never its query. */
  readonly targetUri?: string;
  /** Where copies of the image go, and the id that the one of a clone gets there. */
  readonly targetRegions?: readonly string[];
  readonly targetImageId?: string;
  /** The policy whose rules the copies follow; absent for the usual ones. */
  readonly replicationPolicyId?: string;
  /** The disk format that is to be made of the bytes; until then the image has theirs. */
  readonly convertTo?: string;
  /** What the bytes must hash to, where the caller knows it; lower-case hex. */
  readonly expectedHashAlgo?: string;
  readonly expectedHashValue?: string;
  /** Of a signed image: the certificate that its data is to be checked with, in PEM, or why it could not be had with the caller's token. */
  readonly signingCertificate?: string;
  readonly signingCertificateId?: string;
  readonly signingRefusal?: string;
  /** What kind of task clients of Glance see; an image import where it is absent. */
  readonly taskType?: 'import';
  /** What the operator sets on images that are imported. (glance: inject_metadata_properties) */
  readonly injectedProperties?: Readonly<Record<string, string>>;
}

/**
 * An image that nobody sees before it has its data: it is brought by an action of its owner's, and is what that action asked for, or nothing.
 * An export has one, too, as have copies in other regions, which never comes to be: so they have the lock, the attempts and the end of every import.
 * Source: seed "new upload workflow" of Glance, which wants failed and unfinished imports in no list of images.
 */
export interface Arrival {
  readonly actionType: ArrivalType;
  /** Where its data comes from, in the words of the request; never a credential. */
  readonly location?: string;
  /** What was asked of the image, in the words of the request. */
  readonly imageProperties: Readonly<Record<string, unknown>>;
}
export const arrivalTypes = ['import', 'convert', 'export', 'clone', 'replicate'] as const;
export type ArrivalType = (typeof arrivalTypes)[number];

/** One request on the way to the bytes: the URI without query and fragment, and what its server answered. */
export interface ImportHop { readonly uri: string; readonly status: number }

/** The import that holds the lock, and how far each of its stores is; a store is in exactly one of the three lists. */
export interface ImportInProgress extends ImportRequest {
  readonly pendingStoreIds: readonly string[];
  readonly doneStoreIds: readonly string[];
  readonly failedStoreIds: readonly string[];
  /** The image's disk format before its data was converted on its way in; it has it again where the import fails. */
  readonly convertedFrom?: string;
  readonly startedAt: Date;
}

/** A null attribute is absent from an event; an attribute that becomes null is named in `cleared`. */
type NonNullAttributes = { [Name in keyof ImageAttributes]: NonNullable<ImageAttributes[Name]> };
export const clearableAttributes = ['name', 'owner', 'containerFormat', 'diskFormat'] as const;
export type ClearableAttribute = (typeof clearableAttributes)[number];
interface Event<Type extends string, Data> { readonly type: Type; readonly data: Data }
export type EventData<Type extends ImageEvent['type']> = Extract<ImageEvent, { type: Type }>['data'];

export interface Member {
  readonly memberId: string;
  readonly status: MemberStatus;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/**
 * One transfer of data towards one store; its bytes lie at the key of image, attempt and store.
 * `open`: bytes may be moving; `staged`: they wait for an import; `stored`: the image refers to them; `over`: nobody does, and they may be removed.
 */
export interface Attempt {
  readonly attemptId: string;
  readonly storeId: string;
  readonly state: 'open' | 'staged' | 'stored' | 'over';
  /** Its bytes may come in several requests, with any time in between: no lease ends it, only its own expiry. */
  readonly isResumable?: boolean;
  /** Where the bytes lie, in a store that only reads them there. */
  readonly uri?: string;
  /** What a client said of this place. */
  readonly metadata?: LocationMetadata;
  /** What its bytes are, once somebody looked. */
  readonly inspection?: DataInspection;
  /** What the last scrub said of this copy. */
  readonly check?: DataCheck;
  /** The attempt whose copy this one is to replace. */
  readonly heals?: string;
}

export interface Image extends ImageAttributes {
  readonly exists: true;
  readonly status: ImageStatus;
  readonly visibility: Visibility;
  readonly tags: readonly string[];
  readonly properties: Readonly<Record<string, string>>;
  readonly data: KnownDataFacts | null;
  readonly attempts: readonly Attempt[];
  /** What lies in the staging area, and under which attempt. */
  readonly staged: (StagedFacts & { readonly attemptId: string }) | null;
  /** Set until it has its data, where nobody sees it before. */
  readonly arriving?: Arrival;
  /** The import that holds the lock. */
  readonly importing: ImportInProgress | null;
  /** What the last import that ended could not bring: clients of Glance read it; null before the first. */
  readonly lastImportFailedStoreIds: readonly string[] | null;
  readonly members: readonly Member[];
  /** Of a deleted image that can come back: until when (ISO 8601, UTC), and what it was. */
  readonly deletion?: { readonly keptUntil: string; readonly statusBefore: ImageStatus };
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** An id that no commit has named yet. A deleted image still exists here, with status `deleted`: its id is never free again. */
export interface NoImage { readonly exists: false }
export type ImageState = NoImage | Image;

export const noImage = (): ImageState => ({ exists: false });
