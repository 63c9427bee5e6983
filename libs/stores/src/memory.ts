import { Problem } from '#libs/domain';
import { extentOf } from './byte-range.js';
import { keyNamed, keyOf, type DataKey } from './layout.js';
import type { ByteRange, Store, StoredThing, StoreReader, StoreWriter } from './store.js';

interface Room {
  readonly storeId: string;
  readonly capacityBytes: number;
  usedBytes: number;
  readonly data: Map<string, Uint8Array>;
  /** Writers that are still open, by key: what `remove` ends. */
  readonly open: Map<string, Arriving>;
}
interface Arriving { chunks: Uint8Array[]; sizeBytes: number }

/** A store in memory: a real driver, bounded by its capacity (256 MiB unless told), for tests and first tries. Nothing survives the process. */
export function memoryStore(id: string, { capacityBytes = 256 * 1024 * 1024, isReadOnly = false } = {}): Store {
  const room: Room = { storeId: id, capacityBytes, usedBytes: 0, data: new Map(), open: new Map() };
  return {
    id, kind: 'memory', isReadOnly,
    create: async (key, options) => startWriting(room, key, isReadOnly, options?.declaredSizeBytes ?? 0),
    read: async (key, range) => openReader(dataOf(room, key), range),
    sizeOf: async (key) => dataOf(room, key).byteLength,
    remove: async (key) => { removeFrom(room, key); },
    async* list() {
      for (const [name, { byteLength }] of [...room.data]) yield listed(name, byteLength);
      for (const [name, { sizeBytes }] of [...room.open]) yield listed(name, sizeBytes);
    },
    check: async () => {},
    freeBytes: async () => room.capacityBytes - room.usedBytes,
  };
}

function listed(name: string, sizeBytes: number): StoredThing {
  const key = keyNamed(name);
  return { name, sizeBytes, ...(key ? { key } : {}) };
}

function startWriting(room: Room, key: DataKey, isReadOnly: boolean, declaredSizeBytes: number): StoreWriter {
  const name = keyOf(key);
  if (isReadOnly) throw new Problem('StoreUnavailable', { storeId: room.storeId });
  if (room.data.has(name) || room.open.has(name)) throw new Error(`The key ${name} is written already.`);
  if (declaredSizeBytes > room.capacityBytes - room.usedBytes) throw new Problem('StoreFull', { storeId: room.storeId });
  const arriving: Arriving = { chunks: [], sizeBytes: 0 };
  room.open.set(name, arriving);
  const isOpen = (): boolean => room.open.get(name) === arriving;
  let isOver = false;

  return {
    async write(chunk) {
      if (isOver) throw new Error('This writer is over.');
      if (!isOpen()) throw new Problem('AttemptOver', { imageId: key.imageId });
      if (room.usedBytes + chunk.byteLength > room.capacityBytes) throw new Problem('StoreFull', { storeId: room.storeId });
      room.usedBytes += chunk.byteLength;
      arriving.sizeBytes += chunk.byteLength;
      arriving.chunks.push(Uint8Array.from(chunk));
    },
    async commit() {
      if (isOver) throw new Error('This writer is over.');
      if (!isOpen()) throw new Problem('AttemptOver', { imageId: key.imageId });
      isOver = true;
      room.open.delete(name);
      room.data.set(name, joined(arriving));
    },
    async cancel() {
      isOver = true;
      if (isOpen()) discard(room, name, arriving);
    },
  };
}

function discard(room: Room, name: string, arriving: Arriving): void {
  room.open.delete(name);
  room.usedBytes -= arriving.sizeBytes;
  arriving.chunks = [];
}

function removeFrom(room: Room, key: DataKey): void {
  const name = keyOf(key);
  const arriving = room.open.get(name);
  if (arriving) discard(room, name, arriving);
  room.usedBytes -= room.data.get(name)?.byteLength ?? 0;
  room.data.delete(name);
}

function dataOf(room: Room, key: DataKey): Uint8Array {
  const data = room.data.get(keyOf(key));
  if (!data) throw new Problem('ImageDataNotFound', { imageId: key.imageId, storeId: room.storeId });
  return data;
}

function joined({ chunks, sizeBytes }: Arriving): Uint8Array {
  const whole = new Uint8Array(sizeBytes);
  let position = 0;
  for (const chunk of chunks) {
    whole.set(chunk, position);
    position += chunk.byteLength;
  }
  return whole;
}

function openReader(data: Uint8Array, range: ByteRange | undefined): StoreReader {
  const { start, lengthBytes } = extentOf(range, data.byteLength);
  return {
    sizeBytes: data.byteLength,
    lengthBytes,
    async* [Symbol.asyncIterator]() {
      const part = data.subarray(start, start + lengthBytes);
      for (let at = 0; at < part.byteLength; at += chunkBytes) yield part.subarray(at, at + chunkBytes);
    },
    async close() {},
  };
}

const chunkBytes = 1024 * 1024;
