import { randomUUID } from 'node:crypto';
import { isLocationMetadata, locationMetadataLimits, locationsOf, Problem, type GivenLocation, type LocationChange, type LocationMetadata } from '#libs/domain';
import { throwIfOutOfReach, type Reach } from '#libs/download';
import type { DataKey } from '#libs/stores';
import { uriOf } from '../imports/import-source.js';
import type { PatchOperation } from '../images/json-patch.js';
import type { AskedImage, Permissions } from '../images/permissions.js';
import type { Request } from '../edge/request.js';
import type { LocationSwitches } from '../tokens.js';
import { validationOf, type GivenValidation } from './location-validation.js';

export interface LocationParts {
  readonly rules: { readonly locations: Pick<LocationSwitches, 'areShown' | 'osHashAlgo'>; readonly readOnlyStoreIds: readonly string[]; readonly reach: Pick<Reach, 'filter' | 'addressRules'> };
  readonly permissions: Pick<Permissions, 'requireOn'>;
  /** How much data lies there. */
  sizeAt(key: DataKey): Promise<number>;
}

export const isOnLocations = ({ path: [name] }: PatchOperation): boolean => name === 'locations';

/** Whether the caller may change locations as a patch asks for. Refuses: Forbidden, ImageNotFound. Source: Glance `_do_replace`, `_do_add`, `_do_remove`, in their order. */
export function requireLocationChanges(operations: readonly PatchOperation[], asked: AskedImage, { caller }: Pick<Request, 'caller'>, { rules, permissions }: LocationParts): void {
  for (const each of operations.filter(isOnLocations)) {
    if (each.op === 'replace' && isEmpty(each.value)) throw new Problem('Forbidden', { detail: 'The list of locations must not be made empty. Delete the image instead.' });
    permissions.requireOn(each.op === 'remove' ? 'delete_image_location' : 'set_image_location', asked, caller);
    if (!rules.locations.areShown) throw new Problem('Forbidden', { detail: 'The locations of an image cannot be changed while they are not shown. Send its data instead.' });
    refuseOtherStatus(asked, each.op === 'remove' ? ['active'] : ['active', 'queued']);
  }
}

/** Asked again when the change is made; before it, so that nobody looks at places that cannot be added. */
function refuseOtherStatus({ imageId, image: { status } }: AskedImage, needed: readonly string[]): void {
  if (!needed.includes(status)) throw new Problem('ImageStatusConflict', { imageId, status, needed: needed.join(' or ') });
}

const isEmpty = (value: unknown): boolean => Array.isArray(value) && value.length === 0;

/**
 * What the operations on locations ask for, one change each; at every new place somebody looks how much data there is. Ask for permission before.
 * Refuses: InvalidRequest, UriNotAllowed, LocationsDiffer, LocationUnreadable. Source: API.md section 11.
 */
export async function locationChanges(operations: readonly PatchOperation[], asked: AskedImage, parts: LocationParts): Promise<ReadonlyMap<PatchOperation, LocationChange>> {
  refuseTooMany(operations);
  const changes = new Map<PatchOperation, LocationChange>();
  for (const each of operations.filter(isOnLocations)) changes.set(each, await changeOf(each, asked, parts));
  return changes;
}

/** Each of them may cost a request to another server, and its patience. */
const mostLooks = 32;
function refuseTooMany(operations: readonly PatchOperation[]): void {
  const named = operations.filter(isOnLocations).flatMap((each) => (each.op === 'remove' ? [] : each.value));
  if (named.length > mostLooks) throw new Problem('InvalidRequest', { detail: `A request may name at most ${mostLooks} locations. Send several requests.` });
}

async function changeOf(operation: PatchOperation, asked: AskedImage, parts: LocationParts): Promise<LocationChange> {
  const place = operation.path[1] ?? '-';
  if (!/^(-|\d{1,9})$/.test(place)) throw new Problem('InvalidRequest', { detail: `Locations have places in their list, counted from 0, or - for its end; ${place} is none.` });
  const position = place === '-' ? {} : { position: Number(place) };
  if (operation.op === 'remove') return { of: 'locations', op: 'remove', ...position };
  if (operation.op === 'replace') return { of: 'locations', op: 'replace', locations: await replacing(operation.value as readonly Body[], asked, parts) };
  return { of: 'locations', op: 'add', ...position, location: await lookedAt(given(operation.value as Body, asked, parts), asked, parts) };
}

/** As the schema of images lets it through. */
interface Body { readonly url: string; readonly metadata: Readonly<Record<string, unknown>>; readonly validation_data?: GivenValidation }

/** Where the image has locations already, their places must stay, and nobody needs to look. */
async function replacing(bodies: readonly Body[], asked: AskedImage, parts: LocationParts): Promise<GivenLocation[]> {
  const isNew = locationsOf(asked.imageId, asked.image).length === 0;
  if (!isNew) return bodies.map((body) => ({ ...described(body, asked, parts), url: body.url }));
  const found: GivenLocation[] = [];
  for (const body of bodies) found.push(await lookedAt(given(body, asked, parts), asked, parts));
  return found;
}

const given = (body: Body, asked: AskedImage, parts: LocationParts): GivenLocation => ({ ...described(body, asked, parts), url: placeOf(body.url, parts) });

function described({ metadata, validation_data: validation }: Body, { image }: AskedImage, { rules }: LocationParts): Pick<GivenLocation, 'metadata' | 'validation'> {
  return { metadata: metadataOf(metadata), ...(validation === undefined ? {} : { validation: validationOf(validation, image, rules.locations.osHashAlgo) }) };
}

/** A fragment tells two locations of one place apart, and is never sent anywhere. Our own stores, and those of the host, are nobody's to name. */
function placeOf(url: string, { rules: { reach, readOnlyStoreIds } }: LocationParts): string {
  const [, plain = '', fragment = ''] = /^([^#]*)(#.*)?$/s.exec(url) ?? [];
  const href = uriOf(plain, reach.filter);
  if (!/^(#[\w.-]{0,64})?$/.test(fragment)) throw new Problem('UriNotAllowed', { part: 'its fragment is not made of up to 64 letters, digits, dots and dashes' });
  if (readOnlyStoreIds.length === 0) throw new Problem('UriNotAllowed', { part: 'there is no store of kind http, which reads data where a location says' });
  return href + fragment;
}

async function lookedAt(location: GivenLocation, { imageId }: AskedImage, parts: LocationParts): Promise<GivenLocation> {
  return { ...location, found: await findData(imageId, location.url, parts) };
}

/** Which store reads at a URL, and how much there is. Refuses: UriNotAllowed, LocationUnreadable. */
export async function findData(imageId: string, url: string, { rules: { reach, readOnlyStoreIds }, sizeAt }: Omit<LocationParts, 'permissions'>): Promise<NonNullable<GivenLocation['found']>> {
  const place = { attemptId: randomUUID(), storeId: readOnlyStoreIds[0] ?? '' };
  await throwIfOutOfReach(url, reach);
  const sizeBytes = await sizeAt({ imageId, ...place, uri: url }).catch((error: unknown) => {
    if (error instanceof Problem && error.code !== 'UriNotAllowed') throw unreadable(url, error);
    throw error;
  });
  if (sizeBytes === 0) throw unreadable(url);
  return { ...place, sizeBytes };
}

const unreadable = (url: string, cause?: Problem): Problem => new Problem('LocationUnreadable', { url }, cause ? { cause } : {});

/** The store's name in it is ours to say. Refuses: InvalidRequest for what is no text, list or object. */
function metadataOf(metadata: Readonly<Record<string, unknown>>): LocationMetadata {
  const { store: _, ...rest } = metadata;
  if (!isLocationMetadata(rest)) {
    const { deepest, longest } = locationMetadataLimits;
    throw new Problem('InvalidRequest', { detail: `The metadata of a location may hold text, lists and objects only, at most ${deepest} levels deep and ${longest} characters long.` });
  }
  return rest;
}
