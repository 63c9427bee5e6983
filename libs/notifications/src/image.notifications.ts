import { importProperties, moment, shownSizeBytes, taskTypeOf, type Commit } from '#libs/contracts';
import { evolveImage, isErrandType, noImage, type Image, type ImageEvent, type ImageState, type ImportInProgress } from '#libs/domain';
import { deletedAt, info, notDeleted, times, type Notification } from './notification.js';

/** What must be known of an image to tell of its next commit. */
export interface ToldImage {
  readonly version: number;
  readonly state: ImageState;
  /** The project that asked for the import under way: its tasks are that project's. */
  readonly taskOwner: string | null;
}

export const untoldImage: ToldImage = { version: 0, state: noImage(), taskOwner: null };

/** What a commit does to an image, and nothing about telling. */
export function passCommit({ state, taskOwner }: ToldImage, { events, at, actor, version }: Pick<Commit, 'events' | 'at' | 'actor' | 'version'>): ToldImage {
  const asks = events.some(({ type }) => type === 'ImageImportRequested');
  return {
    version, taskOwner: asks ? actor.projectId ?? null : taskOwner,
    state: events.reduce((before, event) => evolveImage(before, event, at), state),
  };
}

/**
 * What Glance would have told of a commit, in its order; every payload shows the image after the commit, or as it was deleted.
 * Several changes in one commit are one image.update. Source: API.md section 26.
 */
export function imageNotifications(before: ToldImage, commit: Commit): Notification[] {
  const after = passCommit(before, commit);
  if (!after.state.exists) return [];
  const told: Telling = { imageId: commit.aggregateId, before: before.state.exists ? before.state : after.state, image: after.state, taskOwner: after.taskOwner, at: commit.at };
  const all = toldOnceThere(before.state, after.state, told, commit.events.flatMap((event) => notificationsOf(event, told)));
  return all.filter(({ eventType }, index) => eventType !== 'image.update' || index === all.findLastIndex((other) => other.eventType === 'image.update'));
}

interface Telling { readonly imageId: string; readonly before: Image; readonly image: Image; readonly taskOwner: string | null; readonly at: Date }

/** Of an image that nobody sees before it has its data only its task is told of until then, and its creation when it is there. */
function toldOnceThere(before: ImageState, after: Image, told: Telling, all: Notification[]): Notification[] {
  // An image that goes with its failed import would end the task twice.
  if (after.arriving && isErrandType(after.arriving.actionType)) return [];
  if (after.arriving) return all.filter(({ eventType }, index) => eventType.startsWith('task.') && all.findIndex((other) => other.eventType === eventType) === index);
  return before.exists && before.arriving ? [info('image.create', imagePayload(told)), ...all] : all;
}

// One arm an event is the clearest form of this function, however many there are.
// eslint-disable-next-line complexity
function notificationsOf(event: ImageEvent, told: Telling): Notification[] {
  const update = info('image.update', imagePayload(told));
  switch (event.type) {
    case 'ImageCreated': return [info('image.create', imagePayload(told))];
    case 'ImageDeleted': return [...unfinishedTask(told), info('image.delete', { ...imagePayload(told), ...deletedAt(told.at) })];
    // Who keeps images in step with these takes it up again.
    case 'ImageUndeleted': return [info('image.create', imagePayload(told)), ...(told.image.status === 'active' ? [info('image.activate', imagePayload(told))] : [])];
    case 'ImageDataUploadStarted': return [update, prepared(event.data.storeId, told)];
    case 'ImageDataStored': return [info('image.upload', { ...imagePayload(told), backend: event.data.storeId, ...importLists(told.image) })];
    case 'ImageActivated': return [info('image.activate', imagePayload(told))];
    case 'ImageDataUploadFailed': return [failed(told, event.data.reason), update];
    case 'ImageImportRequested': return [update, ...tasksOf(told, told.image.importing, ['create', 'pending'], ['run', 'pending'])];
    case 'ImageStoreImportStarted': return [...(isBegun(told.before) ? [] : tasksOf(told, told.image.importing, ['processing', 'processing'])), prepared(event.data.storeId, told)];
    case 'ImageStoreImportFailed': return [failed(told, event.data.reason), update];
    case 'ImageImportSucceeded': return [update, ...tasksOf(told, told.before.importing, ['success', 'success'])];
    case 'ImageImportFailed': return [update, ...tasksOf(told, told.before.importing, ['failure', 'failure'])];
    case 'MemberAdded': return memberNotifications('create', event.data.memberId, told);
    case 'MemberAccepted': case 'MemberRejected': case 'MemberReset': return memberNotifications('update', event.data.memberId, told);
    case 'MemberRemoved': return memberNotifications('delete', event.data.memberId, told);
    // What is found out about bytes, the way to them and their removal change nothing that Glance tells of.
    case 'ImageDataChecked': case 'ImageDataHealingStarted': case 'ImageDataHealed': case 'ImageDataHealingFailed':
    case 'ImageRetentionEnded': case 'ImageDataInspected': case 'ImageDataRemoved': case 'ImageImportSourceAsked': case 'ImageDataDecompressed': case 'ImageDataVerified': return [];
    case 'ImagePropertiesChanged': case 'ImageVisibilityChanged': case 'ImageTagAdded': case 'ImageTagRemoved': case 'ImageDeactivated': case 'ImageReactivated':
    case 'ImageStagingStarted': case 'ImageDataStaged': case 'ImageStagingFailed': case 'ImageStagedDataExpired': case 'ImageDataDropped':
    case 'ImageLocationAdded': case 'ImageLocationsArranged': case 'ImageDataConverted': return [update];
  }
}

const failed = ({ imageId }: Telling, reason: string): Notification =>
  ({ eventType: 'image.upload', priority: 'ERROR', payload: `Failed to upload image data for image ${imageId}: ${reason}` });
const prepared = (storeId: string, told: Telling): Notification => info('image.prepare', { ...imagePayload(told), backend: storeId, ...importLists(told.image) });

/** Without locations, which might carry credentials. */
function imagePayload({ imageId, image }: Pick<Telling, 'imageId' | 'image'>): Record<string, unknown> {
  return {
    id: imageId, name: image.name, status: image.status, ...times(image),
    min_disk: image.minDisk, min_ram: image.minRam, protected: image.isProtected, checksum: image.data?.checksum ?? null, owner: image.owner,
    disk_format: image.diskFormat, container_format: image.containerFormat, size: shownSizeBytes(image), virtual_size: image.data?.virtualSizeBytes ?? null,
    is_public: image.visibility === 'public', visibility: image.visibility,
    properties: { ...image.properties, ...importProperties(image) }, tags: image.tags, ...notDeleted,
  };
}

/** The lists of an import are lists here, and empty without one. */
const importLists = ({ importing }: Image) =>
  ({ os_glance_importing_to_stores: importing?.pendingStoreIds ?? [], os_glance_failed_import: importing?.failedStoreIds ?? [] });

function memberNotifications(what: 'create' | 'update' | 'delete', memberId: string, { imageId, before, image, at }: Telling): Notification[] {
  const member = (what === 'delete' ? before : image).members.find((each) => each.memberId === memberId);
  if (!member) return [];
  return [info(`image.member.${what}`, { image_id: imageId, member_id: memberId, status: member.status, ...times(member), ...(what === 'delete' ? deletedAt(at) : notDeleted) })];
}

/** Whether somebody has set to work on the import already. */
const isBegun = ({ importing, attempts }: Image): boolean => importing !== null
  && (importing.doneStoreIds.length > 0 || importing.failedStoreIds.length > 0 || attempts.some(({ state, storeId }) => state === 'open' && importing.storeIds.includes(storeId)));

const unfinishedTask = (told: Telling): Notification[] => tasksOf(told, told.before.importing, ['failure', 'failure']);

/** How long a task is told of after its end: 48 hours. */
const toldForMs = 48 * 3600 * 1000;

/** Without input, message and result, as in Glance: they might carry credentials. */
function tasksOf({ at, taskOwner }: Telling, importing: ImportInProgress | null, ...steps: readonly (readonly [what: string, status: string])[]): Notification[] {
  if (!importing) return [];
  return steps.map(([what, status]) => {
    const isOver = status === 'success' || status === 'failure';
    return info(`task.${what}`, {
      id: importing.importId, type: taskTypeOf(importing), status, result: null, owner: taskOwner, message: null,
      expires_at: isOver ? moment(new Date(at.getTime() + toldForMs)) : null, created_at: moment(importing.startedAt), updated_at: moment(at), ...notDeleted,
    });
  });
}

/** A download, told by who sent the bytes; ERROR where not all of them went out. */
export function sentNotification(sent: { imageId: string; owner: string | null; sizeBytes: number; bytesSent: number; projectId: string | null; userId: string }): Notification {
  const payload = {
    bytes_sent: sent.bytesSent, image_id: sent.imageId, owner_id: sent.owner, receiver_tenant_id: sent.projectId, receiver_user_id: sent.userId,
  };
  return { eventType: 'image.send', priority: sent.bytesSent === sent.sizeBytes ? 'INFO' : 'ERROR', payload };
}
