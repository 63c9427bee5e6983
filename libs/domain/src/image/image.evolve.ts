import { evolveImport, isImportEvent, moved, storeDone, type ImportEvent } from './image.evolve-imports.js';
import { deleted, retentionEnded, undeleted } from './image.deletion.js';
import type { Attempt, DataInspection, EventData, Image, ImageDataFacts, ImageEvent, ImageState, Member } from './image.js';
import { withLocation, withLocationsArranged } from './image.evolve-locations.js';
import type { MemberStatus } from './image.status.js';

/** Applies one recorded event. Every event that was ever written must be applicable to the state that its history leaves. */
export function evolveImage(state: ImageState, event: ImageEvent, at: Date): ImageState {
  if (event.type === 'ImageCreated') return created(event.data, at);
  if (!state.exists) throw new Error(`${event.type} on an image that was never created`);
  const next = isImportEvent(event) ? evolveImport(state, event, at) : evolveExisting(state, event, at);
  return leavesUpdatedAt.has(event.type) ? next : { ...next, updatedAt: at };
}

/** Members, the removal of bytes, a look at them and the way to them are not changes of the image itself: Glance leaves `updated_at` alone too. */
const leavesUpdatedAt: ReadonlySet<ImageEvent['type']> = new Set(
  ['MemberAdded', 'MemberAccepted', 'MemberRejected', 'MemberReset', 'MemberRemoved', 'ImageRetentionEnded', 'ImageDataRemoved', 'ImageDataInspected', 'ImageDataVerified', 'ImageDataDecompressed', 'ImageDataChecked', 'ImageDataHealingStarted', 'ImageDataHealed', 'ImageDataHealingFailed', 'ImageImportSourceAsked'] as const);

// One arm an event is the clearest form of this function, however many there are.
// eslint-disable-next-line complexity
function evolveExisting(image: Image, event: Exclude<ImageEvent, ImportEvent | { type: 'ImageCreated' }>, at: Date): Image {
  switch (event.type) {
    case 'ImagePropertiesChanged': return withProperties(image, event.data);
    case 'ImageVisibilityChanged': return { ...image, visibility: event.data.visibility };
    case 'ImageTagAdded': return { ...image, tags: [...image.tags, event.data.tag] };
    case 'ImageTagRemoved': return { ...image, tags: image.tags.filter((tag) => tag !== event.data.tag) };
    case 'ImageDataUploadStarted': return { ...image, status: 'saving', attempts: [...image.attempts, openAttempt(event.data)] };
    case 'ImageDataStored': return stored(image, event.data);
    case 'ImageActivated': return { ...arrived(image), status: 'active' };
    case 'ImageDataUploadFailed': return { ...image, status: 'queued', data: null, attempts: moved(image, event.data.attemptId, 'over') };
    case 'ImageDataRemoved': return { ...image, attempts: image.attempts.filter(({ attemptId }) => attemptId !== event.data.attemptId) };
    case 'ImageDataInspected': return withInspection(image, event.data);
    case 'ImageLocationAdded': return withLocation(image, event.data);
    case 'ImageLocationsArranged': return withLocationsArranged(image, event.data);
    // Each tells how the bytes came to be what they are; the image is what it was.
    case 'ImageDataVerified':
    case 'ImageDataDecompressed': return image;
    case 'ImageDataChecked': return withCheck(image, event.data, at);
    case 'ImageDataHealingStarted': return { ...image, attempts: [...image.attempts, { ...openAttempt(event.data), heals: event.data.heals }] };
    case 'ImageDataHealed': return healed(image, event.data);
    case 'ImageDataHealingFailed': return { ...image, attempts: moved(image, event.data.attemptId, 'over') };
    case 'ImageDeactivated': return { ...image, status: 'deactivated' };
    case 'ImageReactivated': return { ...image, status: 'active' };
    case 'ImageDeleted': return deleted(image, event.data);
    case 'ImageUndeleted': return undeleted(image, event.data);
    case 'ImageRetentionEnded': return retentionEnded(image);
    case 'MemberAdded': return { ...image, members: [...image.members, { memberId: event.data.memberId, status: 'pending', createdAt: at, updatedAt: at }] };
    case 'MemberAccepted': return { ...image, members: membersWith(image, event.data.memberId, 'accepted', at) };
    case 'MemberRejected': return { ...image, members: membersWith(image, event.data.memberId, 'rejected', at) };
    case 'MemberReset': return { ...image, members: membersWith(image, event.data.memberId, 'pending', at) };
    case 'MemberRemoved': return { ...image, members: image.members.filter(({ memberId }) => memberId !== event.data.memberId) };
  }
}

function arrived(image: Image): Image {
  if (!image.arriving) return image;
  const { arriving: _, ...rest } = image;
  return rest;
}

function created({ visibility, tags, properties, arrival, ...attributes }: EventData<'ImageCreated'>, at: Date): Image {
  return {
    exists: true, status: 'queued', visibility, tags, properties,
    name: null, owner: null, isProtected: false, isHidden: false, containerFormat: null, diskFormat: null, minDisk: 0, minRam: 0,
    ...attributes,
    data: null, attempts: [], staged: null, importing: null, lastImportFailedStoreIds: null, members: [], createdAt: at, updatedAt: at,
    ...(arrival ? { arriving: arrival } : {}),
  };
}

function withProperties(image: Image, { attributes, cleared, set, removed }: EventData<'ImagePropertiesChanged'>): Image {
  const kept = Object.entries(image.properties).filter(([name]) => !removed.includes(name));
  const nulls = Object.fromEntries(cleared.map((name) => [name, null]));
  return { ...image, ...attributes, ...nulls, properties: { ...Object.fromEntries(kept), ...set } };
}

const stored = (image: Image, data: EventData<'ImageDataStored'>): Image => ({
  ...image, data: facts(data), attempts: moved(image, data.attemptId, 'stored'), importing: storeDone(image.importing, data.storeId),
});

function facts({ attemptId: _, storeId: __, ...data }: EventData<'ImageDataStored'>): ImageDataFacts {
  return data;
}

const withInspection = (image: Image, { attemptId, ...inspection }: EventData<'ImageDataInspected'>): Image =>
  ({ ...image, attempts: image.attempts.map((attempt) => (attempt.attemptId === attemptId ? { ...attempt, inspection: keepingVerdict(attempt.inspection, inspection) } : attempt)) });

/** Who looks at the bytes again for another reason says nothing of their signature. */
const keepingVerdict = (known: DataInspection | undefined, inspection: DataInspection): DataInspection =>
  (known?.signature && !inspection.signature ? { ...inspection, signature: known.signature } : inspection);

/** The bytes are the same again: what was found out about them holds. */
function healed(image: Image, { attemptId, heals }: EventData<'ImageDataHealed'>): Image {
  const inspection = image.attempts.find((attempt) => attempt.attemptId === heals)?.inspection;
  return {
    ...image,
    attempts: moved({ ...image, attempts: moved(image, heals, 'over') }, attemptId, 'stored')
      .map((attempt) => (attempt.attemptId === attemptId && inspection ? { ...attempt, inspection } : attempt)),
  };
}

const withCheck = (image: Image, { attemptId, verdict, detail }: EventData<'ImageDataChecked'>, at: Date): Image =>
  ({ ...image, attempts: image.attempts.map((attempt) => (attempt.attemptId === attemptId ? { ...attempt, check: { at: at.toISOString(), verdict, detail } } : attempt)) });

const openAttempt = ({ attemptId, storeId }: Pick<Attempt, 'attemptId' | 'storeId'>): Attempt => ({ attemptId, storeId, state: 'open' });

const membersWith = (image: Image, memberId: string, status: MemberStatus, at: Date): Member[] =>
  image.members.map((member) => member.memberId === memberId ? { ...member, status, updatedAt: at } : member);
