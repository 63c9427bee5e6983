import type { Tail } from './probe.js';

/** Remembers how long a stream is and its last bytes. */
export interface StreamEnd {
  readonly sizeBytes: number;
  feed(chunk: Uint8Array): void;
  /** Passes over bytes that nobody needs; at least as many as are remembered must follow. */
  skip(bytes: number): void;
  read(): Tail;
}

/** A ring of `capacityBytes`; a chunk that is larger leaves only its end. */
export function endOfStream(capacityBytes: number): StreamEnd {
  const ring = new Uint8Array(capacityBytes);
  let sizeBytes = 0;
  return {
    get sizeBytes() { return sizeBytes; },
    feed(chunk) {
      const kept = chunk.subarray(Math.max(0, chunk.byteLength - capacityBytes));
      const at = (sizeBytes + chunk.byteLength - kept.byteLength) % capacityBytes;
      const first = kept.subarray(0, capacityBytes - at);
      ring.set(first, at);
      ring.set(kept.subarray(first.byteLength), 0);
      sizeBytes += chunk.byteLength;
    },
    skip(bytes) { sizeBytes += bytes; },
    read() {
      const receivedBytes = Math.min(sizeBytes, capacityBytes);
      const bytes = new Uint8Array(capacityBytes);
      for (let back = 1; back <= receivedBytes; back += 1) bytes[capacityBytes - back] = ring[(sizeBytes - back) % capacityBytes] ?? 0;
      return { tail: { bytes, receivedBytes, view: new DataView(bytes.buffer) }, sizeBytes };
    },
  };
}
