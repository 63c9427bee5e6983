import type { Decider } from '../decider.js';
import { Problem } from '../problem.js';
import { deleteImage, endImageRetention, undeleteImage } from './image.deletion.js';
import { changeImageProperties, type PropertyChange } from './image.properties.js';
import { completeImageDataUpload, failImageDataUpload, recordDataInspection, recordDataVerification, recordImageDataRemoved, startImageDataUpload } from './image.data.js';
import { within, type ImageLimits } from './image.limits.js';
import { addMember, changeMemberStatus, removeMember } from './image.members.js';
import { evolveImage } from './image.evolve.js';
import {
  arrive, completeStoreImport, describeImportedImage, dropImageData, failImport, failStoreImport, finishImport, recordImportHops, requestImageImport, startStoreImport, type CompletedStore, type ImportToRequest,
} from './image.imports.js';
import { completeDataHealing, failDataHealing, recordDataCheck, startDataHealing } from './image.scrub.js';
import { completeImageStaging, expireStagedData, failImageStaging, startImageStaging } from './image.staging.js';
import {
  noImage, type Arrival, type DataCheck, type DataInspection, type DataVerification, type Image, type ImageAttributes, type ImageDataFacts, type ImageEvent, type ImageState, type ImportHop, type StagedFacts, type UploadFailure,
} from './image.js';
import type { MemberStatus, Visibility } from './image.status.js';

export type { ImageLimits };

export type ImageCommand =
  | ({ type: 'CreateImage'; visibility: Visibility; tags: readonly string[]; properties: Readonly<Record<string, string>> } & ImageAttributes)
  | ({ type: 'CreateArrivingImage'; visibility: Visibility; tags: readonly string[]; properties: Readonly<Record<string, string>>; arrival: Arrival; request: ImportToRequest } & ImageAttributes)
  | { type: 'ChangeImageProperties'; changes: readonly PropertyChange[] }
  | { type: 'AddImageTag'; tag: string }
  | { type: 'RemoveImageTag'; tag: string }
  | { type: 'StartImageDataUpload'; attemptId: string; storeId: string; declaredSizeBytes?: number }
  | ({ type: 'CompleteImageDataUpload'; attemptId: string; inspection?: DataInspection } & ImageDataFacts)
  | { type: 'FailImageDataUpload'; attemptId: string; reason: UploadFailure }
  | { type: 'RecordImageDataRemoved'; attemptId: string }
  | { type: 'RecordDataInspection'; attemptId: string; inspection: DataInspection }
  | { type: 'RecordDataVerification'; attemptId: string; verification: DataVerification }
  | ({ type: 'RecordDataCheck'; attemptId: string } & Omit<DataCheck, 'at'>)
  | { type: 'StartDataHealing'; attemptId: string; heals: string }
  | ({ type: 'CompleteDataHealing'; attemptId: string } & ImageDataFacts)
  | { type: 'FailDataHealing'; attemptId: string }
  | { type: 'DeactivateImage' }
  | { type: 'ReactivateImage' }
  /** Moments are set by the catalog alone: until when the image is kept, and what time it is. */
  | { type: 'DeleteImage'; keptUntil?: string }
  | { type: 'UndeleteImage'; at?: string }
  | { type: 'EndImageRetention'; at?: string }
  | { type: 'StartImageStaging'; attemptId: string; storeId: string; declaredSizeBytes?: number; isResumable?: boolean }
  | ({ type: 'CompleteImageStaging'; attemptId: string; inspection?: DataInspection } & StagedFacts)
  | { type: 'FailImageStaging'; attemptId: string; reason: UploadFailure }
  | { type: 'ExpireStagedData'; attemptId: string }
  | ({ type: 'RequestImageImport' } & ImportToRequest)
  | { type: 'RecordImportHops'; importId: string; hops: readonly ImportHop[] }
  | { type: 'DescribeImportedImage'; importId: string; diskFormat: string; containerFormat: string; properties: Readonly<Record<string, string>> }
  | { type: 'StartStoreImport'; importId: string; attemptId: string; storeId: string }
  | ({ type: 'CompleteStoreImport' } & CompletedStore)
  | { type: 'FailStoreImport'; importId: string; storeId: string; reason: string }
  | { type: 'FinishImport'; importId: string; reason: string }
  | { type: 'FailImport'; importId: string; reason: string }
  | { type: 'DropImageData'; storeId: string }
  | { type: 'AddMember'; memberId: string }
  | { type: 'ChangeMemberStatus'; memberId: string; status: MemberStatus }
  | { type: 'RemoveMember'; memberId: string };

/**
 * A command as it reaches the decider: which image, and what its sender's permission rested on.
 * Where `authorizedFor` is given and no longer true of the image, the command is refused with `AuthorizationStale`:
 * the gateway asks its policy again, so a change of owner or visibility can never be raced.
 */
export interface ImageCommandEnvelope {
  readonly imageId: string;
  readonly command: ImageCommand;
  readonly authorizedFor?: Pick<Image, 'owner' | 'visibility'>;
}

export type ImageDecider = Decider<ImageState, ImageCommandEnvelope, ImageEvent>;

export function imageDecider(limits: ImageLimits): ImageDecider {
  return { decide: (envelope, state) => decideImage(envelope, state, limits), evolve: evolveImage, initialState: noImage };
}

function decideImage({ imageId, command, authorizedFor }: ImageCommandEnvelope, state: ImageState, limits: ImageLimits): ImageEvent[] {
  if (command.type === 'CreateImage') return [createImage(imageId, command, state, limits)];
  if (command.type === 'CreateArrivingImage') return createArrivingImage(imageId, command, state, limits);
  if (!state.exists) throw new Problem('ImageNotFound', { imageId });
  if (takesDeleted(command)) return decideOnDeleted(imageId, command, state);
  if (state.status === 'deleted') throw new Problem(bringsBytes.has(command.type) ? 'ImageGone' : 'ImageNotFound', { imageId });
  if (authorizedFor && (authorizedFor.owner !== state.owner || authorizedFor.visibility !== state.visibility)) {
    throw new Problem('AuthorizationStale', { imageId });
  }
  return decideExisting(imageId, command, state, limits);
}

/** Whoever has just brought bytes learns that there is nothing to bring them to any more. */
const bringsBytes: ReadonlySet<ImageCommand['type']> = new Set(['CompleteImageDataUpload', 'CompleteImageStaging', 'CompleteStoreImport', 'CompleteDataHealing']);

/** What cleans up after a transfer is never refused: a deleted image has bytes to lose too. And who is deleted may come back. */
type OnDeleted = Extract<ImageCommand, { type: 'RecordImageDataRemoved' | 'FailImageDataUpload' | 'FailImageStaging' | 'UndeleteImage' | 'EndImageRetention' }>;
const onDeleted: ReadonlySet<ImageCommand['type']> = new Set<OnDeleted['type']>(['RecordImageDataRemoved', 'FailImageDataUpload', 'FailImageStaging', 'UndeleteImage', 'EndImageRetention']);
const takesDeleted = (command: ImageCommand): command is OnDeleted => onDeleted.has(command.type);

function decideOnDeleted(imageId: string, command: OnDeleted, image: Image): ImageEvent[] {
  switch (command.type) {
    case 'RecordImageDataRemoved': return recordImageDataRemoved(command, image);
    case 'FailImageDataUpload': return failImageDataUpload(command, image);
    case 'FailImageStaging': return failImageStaging(command, image);
    case 'UndeleteImage': return undeleteImage(imageId, command, image);
    case 'EndImageRetention': return endImageRetention(command, image);
  }
}

type OnExisting = Exclude<ImageCommand, OnDeleted | { type: 'CreateImage' | 'CreateArrivingImage' }>;

// One arm a command is the clearest form of this function, however many there are.
// eslint-disable-next-line complexity
function decideExisting(imageId: string, command: OnExisting, image: Image, limits: ImageLimits): ImageEvent[] {
  switch (command.type) {
    case 'ChangeImageProperties': return changeImageProperties(imageId, command.changes, image, limits);
    case 'AddImageTag': return addImageTag(command, image, limits);
    case 'RemoveImageTag': return removeImageTag(imageId, command, image);
    case 'StartImageDataUpload': return startImageDataUpload(imageId, command, image);
    case 'CompleteImageDataUpload': return completeImageDataUpload(imageId, command, image);
    case 'RecordDataInspection': return recordDataInspection(command, image);
    case 'RecordDataVerification': return recordDataVerification(command, image);
    case 'RecordDataCheck': return recordDataCheck(command, image);
    case 'StartDataHealing': return startDataHealing(imageId, command, image);
    case 'CompleteDataHealing': return completeDataHealing(imageId, withoutType(command), image);
    case 'FailDataHealing': return failDataHealing(command, image);
    case 'DeactivateImage': return deactivateImage(imageId, image);
    case 'ReactivateImage': return reactivateImage(imageId, image);
    case 'DeleteImage': return deleteImage(imageId, command, image);
    case 'StartImageStaging': return startImageStaging(imageId, command, image);
    case 'CompleteImageStaging': return completeImageStaging(imageId, command, image);
    case 'ExpireStagedData': return expireStagedData(command, image);
    case 'RequestImageImport': return requestImageImport(imageId, withoutType(command), image, limits);
    case 'RecordImportHops': return recordImportHops(command, image);
    case 'DescribeImportedImage': return describeImportedImage(imageId, command, image, limits);
    case 'StartStoreImport': return startStoreImport(imageId, command, image);
    case 'CompleteStoreImport': return completeStoreImport(imageId, withoutType(command), image);
    case 'FailStoreImport': return failStoreImport(imageId, command, image);
    case 'FinishImport': return finishImport(command, image);
    case 'FailImport': return failImport(command, image);
    case 'DropImageData': return dropImageData(imageId, command, image);
    case 'AddMember': return addMember(imageId, command, image, limits);
    case 'ChangeMemberStatus': return changeMemberStatus(imageId, command, image);
    case 'RemoveMember': return removeMember(imageId, command, image);
  }
}

const withoutType = <Command extends ImageCommand>({ type: _, ...rest }: Command): Omit<Command, 'type'> => rest;

type CommandOf<Type extends ImageCommand['type']> = Extract<ImageCommand, { type: Type }>;

/** Records a new image, `queued`. Refuses: ImageIdTaken (also for ids of deleted images), TooManyProperties, TooManyTags.
 *  Source: api-ref "Create image"; OSSN-0075 for the ids. */
function createImage(imageId: string, { type: _, visibility, tags, properties, ...attributes }: CommandOf<'CreateImage'>, state: ImageState, limits: ImageLimits): Extract<ImageEvent, { type: 'ImageCreated' }> {
  if (state.exists) throw new Problem('ImageIdTaken', { imageId });
  const distinctTags = [...new Set(tags)];
  within(limits.tags, distinctTags.length, 'TooManyTags');
  within(limits.properties, Object.keys(properties).length, 'TooManyProperties');
  const given = Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== null));
  return { type: 'ImageCreated', data: { ...given, visibility, tags: distinctTags, properties } };
}

/** The same for an image that nobody sees before its import has brought its data. Refuses: as `createImage`, TooManyLocations. */
function createArrivingImage(imageId: string, { type: _, arrival, request, ...image }: CommandOf<'CreateArrivingImage'>, state: ImageState, limits: ImageLimits): ImageEvent[] {
  return arrive(createImage(imageId, { type: 'CreateImage', ...image }, state, limits).data, { arrival, request }, limits);
}

/** Adds a tag; one that is there already changes nothing. Refuses: TooManyTags. Source: api-ref "Add image tag". */
function addImageTag({ tag }: CommandOf<'AddImageTag'>, image: Image, limits: ImageLimits): ImageEvent[] {
  if (image.tags.includes(tag)) return [];
  within(limits.tags, image.tags.length + 1, 'TooManyTags');
  return [{ type: 'ImageTagAdded', data: { tag } }];
}

/** Removes a tag. Refuses: TagNotFound. Source: api-ref "Delete image tag". */
function removeImageTag(imageId: string, { tag }: CommandOf<'RemoveImageTag'>, image: Image): ImageEvent[] {
  if (!image.tags.includes(tag)) throw new Problem('TagNotFound', { imageId, tag });
  return [{ type: 'ImageTagRemoved', data: { tag } }];
}

/** Closes an active image's data to non-admins; repeated, it changes nothing. Refuses: ImageStatusForbids.
 *  Source: api-ref "Deactivate image"; any other status is 403, as Glance answers. */
function deactivateImage(imageId: string, image: Image): ImageEvent[] {
  if (image.status === 'deactivated') return [];
  if (image.status !== 'active') throw new Problem('ImageStatusForbids', { imageId, status: image.status, needed: 'active' });
  return [{ type: 'ImageDeactivated', data: {} }];
}

/** The reverse of `deactivateImage`, with the same rules. Source: api-ref "Reactivate image". */
function reactivateImage(imageId: string, image: Image): ImageEvent[] {
  if (image.status === 'active') return [];
  if (image.status !== 'deactivated') throw new Problem('ImageStatusForbids', { imageId, status: image.status, needed: 'deactivated' });
  return [{ type: 'ImageReactivated', data: {} }];
}
