import { Problem } from '#libs/domain';
import type { Tracing } from '#libs/platform';
import { readPreferred, type DataKey, type ReadPreference, type Store, type StoreReader, type Stores } from '#libs/stores';
import type { AskedData } from '../cache/image-cache.js';
import type { CacheRoom } from '../cache/open-cache.js';
import type { DataRemoval, SizeLimits, TransferParts } from '#libs/transfers';
import type { StagingLine } from './bring-to-staging.js';
import type { Signing } from './signing.js';
import type { StageData } from './stage-data.js';
import type { TellSent } from './tell-sent.js';

export const DATA = Symbol('data');

/** What the routes that move bytes need. */
export interface DataRoom {
  readonly upload: TransferParts;
  readonly tracing: Pick<Tracing, 'inSpan'>;
  readonly removal: DataRemoval;
  /** How data gets to the staging area; undefined where there is no way. */
  readonly stage: StageData | undefined;
  /** Who keeps uploads in parts; undefined where nobody does. */
  readonly staging: StagingLine | undefined;
  /** Copies of data that is slow to read; undefined where this gateway keeps none. */
  readonly cache: CacheRoom | undefined;
  /** The most bytes that may come. (glance: image_size_cap) */
  readonly limitBytes: SizeLimits;
  /** Tells of a download that has ended. */
  readonly tellSent: TellSent;
  readonly signing: Signing;
  /** The store an upload asks for, or the default one. Refuses: InvalidRequest, as Glance does here with 400; StoreUnavailable where it can only be read. */
  storeFor(storeId: string | undefined): Store;
  /** The stores that a download asks for, the dearest first. Refuses: InvalidRequest where there is none of a name. */
  preferred(names: string): readonly string[];
  /** How much data lies at a key. Refuses: StoreUnknown, ImageDataNotFound, StoreUnavailable, UriNotAllowed. */
  sizeAt(key: DataKey): Promise<number>;
  /** Opens an image's data, from the cache or from one of its copies, the preferred one first. Refuses: what `readPreferred` refuses. */
  read(asked: AskedData, preference: ReadPreference): Promise<StoreReader>;
}

export const dataRoom = (stores: Stores, rest: Pick<DataRoom, 'upload' | 'tracing' | 'removal' | 'stage' | 'staging' | 'limitBytes' | 'cache' | 'tellSent' | 'signing'>): DataRoom => ({
  ...rest,
  storeFor(storeId) {
    const store = storeId === undefined ? stores.default : stores.all.get(storeId);
    if (!store) throw noSuchStore(storeId ?? '');
    if (store.isReadOnly) throw new Problem('StoreUnavailable', { storeId: store.id });
    return store;
  },
  preferred(names) {
    const prefer = names.split(',').map((name) => name.trim()).filter((name) => name !== '');
    const unknown = prefer.find((name) => !stores.all.has(name));
    if (unknown !== undefined) throw noSuchStore(unknown);
    return prefer;
  },
  sizeAt: async (key) => stores.get(key.storeId).sizeOf(key),
  read(asked, preference) {
    const { cache } = rest;
    const fromStores = (range = preference.range): Promise<StoreReader> => readPreferred(stores, asked.copies, { ...preference, range });
    return cache ? cache.images.read(asked, preference.range, fromStores) : fromStores();
  },
});

const noSuchStore = (name: string): Problem =>
  new Problem('InvalidRequest', { detail: `There is no store named ${name}. The stores are listed at /v2/info/stores.` });
