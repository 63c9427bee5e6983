export type { ByteRange, Store, StoreReader, StoreWriter } from './store.js';
export { isStoreId, keyOf, type DataKey } from './layout.js';
export { fileStore } from './file.js';
export { memoryStore } from './memory.js';
export { openStores, type StoreConfig, type Stores, type StoresConfig } from './stores.js';
export { isOsHashAlgo, osHashAlgos, type OsHashAlgo } from './hashing.js';
export { receiveData, type ReceivedData, type ReceiveOptions } from './receive-data.js';
export type { ByteSource } from './interruptible.js';
export { sendData, type SentData } from './send-data.js';
