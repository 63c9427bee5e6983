import { receiveData, type ReceiveOptions } from './receive-data.js';
import type { ByteSource } from './each-chunk.js';
import type { DataKey } from './layout.js';
import type { Store, StoreWriter } from './store.js';

/** What bytes are known by. */
export interface HashedData { readonly sizeBytes: number; readonly checksum: string; readonly osHashAlgo: string; readonly osHashValue: string }

/** Reads bytes to their end, as they would be taken into a store, and keeps none of them. Refuses: ImageTooLarge, SizeMismatch, what the source refuses. */
export async function hashData(key: DataKey, source: ByteSource, options: ReceiveOptions): Promise<HashedData> {
  const { sizeBytes, checksum, osHashAlgo, osHashValue } = await receiveData(nowhere, key, source, options);
  return { sizeBytes, checksum, osHashAlgo, osHashValue };
}

const done = async (): Promise<void> => Promise.resolve();
/** Takes bytes and keeps none, for those that are only read. */
export const writerToNowhere: StoreWriter = { write: done, commit: done, cancel: done };
const nowhere: Pick<Store, 'create'> = { create: async () => Promise.resolve(writerToNowhere) };
