import { Problem } from '#libs/domain';
import { readPreferred, type DataKey, type ReadPreference, type Store, type StoreReader, type Stores } from '#libs/stores';
import type { DataRemoval, TransferParts } from '#libs/transfers';
import type { StagingLine } from './bring-to-staging.js';

export const DATA = Symbol('data');

/** What the routes that move bytes need. */
export interface DataRoom {
  readonly upload: TransferParts;
  readonly removal: DataRemoval;
  /** How data gets to the staging area; undefined where there is none. */
  readonly staging: StagingLine | undefined;
  /** The most bytes an image may have. (glance: image_size_cap) */
  readonly limitBytes: number;
  /** The store an upload asks for, or the default one. Refuses: InvalidRequest, as Glance does here with 400; StoreUnavailable where it can only be read. */
  storeFor(storeId: string | undefined): Store;
  /** The stores that a download asks for, the dearest first. Refuses: InvalidRequest where there is none of a name. */
  preferred(names: string): readonly string[];
  /** Opens one of the copies of an image's data, the preferred one first. Refuses: what `readPreferred` refuses. */
  read(copies: readonly DataKey[], preference: ReadPreference): Promise<StoreReader>;
}

export const dataRoom = (stores: Stores, rest: Pick<DataRoom, 'upload' | 'removal' | 'staging' | 'limitBytes'>): DataRoom => ({
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
  read: (copies, preference) => readPreferred(stores, copies, preference),
});

const noSuchStore = (name: string): Problem =>
  new Problem('InvalidRequest', { detail: `There is no store named ${name}. The stores are listed at /v2/info/stores.` });
