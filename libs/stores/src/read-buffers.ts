import { slabPool, type Slab } from './slabs.js';

/** What all downloads of a process may use at once in large buffers; who comes later reads in small ones, and nobody waits. */
const pool = slabPool(64);
const smallBytes = 64 * 1024;

export interface BufferPair {
  readonly buffers: readonly [Uint8Array, Uint8Array];
  /** To be called when both are at rest. */
  give(): void;
  /** To be called when something may still read from them: they are left to the garbage collector, never to another image. */
  abandon(): void;
}

/** Two buffers to read into in turn, as large as is of use for so many bytes. */
export function takeBufferPair(lengthBytes: number): BufferPair {
  if (lengthBytes <= smallBytes) return smallPair(Math.max(1, lengthBytes));
  const first = pool.tryTake();
  const second = first && pool.tryTake();
  if (first && second) return largePair(first, second);
  if (first) pool.give(first);
  return smallPair(smallBytes);
}

function largePair(first: Slab, second: Slab): BufferPair {
  return {
    buffers: [first.bytes, second.bytes],
    give() { [first, second].forEach(pool.give); },
    abandon() { [first, second].forEach(pool.forget); },
  };
}

function smallPair(sizeBytes: number): BufferPair {
  return { buffers: [new Uint8Array(sizeBytes), new Uint8Array(sizeBytes)], give() {}, abandon() {} };
}
