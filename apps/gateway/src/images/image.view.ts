import { importProperties, moment, shownSizeBytes } from '#libs/contracts';
import { locationsOf, storedAttempts, type Image, type KnownDataFacts, type Location } from '#libs/domain';
import type { Caller } from '#libs/identity';
import type { ImageSchema } from './image.schema.js';
import type { Permissions } from './permissions.js';
import type { ProtectedProperties } from './protected-properties.js';

/** What a view needs of an image, whether it came from the read model or in the answer to a command. */
export type ViewedImage = Omit<Image, 'exists' | 'attempts' | 'members'>;

/** Which places of the data images show, and which stores come first. */
export interface ShownPlaces { readonly areShown: boolean; readonly isDirectUrlShown: boolean; readonly storeIdsByWeight: readonly string[]; readonly readOnlyStoreIds: readonly string[] }

interface Shown {
  /** Those that hold the data and may be named. */
  readonly storeIds: readonly string[];
  /** `locations` and `direct_url`, where they are shown. */
  readonly places: object;
  /** Declared properties that may be null; null is kept as empty text. */
  readonly nullable: ReadonlySet<string>;
}

/**
 * An image as the Image API shows it. Links are relative, moments have no fraction, tags come in no order.
 * Source: API.md section 4.
 */
function imageView(imageId: string, image: ViewedImage, { storeIds, places, nullable }: Shown): Record<string, unknown> {
  const self = `/v2/images/${imageId}`;
  return {
    ...withoutValue(image.properties, nullable),
    ...importProperties(image),
    id: imageId,
    name: image.name,
    status: image.status,
    visibility: image.visibility,
    protected: image.isProtected,
    os_hidden: image.isHidden,
    owner: image.owner,
    container_format: image.containerFormat,
    disk_format: image.diskFormat,
    min_disk: image.minDisk,
    min_ram: image.minRam,
    ...dataView(image.data),
    size: shownSizeBytes(image),
    tags: image.tags,
    created_at: moment(image.createdAt),
    updated_at: moment(image.updatedAt),
    ...(storeIds.length > 0 ? { stores: storeIds.join(',') } : {}),
    ...places,
    self,
    file: `${self}/file`,
    schema: '/v2/schemas/image',
  };
}

type ShownImage = ViewedImage & Pick<Image, 'attempts'>;

/** An image as one caller is shown it. */
export type ImageShower = (imageId: string, image: ShownImage, caller: Caller) => Record<string, unknown>;
/** The same as JSON. */
export type ImageWriter = (imageId: string, image: ShownImage, caller: Caller) => string;

/** Without what is kept from the caller: protected properties, and where the data of a deactivated image lies. Source: API.md sections 4 and 20. */
export function imageShower(properties: ProtectedProperties, permissions: Pick<Permissions, 'isAdmin' | 'allowsLocating'>, schema: ImageSchema, shown: ShownPlaces): ImageShower {
  const nullable = new Set(Object.entries(schema.properties).filter(([, { is_base, type }]) => is_base === false && type.includes('null')).map(([name]) => name));
  return (imageId, image, caller) => {
    const mayLocate = image.status !== 'deactivated' || permissions.isAdmin(caller);
    const places = shown.areShown || shown.isDirectUrlShown ? placesView(permissions.allowsLocating({ imageId, image }, caller) ? locationsOf(imageId, image) : [], shown) : {};
    return imageView(imageId, properties.shownTo(caller, image), { storeIds: mayLocate ? storeIdsOf(image, shown) : [], places, nullable });
  };
}

/** For lists: what every caller is shown alike is written once, for as long as the image is the same object. */
export function imageWriter(show: ImageShower, isAlike: (image: ShownImage) => boolean): ImageWriter {
  const written = new WeakMap<ShownImage, string>();
  return (imageId, image, caller) => {
    const text = written.get(image) ?? JSON.stringify(show(imageId, image, caller));
    if (isAlike(image)) written.set(image, text);
    return text;
  };
}

/** Whether who asks makes no difference to what an image looks like: where nothing of it is protected, and its places are shown to nobody. */
export const shownAlike = (properties: Pick<ProtectedProperties, 'isOff'>, { areShown, isDirectUrlShown }: ShownPlaces): ((image: Pick<Image, 'status'>) => boolean) =>
  ({ status }) => properties.isOff && !areShown && !isDirectUrlShown && status !== 'deactivated';

/** An empty list tells that locations may be shown, and that there is none. Source: Glance `_format_image`. */
function placesView(locations: readonly Location[], { areShown, isDirectUrlShown, storeIdsByWeight }: ShownPlaces): object {
  const rank = ({ metadata }: Location): number => storeIdsByWeight.indexOf(String(metadata['store']));
  const [dearest] = locations.toSorted((one, other) => rank(one) - rank(other));
  return { ...(areShown ? { locations } : {}), ...(isDirectUrlShown && dearest ? { direct_url: dearest.url } : {}) };
}

const withoutValue = (properties: Readonly<Record<string, string>>, nullable: ReadonlySet<string>): Record<string, string | null> =>
  Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, value === '' && nullable.has(name) ? null : value]));

const noData = { size: null, virtual_size: null, checksum: null, os_hash_algo: null, os_hash_value: null };

function dataView(data: KnownDataFacts | null): Record<keyof typeof noData, unknown> {
  if (!data) return noData;
  const { sizeBytes, virtualSizeBytes = null, checksum = null, osHashAlgo = null, osHashValue = null } = data;
  return { size: sizeBytes, virtual_size: virtualSizeBytes, checksum, os_hash_algo: osHashAlgo, os_hash_value: osHashValue };
}

/**
 * The stores that hold an image's data, each once. Glance cannot take a location out of a store that it only reads, so it goes on to name that store
 * when the data there was not what was announced, and its tests want to see it: launchpad bug 2076648.
 */
function storeIdsOf({ attempts, status, lastImportFailedStoreIds }: Pick<Image, 'attempts' | 'status' | 'lastImportFailedStoreIds'>, { readOnlyStoreIds }: ShownPlaces): string[] {
  const holding = storedAttempts({ attempts }).map(({ storeId }) => storeId);
  const refused = status === 'queued' ? (lastImportFailedStoreIds ?? []).filter((storeId) => readOnlyStoreIds.includes(storeId)) : [];
  return [...new Set([...holding, ...refused])];
}
