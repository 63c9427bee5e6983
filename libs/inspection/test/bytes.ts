/** Small words for writing binary files in tests. All numbers may be `bigint` or `number`; `text` is Latin-1. */
export type Piece = readonly [at: number, bytes: Uint8Array];
export type Amount = number | bigint;

export const le = (lengthBytes: number, value: Amount): Uint8Array =>
  Uint8Array.from({ length: lengthBytes }, (_, index) => Number((BigInt(value) >> BigInt(8 * index)) & 0xffn));
export const be = (lengthBytes: number, value: Amount): Uint8Array => le(lengthBytes, value).reverse();
export const text = (value: string): Uint8Array => Uint8Array.from(value, (char) => char.charCodeAt(0));

/** A file of so many bytes, zero but for the pieces. */
export function file(sizeBytes: number, pieces: readonly Piece[]): Uint8Array {
  const bytes = new Uint8Array(sizeBytes);
  for (const [at, piece] of pieces) bytes.set(piece, at);
  return bytes;
}

/** Bytes that no format begins with, the same every time. */
export function noise(sizeBytes: number, seed = 1): Uint8Array {
  const random = randomNumbers(seed);
  return Uint8Array.from({ length: sizeBytes }, () => random(256));
}

/** Whole numbers below a limit, the same for the same seed (mulberry32). */
export function randomNumbers(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}
