import type { Attempt, Image, ImageEvent, ImportInProgress } from './image.js';

/** The events of staging and of imports; `evolveImage` hands them over. */
export type ImportEvent = Extract<ImageEvent, {
  type: 'ImageStagingStarted' | 'ImageDataStaged' | 'ImageStagingFailed' | 'ImageStagedDataExpired' | 'ImageImportRequested' | 'ImageImportSourceAsked' | 'ImageStoreImportStarted'
    | 'ImageStoreImportFailed' | 'ImageImportSucceeded' | 'ImageImportFailed' | 'ImageDataDropped' | 'ImageDataConverted';
}>;

const types: ReadonlySet<ImageEvent['type']> = new Set([
  'ImageStagingStarted', 'ImageDataStaged', 'ImageStagingFailed', 'ImageStagedDataExpired', 'ImageImportRequested', 'ImageImportSourceAsked', 'ImageStoreImportStarted',
  'ImageStoreImportFailed', 'ImageImportSucceeded', 'ImageImportFailed', 'ImageDataDropped', 'ImageDataConverted',
] satisfies ImportEvent['type'][]);
export const isImportEvent = (event: ImageEvent): event is ImportEvent => types.has(event.type);

// One arm an event is the clearest form of this function, however many there are.
// eslint-disable-next-line complexity
export function evolveImport(image: Image, event: ImportEvent, at: Date): Image {
  switch (event.type) {
    case 'ImageStagingStarted': return { ...withAttempt(image, event.data), status: 'uploading' };
    case 'ImageDataStaged': {
      const { storeId: _, ...staged } = event.data;
      return { ...image, staged, attempts: moved(image, event.data.attemptId, 'staged') };
    }
    case 'ImageStagingFailed': return { ...image, status: 'queued', attempts: moved(image, event.data.attemptId, 'over') };
    case 'ImageStagedDataExpired': return { ...withoutStaged(image), status: image.status === 'uploading' ? 'queued' : image.status };
    case 'ImageImportRequested': return requested(image, event.data, at);
    case 'ImageImportSourceAsked': return image;
    case 'ImageStoreImportStarted': return withAttempt({ ...image, attempts: endOpen(image.attempts, ({ storeId }) => storeId === event.data.storeId) }, { ...event.data, ...placeOf(image.importing) });
    case 'ImageStoreImportFailed': return storeFailed(image, event.data.storeId);
    case 'ImageImportSucceeded': return unlocked(withoutStaged(image));
    case 'ImageImportFailed': return failed(image);
    case 'ImageDataDropped': return { ...image, attempts: moved(image, event.data.attemptId, 'over') };
    case 'ImageDataConverted': return converted(image, event.data);
  }
}

/** What a stored attempt means to the import that brought it: its store is done. */
export function storeDone(importing: ImportInProgress | null, storeId: string): ImportInProgress | null {
  if (!importing?.pendingStoreIds.includes(storeId)) return importing;
  return { ...importing, pendingStoreIds: without(importing.pendingStoreIds, storeId), doneStoreIds: [...importing.doneStoreIds, storeId] };
}

export const moved = (image: Image, attemptId: string, state: Attempt['state']): Attempt[] =>
  image.attempts.map((attempt) => (attempt.attemptId === attemptId ? { ...attempt, state } : attempt));

const without = (storeIds: readonly string[], storeId: string): string[] => storeIds.filter((each) => each !== storeId);

const withAttempt = (image: Image, { attemptId, storeId, uri, isResumable = false }: Pick<Attempt, 'attemptId' | 'storeId' | 'uri' | 'isResumable'>): Image =>
  ({ ...image, attempts: [...image.attempts, { attemptId, storeId, state: 'open', ...(uri === undefined ? {} : { uri }), ...(isResumable ? { isResumable } : {}) }] });

/** What is imported as a location stays where it is. */
const placeOf = (importing: ImportInProgress | null): Pick<Attempt, 'uri'> =>
  importing?.method === 'location-import' && importing.sourceUri !== undefined ? { uri: importing.sourceUri } : {};

const requested = (image: Image, request: Extract<ImportEvent, { type: 'ImageImportRequested' }>['data'], at: Date): Image => ({
  ...image,
  status: request.method === 'copy-image' ? image.status : 'importing',
  importing: { ...request, pendingStoreIds: request.storeIds, doneStoreIds: [], failedStoreIds: [], startedAt: at },
});

/** An attempt towards the store that is still open is over with it. */
function storeFailed(image: Image, storeId: string): Image {
  const { importing } = image;
  return {
    ...image,
    attempts: endOpen(image.attempts, (attempt) => attempt.storeId === storeId),
    importing: importing && { ...importing, pendingStoreIds: without(importing.pendingStoreIds, storeId), failedStoreIds: [...importing.failedStoreIds, storeId] },
  };
}

const unlocked = (image: Image): Image => ({ ...image, importing: null, lastImportFailedStoreIds: image.importing?.failedStoreIds ?? [] });

/** The first store that has the data decides what the image is; what it was before is remembered until the import has ended. */
const converted = (image: Image, { fromDiskFormat, toDiskFormat }: Extract<ImportEvent, { type: 'ImageDataConverted' }>['data']): Image =>
  ({ ...image, diskFormat: toDiskFormat, importing: image.importing && { convertedFrom: fromDiskFormat, ...image.importing } });

/** What the import brought is over; the data that a copy came from stays, and so do staged bytes, to be imported again. */
function failed(image: Image): Image {
  const { importing } = image;
  const brought = importing?.doneStoreIds ?? [];
  const attempts = image.attempts.map((attempt): Attempt => {
    const isBrought = attempt.state === 'stored' && brought.includes(attempt.storeId);
    const isUnderWay = attempt.state === 'open' && importing?.storeIds.includes(attempt.storeId) === true;
    return isBrought || isUnderWay ? { ...attempt, state: 'over' } : attempt;
  });
  const isCopy = importing?.method === 'copy-image';
  const before = importing?.convertedFrom === undefined ? {} : { diskFormat: importing.convertedFrom };
  return { ...unlocked({ ...image, attempts, importing: importing && withNoneLeft(importing) }), ...(isCopy ? {} : { status: 'queued', data: null, ...before }) };
}

/** Where no store failed by itself, the bytes could not be had for any: clients of Glance then read all of them as failed. */
const withNoneLeft = (importing: ImportInProgress): ImportInProgress =>
  (importing.failedStoreIds.length > 0 ? importing : { ...importing, failedStoreIds: importing.pendingStoreIds });

const withoutStaged = (image: Image): Image =>
  image.staged ? { ...image, staged: null, attempts: moved(image, image.staged.attemptId, 'over') } : image;

const endOpen = (attempts: readonly Attempt[], isMeant: (attempt: Attempt) => boolean): Attempt[] =>
  attempts.map((attempt) => (attempt.state === 'open' && isMeant(attempt) ? { ...attempt, state: 'over' } : attempt));
