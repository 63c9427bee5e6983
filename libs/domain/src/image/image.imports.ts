import { Problem } from '../problem.js';
import { errandDone, foundFormat, isErrand, unlessArriving } from './image.arrival.js';
import { openAttempt, storedAttempts } from './image.attempts.js';
import { inspected } from './image.data.js';
import type { Arrival, Attempt, DataInspection, EventData, Image, ImageDataFacts, ImageEvent, ImportHop, ImportInProgress, ImportMethod, ImportRequest, KnownDataFacts, DataPreparation } from './image.js';
import { within, type ImageLimits } from './image.limits.js';
import { changeImageProperties } from './image.properties.js';
import type { ImageStatus } from './image.status.js';

/** What `RequestImageImport` carries besides the request: whether stores that have the data already are passed over (`all_stores`). */
export interface ImportToRequest extends ImportRequest {
  readonly skipsPresent: boolean;
}

/**
 * Takes the import lock: the truth of an import begins here. → importing; copy-image leaves the image active.
 * Refuses: ImportInProgress, ImageStatusConflict, FormatsMissingForImport, StoreHasImage, TooManyLocations. Nothing to copy changes nothing.
 * Source: api-ref "Import an image"; API.md section 9 for the statuses.
 */
export function requestImageImport(imageId: string, request: ImportToRequest, image: Image, limits: ImageLimits): ImageEvent[] {
  if (image.importing) throw new Problem('ImportInProgress', { imageId, importId: image.importing.importId });
  refuseWrongStatus(imageId, request.method, image);
  if (image.diskFormat === null || image.containerFormat === null) throw new Problem('FormatsMissingForImport', { imageId });
  const storeIds = storesToFill(imageId, request, image);
  if (storeIds.length === 0) return [];
  within(limits.locations ?? -1, storeIds.length + storedAttempts(image).length, 'TooManyLocations');
  return [{ type: 'ImageImportRequested', data: requestOf(request, storeIds) }];
}

/** Creates an image and takes its import lock in one commit, so that there is never one without the other. Refuses: TooManyLocations, and what its creation does. */
export function arrive(created: EventData<'ImageCreated'>, { arrival, request }: { readonly arrival: Arrival; readonly request: ImportToRequest }, limits: ImageLimits): ImageEvent[] {
  const storeIds = storesAskedFor(request);
  within(limits.locations ?? -1, storeIds.length, 'TooManyLocations');
  return [{ type: 'ImageCreated', data: { ...created, arrival } }, { type: 'ImageImportRequested', data: requestOf(request, storeIds) }];
}

const neededStatus: Record<ImportMethod, readonly ImageStatus[]> = {
  'glance-direct': ['uploading'], 'web-download': ['queued'], 'glance-download': ['queued'], 'location-import': ['queued'], 'copy-image': ['active'], 'convert-image': ['queued'], 'export-image': [], 'swift-download': ['queued'], 's3-download': ['queued'], 'clone-image': [], 'replicate-image': [],
};

/** Staged bytes that outlived a failed import may be imported again, though the image is queued. */
function refuseWrongStatus(imageId: string, method: ImportMethod, image: Image): void {
  const isStaged = image.staged !== null;
  const isReady = method === 'glance-direct' ? isStaged && (image.status === 'uploading' || image.status === 'queued') : neededStatus[method].includes(image.status);
  if (!isReady) throw new Problem('ImageStatusConflict', { imageId, status: image.status, needed: neededStatus[method].join(' or ') });
}

/** Each store once. */
export const storesAskedFor = ({ storeIds }: Pick<ImportToRequest, 'storeIds'>): string[] => [...new Set(storeIds)];

function storesToFill(imageId: string, { method, storeIds, skipsPresent }: ImportToRequest, image: Image): string[] {
  const distinct = storesAskedFor({ storeIds });
  if (method !== 'copy-image') return distinct;
  const present = distinct.filter((storeId) => storedIn(image, storeId));
  const [first] = present;
  if (first !== undefined && !skipsPresent) throw new Problem('StoreHasImage', { imageId, storeId: first });
  return distinct.filter((storeId) => !present.includes(storeId));
}

export const requestOf = ({ skipsPresent: _, ...request }: ImportToRequest, storeIds: readonly string[]): ImportRequest => ({ ...request, storeIds });

/**
 * Takes over what the source says of itself: its formats, and the properties that the operator lets pass; where nothing differs, nothing changes.
 * Refuses: ImportOver, TooManyProperties. Source: glance spec "glance-download import method", which sets both formats to the source's.
 */
export function describeImportedImage(imageId: string, { importId, diskFormat, containerFormat, properties }: Described, image: Image, limits: ImageLimits): ImageEvent[] {
  heldBy(imageId, importId, image);
  const formats = [{ of: 'attribute', name: 'diskFormat', value: diskFormat }, { of: 'attribute', name: 'containerFormat', value: containerFormat }] as const;
  const others = Object.entries(properties).map(([name, value]) => ({ of: 'property', op: 'add', name, value }) as const);
  return changeImageProperties(imageId, [...formats, ...others], image, limits);
}

interface Described { readonly importId: string; readonly diskFormat: string; readonly containerFormat: string; readonly properties: Readonly<Record<string, string>> }

/** Opens an attempt of the import towards one of its stores; what a dead importer left open there is over with it. One that is known already
 *  changes nothing. Refuses: ImportOver. */
export function startStoreImport(imageId: string, { importId, attemptId, storeId }: { importId: string; attemptId: string; storeId: string }, image: Image): ImageEvent[] {
  const importing = heldBy(imageId, importId, image);
  const isKnown = image.attempts.some((attempt) => attempt.attemptId === attemptId);
  if (isKnown || !importing.pendingStoreIds.includes(storeId)) return [];
  return [{ type: 'ImageStoreImportStarted', data: { importId, attemptId, storeId } }];
}

/**
 * The bytes are durable in one store. The image is active with the first of them where one store is enough, with the last where all must succeed.
 * Refuses: ImportOver, AttemptOver, HashMismatch (every copy must equal the data that is known), Conflict where the formats changed meanwhile, DataFormatUnknown.
 */
export function completeStoreImport(imageId: string, { importId, attemptId, inspection, acceptedAs, prepared = [], ...facts }: CompletedStore, image: Image): ImageEvent[] {
  const importing = heldBy(imageId, importId, image);
  const attempt = openAttempt(image, attemptId);
  if (!attempt || !importing.pendingStoreIds.includes(attempt.storeId)) throw new Problem('AttemptOver', { imageId });
  if (isErrand(image)) return errandDone(importId, image);
  if (!prepared.some(changesBytes)) refuseOtherData(imageId, facts, image);
  refuseOtherFormats(imageId, acceptedAs, image);
  const isLast = importing.pendingStoreIds.length === 1;
  const activates = image.status === 'importing' && (!importing.allStoresMustSucceed || (isLast && importing.failedStoreIds.length === 0));
  return [
    ...injection(importing, image),
    ...prepared.map((preparation) => preparationEvent(attemptId, preparation)),
    ...inspected(attemptId, inspection),
    ...foundFormat(imageId, image, inspection),
    { type: 'ImageDataStored', data: { attemptId, storeId: attempt.storeId, ...facts } },
    ...(activates ? [{ type: 'ImageActivated', data: {} } as const] : []),
  ];
}

/** `acceptedAs`: the formats that the data was judged by as it came, where it was judged. `prepared`: what was done to it afterwards, in order. */
export type CompletedStore = {
  importId: string; attemptId: string; inspection?: DataInspection; acceptedAs?: Pick<Image, 'diskFormat' | 'containerFormat'>; prepared?: readonly DataPreparation[];
} & ImageDataFacts;

/** Then nothing that is known of the bytes from before holds for them. */
const changesBytes = ({ step }: DataPreparation): boolean => step !== 'verified';

function preparationEvent(attemptId: string, preparation: DataPreparation): ImageEvent {
  switch (preparation.step) {
    case 'decompressed': return { type: 'ImageDataDecompressed', data: { attemptId, ...withoutStep(preparation) } };
    case 'converted': return { type: 'ImageDataConverted', data: { attemptId, ...withoutStep(preparation) } };
    case 'verified': return { type: 'ImageDataVerified', data: { attemptId, ...withoutStep(preparation) } };
  }
}

const withoutStep = <Preparation extends DataPreparation>({ step: _, ...rest }: Preparation): Omit<Preparation, 'step'> => rest;

/** Formats may change until there is data: what was accepted as one thing must not become active as another. */
function refuseOtherFormats(imageId: string, acceptedAs: CompletedStore['acceptedAs'], { diskFormat, containerFormat }: Image): void {
  if (acceptedAs && (acceptedAs.diskFormat !== diskFormat || acceptedAs.containerFormat !== containerFormat)) throw new Problem('Conflict', { imageId });
}

/** The properties that the operator gives to what is imported stand there before the image is active; once, with the first store. */
function injection({ injectedProperties = {}, doneStoreIds }: ImportInProgress, image: Image): ImageEvent[] {
  const set = Object.fromEntries(Object.entries(injectedProperties).filter(([name, value]) => image.properties[name] !== value));
  return doneStoreIds.length > 0 || Object.keys(set).length === 0 ? [] : [{ type: 'ImagePropertiesChanged', data: { attributes: {}, cleared: [], set, removed: [] } }];
}

/** Gives up one store of the import; a store that is not pending changes nothing. Refuses: ImportOver. */
export function failStoreImport(imageId: string, { importId, storeId, reason }: { importId: string; storeId: string; reason: string }, image: Image): ImageEvent[] {
  if (!heldBy(imageId, importId, image).pendingStoreIds.includes(storeId)) return [];
  return [{ type: 'ImageStoreImportFailed', data: { importId, storeId, reason } }];
}

/** Ends an import that has nothing left to do: succeeded where enough stores have the data, else failed for the given reason.
 *  An import that is over already changes nothing. */
export function finishImport({ importId, reason }: { importId: string; reason: string }, image: Image): ImageEvent[] {
  const { importing } = image;
  if (importing?.importId !== importId || (importing.pendingStoreIds.length > 0 && !isLost(importing))) return [];
  return hasSucceeded(importing)
    ? [{ type: 'ImageImportSucceeded', data: { importId } }]
    : [{ type: 'ImageImportFailed', data: { importId, reason } }, ...unlessArriving(image)];
}

/** Ends an import at once, whatever its stores are doing: the bytes cannot be had, or somebody cancelled it. One that is over changes nothing,
 *  and an image that its first store has made active keeps what it has: then only the stores that wait are given up. */
export function failImport({ importId, reason }: { importId: string; reason: string }, image: Image): ImageEvent[] {
  const { importing } = image;
  if (importing?.importId !== importId) return [];
  if (importing.method === 'copy-image' || image.status === 'importing') return [{ type: 'ImageImportFailed', data: { importId, reason } }, ...unlessArriving(image)];
  return [
    ...importing.pendingStoreIds.map((storeId): ImageEvent => ({ type: 'ImageStoreImportFailed', data: { importId, storeId, reason } })),
    { type: 'ImageImportSucceeded', data: { importId } },
  ];
}

/** Records where the bytes of an import are fetched from, redirect by redirect. An import that is over changes nothing. */
export function recordImportHops({ importId, hops }: { importId: string; hops: readonly ImportHop[] }, image: Image): ImageEvent[] {
  return image.importing?.importId === importId && hops.length > 0 ? [{ type: 'ImageImportSourceAsked', data: { importId, hops } }] : [];
}

/** Takes the data out of one store. Refuses: ImageStatusConflict, LastLocation whichever store is named, StoreHasNoImage, ImportInProgress. Source: api-ref "Delete image from store". */
export function dropImageData(imageId: string, { storeId }: { storeId: string }, image: Image): ImageEvent[] {
  if (image.status !== 'active') throw new Problem('ImageStatusConflict', { imageId, status: image.status, needed: 'active' });
  const [only, ...others] = storedAttempts(image);
  if (only && others.length === 0) throw new Problem('LastLocation', { imageId, storeId: only.storeId });
  const attempt = storedIn(image, storeId);
  if (!attempt) throw new Problem('StoreHasNoImage', { imageId, storeId });
  if (image.importing) throw new Problem('ImportInProgress', { imageId, importId: image.importing.importId });
  return [{ type: 'ImageDataDropped', data: { attemptId: attempt.attemptId, storeId } }];
}

/** Nothing can make the import succeed any more. */
export const isLost = ({ failedStoreIds, allStoresMustSucceed }: ImportInProgress): boolean => allStoresMustSucceed && failedStoreIds.length > 0;

export const hasSucceeded = ({ doneStoreIds, failedStoreIds, allStoresMustSucceed }: ImportInProgress): boolean =>
  doneStoreIds.length > 0 && (failedStoreIds.length === 0 || !allStoresMustSucceed);

function heldBy(imageId: string, importId: string, { importing }: Image): ImportInProgress {
  if (importing?.importId !== importId) throw new Problem('ImportOver', { imageId, importId });
  return importing;
}

/** Where the algorithm is another one, as after a change of `hashing_algorithm`, size and md5 decide. Bytes that still wait in the staging area
 *  say nothing of what comes from elsewhere. */
function refuseOtherData(imageId: string, facts: ImageDataFacts, { data, staged, importing }: Image): void {
  const known = data ?? (importing?.method === 'glance-direct' ? staged : null);
  if (!known) return;
  if (!isSame(known, facts)) throw new Problem('HashMismatch', { imageId });
}

/** What is not known of data that was only said to lie somewhere, nothing contradicts. */
const isSame = (known: KnownDataFacts, { sizeBytes, checksum, osHashAlgo, osHashValue }: ImageDataFacts): boolean =>
  known.sizeBytes === sizeBytes && [undefined, checksum].includes(known.checksum) && (known.osHashAlgo !== osHashAlgo || [undefined, osHashValue].includes(known.osHashValue));

const storedIn = (image: Image, storeId: string): Attempt | undefined =>
  storedAttempts(image).find((attempt) => attempt.storeId === storeId);
