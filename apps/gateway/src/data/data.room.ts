import { Problem } from '#libs/domain';
import type { Store, Stores } from '#libs/stores';
import type { DataRemoval, TransferParts } from '#libs/transfers';

export const DATA = Symbol('data');

/** What the routes that move bytes need. */
export interface DataRoom {
  readonly upload: TransferParts;
  readonly removal: DataRemoval;
  /** The most bytes an image may have. (glance: image_size_cap) */
  readonly limitBytes: number;
  /** The store an upload asks for, or the default one. Refuses: InvalidRequest, as Glance does here with 400. */
  storeFor(storeId: string | undefined): Store;
  /** The store that holds data. Refuses: StoreUnavailable where this gateway does not have it. */
  storeOf(storeId: string): Store;
}

export const dataRoom = (stores: Stores, rest: Pick<DataRoom, 'upload' | 'removal' | 'limitBytes'>): DataRoom => ({
  ...rest,
  storeFor(storeId) {
    const store = storeId === undefined ? stores.default : stores.all.get(storeId);
    if (!store) throw new Problem('InvalidRequest', { detail: `There is no store named ${storeId ?? ''}. The stores are listed at /v2/info/stores.` });
    return store;
  },
  storeOf(storeId) {
    const store = stores.all.get(storeId);
    if (!store) throw new Problem('StoreUnavailable', { storeId });
    return store;
  },
});
