import { Problem } from '#libs/domain';
import { readPreferred, type ByteRange, type DataKey, type Store, type StoreReader, type Stores } from '#libs/stores';
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
  /** Opens one of the copies of an image's data, the preferred one first. Refuses: what `readPreferred` refuses. */
  read(copies: readonly DataKey[], range: ByteRange | undefined): Promise<StoreReader>;
}

export const dataRoom = (stores: Stores, rest: Pick<DataRoom, 'upload' | 'removal' | 'limitBytes'>): DataRoom => ({
  ...rest,
  storeFor(storeId) {
    const store = storeId === undefined ? stores.default : stores.all.get(storeId);
    if (!store) throw new Problem('InvalidRequest', { detail: `There is no store named ${storeId ?? ''}. The stores are listed at /v2/info/stores.` });
    return store;
  },
  read: (copies, range) => readPreferred(stores, copies, { range }),
});
