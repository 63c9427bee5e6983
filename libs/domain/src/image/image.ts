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

/**
 * The events of an image and of its members. Names and fields are the storage format: they are for ever.
 * Their schemas are `proto/heliograph/v1/image.proto`; a breaking change there fails `npm run check`.
 */
export type ImageEvent =
  | Event<'ImageCreated', Partial<NonNullAttributes> & { visibility: Visibility; tags: readonly string[]; properties: Readonly<Record<string, string>> }>
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
  | Event<'ImageDeleted', Record<never, never>>
  | Event<'MemberAdded', { memberId: string }>
  | Event<'MemberAccepted', { memberId: string }>
  | Event<'MemberRejected', { memberId: string }>
  | Event<'MemberReset', { memberId: string }>
  | Event<'MemberRemoved', { memberId: string }>;

/** Why an upload ended without data: the client went away, the data was refused, the store failed, or the lease ran out. */
export type UploadFailure = 'interrupted' | 'refused' | 'store_failed' | 'lease_expired';

/** A null attribute is absent from an event; an attribute that becomes null is named in `cleared`. */
type NonNullAttributes = { [Name in keyof ImageAttributes]: NonNullable<ImageAttributes[Name]> };
export const clearableAttributes = ['name', 'owner', 'containerFormat', 'diskFormat'] as const;
export type ClearableAttribute = (typeof clearableAttributes)[number];
interface Event<Type extends string, Data> { readonly type: Type; readonly data: Data }
type EventData<Type extends ImageEvent['type']> = Extract<ImageEvent, { type: Type }>['data'];

export interface Member {
  readonly memberId: string;
  readonly status: MemberStatus;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/**
 * One transfer of data towards one store; its bytes lie at the key of image, attempt and store.
 * `open`: bytes may be moving; `stored`: the image refers to them; `over`: nobody refers to them and they may be removed.
 */
export interface Attempt {
  readonly attemptId: string;
  readonly storeId: string;
  readonly state: 'open' | 'stored' | 'over';
}

export interface Image extends ImageAttributes {
  readonly exists: true;
  readonly status: ImageStatus;
  readonly visibility: Visibility;
  readonly tags: readonly string[];
  readonly properties: Readonly<Record<string, string>>;
  readonly data: ImageDataFacts | null;
  readonly attempts: readonly Attempt[];
  readonly members: readonly Member[];
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** An id that no commit has named yet. A deleted image still exists here, with status `deleted`: its id is never free again. */
export interface NoImage { readonly exists: false }
export type ImageState = NoImage | Image;

export const noImage = (): ImageState => ({ exists: false });

export function evolveImage(state: ImageState, event: ImageEvent, at: Date): ImageState {
  if (event.type === 'ImageCreated') return created(event.data, at);
  if (!state.exists) throw new Error(`${event.type} on an image that was never created`);
  const next = evolveExisting(state, event, at);
  return leavesUpdatedAt.has(event.type) ? next : { ...next, updatedAt: at };
}

/** Members and the removal of bytes are not changes of the image itself: Glance leaves `updated_at` alone too. */
const leavesUpdatedAt: ReadonlySet<ImageEvent['type']> = new Set(
  ['MemberAdded', 'MemberAccepted', 'MemberRejected', 'MemberReset', 'MemberRemoved', 'ImageDataRemoved'] as const);

// One arm an event is the clearest form of this function, however many there are.
// eslint-disable-next-line complexity
function evolveExisting(image: Image, event: Exclude<ImageEvent, { type: 'ImageCreated' }>, at: Date): Image {
  switch (event.type) {
    case 'ImagePropertiesChanged': return withProperties(image, event.data);
    case 'ImageVisibilityChanged': return { ...image, visibility: event.data.visibility };
    case 'ImageTagAdded': return { ...image, tags: [...image.tags, event.data.tag] };
    case 'ImageTagRemoved': return { ...image, tags: image.tags.filter((tag) => tag !== event.data.tag) };
    case 'ImageDataUploadStarted': return { ...image, status: 'saving', attempts: [...image.attempts, openAttempt(event.data)] };
    case 'ImageDataStored': return { ...image, data: facts(event.data), attempts: attemptsWith(image, event.data.attemptId, 'stored') };
    case 'ImageActivated': return { ...image, status: 'active' };
    case 'ImageDataUploadFailed': return { ...image, status: 'queued', data: null, attempts: attemptsWith(image, event.data.attemptId, 'over') };
    case 'ImageDataRemoved': return { ...image, attempts: image.attempts.filter(({ attemptId }) => attemptId !== event.data.attemptId) };
    case 'ImageDeactivated': return { ...image, status: 'deactivated' };
    case 'ImageReactivated': return { ...image, status: 'active' };
    case 'ImageDeleted': return { ...image, status: 'deleted', attempts: image.attempts.map((attempt) => ({ ...attempt, state: 'over' })) };
    case 'MemberAdded': return { ...image, members: [...image.members, { memberId: event.data.memberId, status: 'pending', createdAt: at, updatedAt: at }] };
    case 'MemberAccepted': return { ...image, members: membersWith(image, event.data.memberId, 'accepted', at) };
    case 'MemberRejected': return { ...image, members: membersWith(image, event.data.memberId, 'rejected', at) };
    case 'MemberReset': return { ...image, members: membersWith(image, event.data.memberId, 'pending', at) };
    case 'MemberRemoved': return { ...image, members: image.members.filter(({ memberId }) => memberId !== event.data.memberId) };
  }
}

function created({ visibility, tags, properties, ...attributes }: EventData<'ImageCreated'>, at: Date): Image {
  return {
    exists: true, status: 'queued', visibility, tags, properties,
    name: null, owner: null, isProtected: false, isHidden: false, containerFormat: null, diskFormat: null, minDisk: 0, minRam: 0,
    ...attributes,
    data: null, attempts: [], members: [], createdAt: at, updatedAt: at,
  };
}

function withProperties(image: Image, { attributes, cleared, set, removed }: EventData<'ImagePropertiesChanged'>): Image {
  const kept = Object.entries(image.properties).filter(([name]) => !removed.includes(name));
  const nulls = Object.fromEntries(cleared.map((name) => [name, null]));
  return { ...image, ...attributes, ...nulls, properties: { ...Object.fromEntries(kept), ...set } };
}

function facts({ attemptId: _, storeId: __, ...data }: EventData<'ImageDataStored'>): ImageDataFacts {
  return data;
}

const openAttempt = ({ attemptId, storeId }: EventData<'ImageDataUploadStarted'>): Attempt => ({ attemptId, storeId, state: 'open' });

const attemptsWith = (image: Image, attemptId: string, state: Attempt['state']): Attempt[] =>
  image.attempts.map((attempt) => attempt.attemptId === attemptId ? { ...attempt, state } : attempt);

const membersWith = (image: Image, memberId: string, status: MemberStatus, at: Date): Member[] =>
  image.members.map((member) => member.memberId === memberId ? { ...member, status, updatedAt: at } : member);
