/** The events that are known today. There will be others: who meets one that he does not know passes over it. */
export const eventTypes = [
  'ImageCreated', 'ImagePropertiesChanged', 'ImageVisibilityChanged', 'ImageTagAdded', 'ImageTagRemoved', 'ImageDataUploadStarted', 'ImageDataStored', 'ImageActivated',
  'ImageDataUploadFailed', 'ImageDataRemoved', 'ImageDeactivated', 'ImageReactivated', 'ImageDeleted', 'ImageUndeleted', 'ImageRetentionEnded', 'ImageStagingStarted', 'ImageDataStaged', 'ImageStagingFailed',
  'ImageStagedDataExpired', 'ImageImportRequested', 'ImageImportSourceAsked', 'ImageStoreImportStarted', 'ImageStoreImportFailed', 'ImageImportSucceeded', 'ImageImportFailed',
  'ImageDataInspected', 'ImageDataDropped', 'ImageLocationAdded', 'ImageLocationsArranged', 'ImageDataDecompressed', 'ImageDataConverted', 'ImageDataVerified', 'ImageDataChecked',
  'ImageDataHealingStarted', 'ImageDataHealed', 'ImageDataHealingFailed', 'MemberAdded', 'MemberAccepted', 'MemberRejected', 'MemberReset', 'MemberRemoved',
] as const;
export type KnownEventType = (typeof eventTypes)[number];

export interface Change { readonly name: string; readonly from?: unknown; readonly to?: unknown }

/** A CloudEvent: something that happened to an image, as the one who reads it may know it. */
export interface ImageEvent<Type extends string = KnownEventType | (string & {})> {
  readonly specversion: '1.0';
  /** Its place in the region's log, as `1234-0`; the same event has the same id wherever it is read. */
  readonly id: string;
  readonly source: string;
  readonly type: Type;
  /** The id of the image. */
  readonly subject: string;
  /** ISO 8601, UTC. */
  readonly time: string;
  readonly region: string;
  /** How many changes the image had with this one. */
  readonly version: number;
  /** As what it is told: to the owner of the image, to who no longer owns it, to a member about his membership, or to everybody. */
  readonly audience: 'owner' | 'former' | 'member' | 'public';
  readonly actorid?: string;
  readonly actorprojectid?: string;
  readonly authmethod?: string;
  readonly requestid?: string;
  readonly commandtype?: string;
  readonly data: {
    /** Of the image after the event; to a member, of his membership, or `removed`. */
    readonly status: string;
    readonly name?: string;
    readonly owner?: string;
    readonly visibility?: string;
    readonly changes: readonly Change[];
    readonly detail?: Readonly<Record<string, unknown>>;
  };
}

/** Narrows an event to one of these types. */
export const isOneOf = <Type extends KnownEventType>(event: ImageEvent, ...types: readonly Type[]): event is ImageEvent<Type> =>
  (types as readonly string[]).includes(event.type);

/** What an event changed of this attribute, property or member (`members/PROJECT`); undefined where it did not. */
export const changeOf = (event: ImageEvent, name: string): Change | undefined => event.data.changes.find((change) => change.name === name);
