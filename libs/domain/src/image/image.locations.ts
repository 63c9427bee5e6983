import { Problem } from '../problem.js';
import { isStored, storedAttempts } from './image.attempts.js';
import { refuseMissingFormats } from './image.data.js';
import type { Attempt, EventData, Image, ImageEvent, KnownDataFacts, LocationMetadata, LocationValue } from './image.js';
import { within, type ImageLimits } from './image.limits.js';

/** A place where the data of an image lies, as the Image API tells it: it names a store and a key, and never a credential. */
export interface Location { readonly url: string; readonly metadata: LocationMetadata }

/** What a client says the data hashes to; lower-case hex. */
type Validation = Partial<Pick<KnownDataFacts, 'checksum' | 'osHashAlgo' | 'osHashValue'>>;

/** A place as a client names it; its metadata without the store. */
export interface GivenLocation extends Location {
  readonly validation?: Validation;
  /** Which store reads there, and how many bytes it found; absent where nobody looked, because the image has this place already. */
  readonly found?: { readonly attemptId: string; readonly storeId: string; readonly sizeBytes: number };
}

/** Positions count from 0; without one it is the end of the list, or its last place. */
export type LocationChange =
  | { readonly of: 'locations'; readonly op: 'add'; readonly location: GivenLocation; readonly position?: number }
  | { readonly of: 'locations'; readonly op: 'replace'; readonly locations: readonly GivenLocation[] }
  | { readonly of: 'locations'; readonly op: 'remove'; readonly position?: number };

/** Every place where the data of an image lies, in the order that clients see. */
export const locationsOf = (imageId: string, image: Pick<Image, 'attempts'>): Location[] =>
  storedAttempts(image).map((attempt) => ({ url: urlOf(imageId, attempt), metadata: { ...attempt.metadata, store: attempt.storeId } }));

const urlOf = (imageId: string, { uri, storeId, attemptId }: Attempt): string => uri ?? `store://${storeId}/${imageId}/${attemptId}/${storeId}`;

/**
 * Changes where the data of an image lies: adding makes a queued image active, and never another place holds other data.
 * Refuses: ImageStatusConflict, AttemptOver for an attempt that was made before, LocationsDiffer, LocationExists, LocationsFixed, FormatsMissing, LastLocation, ImportInProgress, TooManyLocations, InvalidRequest.
 * Source: Glance `_do_add_locations`, `_do_replace_locations`, `_do_remove_locations`; API.md section 11; OSSN-0065.
 */
export function changeLocations(imageId: string, change: LocationChange, image: Image, limits: ImageLimits): ImageEvent[] {
  if (change.op === 'remove') return removeLocation(imageId, change.position, image);
  if (image.status !== 'active' && image.status !== 'queued') throw new Problem('ImageStatusConflict', { imageId, status: image.status, needed: 'active or queued' });
  if (change.op === 'add') return addLocations(imageId, [change.location], image, limits, change.position);
  return image.attempts.some(isStored) ? arrangeLocations(imageId, change.locations, image) : addLocations(imageId, change.locations, image, limits);
}

function addLocations(imageId: string, given: readonly GivenLocation[], image: Image, { locations: limit = -1 }: ImageLimits, position?: number): ImageEvent[] {
  const facts = agreedFacts(imageId, given, image);
  const present = storedAttempts(image).map((attempt): Location => ({ url: urlOf(imageId, attempt), metadata: attempt.metadata ?? {} }));
  for (const [at, { url, metadata }] of given.entries()) {
    if ([...present, ...given.slice(0, at)].some((other) => other.url === url && isSame(other.metadata, metadata))) throw new Problem('LocationExists', { imageId, url });
  }
  within(limit, present.length + given.length, 'TooManyLocations');
  if (given.some(({ found }) => image.attempts.some(({ attemptId }) => attemptId === found?.attemptId))) throw new Problem('AttemptOver', { imageId });
  const added = given.map((each, at) => locationAdded(imageId, each, at === 0 && !image.data ? facts : {}, position));
  if (image.status === 'active') return added;
  refuseMissingFormats(imageId, image);
  const expired: ImageEvent[] = image.staged ? [{ type: 'ImageStagedDataExpired', data: { attemptId: image.staged.attemptId } }] : [];
  return [...expired, ...added, { type: 'ImageActivated', data: {} }];
}

function locationAdded(imageId: string, { url, metadata, found }: GivenLocation, facts: EventFacts, position: number | undefined): ImageEvent {
  // Its place went away while the request was on its way: with the image as it is now the client may try again.
  if (!found) throw new Problem('Conflict', { imageId });
  const { attemptId, storeId } = found;
  return { type: 'ImageLocationAdded', data: { attemptId, storeId, uri: url, metadata, ...(position === undefined ? {} : { position }), ...facts } };
}

type EventFacts = Omit<EventData<'ImageLocationAdded'>, 'attemptId' | 'storeId' | 'uri' | 'metadata' | 'position'>;

/** What everybody says of the data, which has to be one thing. New hashes are believed while there is no data to contradict them. */
function agreedFacts(imageId: string, given: readonly GivenLocation[], { data, status }: Image): EventFacts {
  const agreed: Record<string, string | number> = { ...data };
  for (const [name, value] of given.flatMap(saidOf)) {
    const isNew = !Object.hasOwn(agreed, name) && status === 'queued';
    if (!isNew && agreed[name] !== value) throw new Problem('LocationsDiffer', { imageId, what: apiNames[name] ?? name });
    agreed[name] = value;
  }
  return agreed as EventFacts;
}

const saidOf = ({ validation = {}, found }: GivenLocation): [string, string | number][] =>
  Object.entries<string | number>({ ...validation, ...(found ? { sizeBytes: found.sizeBytes } : {}) });

const apiNames: Readonly<Record<string, string>> = { sizeBytes: 'size', checksum: 'checksum', osHashAlgo: 'os_hash_algo', osHashValue: 'os_hash_value' };

/** The places stay; their order and their metadata are the client's to choose. */
function arrangeLocations(imageId: string, given: readonly GivenLocation[], image: Image): ImageEvent[] {
  agreedFacts(imageId, given.map(({ found: _, ...said }) => said), image);
  const left = storedAttempts(image);
  const urls = (places: readonly string[]): string => JSON.stringify(places.toSorted());
  if (urls(given.map(({ url }) => url)) !== urls(left.map((attempt) => urlOf(imageId, attempt)))) throw new Problem('LocationsFixed', { imageId });
  const before = left.map(({ attemptId, metadata = {} }) => ({ attemptId, metadata }));
  const after = given.map(({ url, metadata }) => ({ ...takenFrom(left, (attempt) => urlOf(imageId, attempt) === url), metadata }));
  const isUnchanged = after.every(({ attemptId, metadata }, at) => attemptId === before[at]?.attemptId && isSame(metadata, before[at].metadata));
  return isUnchanged ? [] : [{ type: 'ImageLocationsArranged', data: { locations: after } }];
}

function takenFrom(left: Attempt[], isIt: (attempt: Attempt) => boolean): { attemptId: string } {
  const [{ attemptId } = { attemptId: '' }] = left.splice(left.findIndex(isIt), 1);
  return { attemptId };
}

function removeLocation(imageId: string, position: number | undefined, image: Image): ImageEvent[] {
  if (image.status !== 'active') throw new Problem('ImageStatusConflict', { imageId, status: image.status, needed: 'active' });
  const present = storedAttempts(image);
  const [only] = present;
  if (only && present.length === 1) throw new Problem('LastLocation', { imageId, storeId: only.storeId });
  const attempt = position === undefined ? present.at(-1) : present[position];
  if (!attempt) throw new Problem('InvalidRequest', { detail: `Image ${imageId} has ${present.length} locations. Name one of them by its place, counted from 0.` });
  if (image.importing) throw new Problem('ImportInProgress', { imageId, importId: image.importing.importId });
  return [{ type: 'ImageDataDropped', data: { attemptId: attempt.attemptId, storeId: attempt.storeId } }];
}

/** Text, lists and objects only, and no more of them than that. */
export const locationMetadataLimits = { deepest: 8, longest: 16_384 } as const;
export const isLocationMetadata = (value: unknown): value is LocationMetadata =>
  typeof value === 'object' && isLocationValue(value) && JSON.stringify(value).length <= locationMetadataLimits.longest;

function isLocationValue(value: unknown, depth = 0): value is LocationValue {
  if (typeof value === 'string') return true;
  return typeof value === 'object' && value !== null && depth < locationMetadataLimits.deepest && Object.values(value).every((each) => isLocationValue(each, depth + 1));
}

/** Members of an object have no order. */
const isSame = (one: LocationValue, other: LocationValue): boolean => JSON.stringify(sorted(one)) === JSON.stringify(sorted(other));

function sorted(value: LocationValue): unknown {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return (value as readonly LocationValue[]).map(sorted);
  return Object.entries(value as LocationMetadata).sort(([one], [other]) => (one < other ? -1 : 1)).map(([name, each]) => [name, sorted(each)]);
}
