import { be, le, type randomNumbers } from './bytes.js';
import { badImages, goodImages } from './corpus.js';

/** Where formats have their fields, and the values with which readers have gone wrong before. */
const headerEnds = [64, 128, 512, 1024, 4096];
const tablesAt = [0, 512, 4096, 32768, 65536, 192 * 1024, 1 << 20, (1 << 20) + 65536];
const edges = [0n, 1n, 2n, 0x7fn, 0xffn, 0x7fffn, 0xffffn, 0x7fffffffn, 0x80000000n, 0xffffffffn, 1n << 53n, (1n << 63n) - 1n, 1n << 63n, (1n << 64n) - 1n];

/** Images that were good or bad before chance changed them. The same seed makes the same ones. */
export function hostileImages(random: ReturnType<typeof randomNumbers>): () => Uint8Array {
  const pick = <Item>(items: readonly Item[]): Item => items[random(items.length)]!;
  const samples = [...goodImages(), ...badImages()].map(({ bytes }) => bytes);
  const small = samples.filter(({ byteLength }) => byteLength < 100_000);

  const somewhere = (bytes: Uint8Array): number => {
    const at = pick([0, 0, 0, ...tablesAt]) + random(pick(headerEnds));
    return at < bytes.byteLength ? at : random(bytes.byteLength + 1);
  };
  const changes: readonly ((bytes: Uint8Array) => Uint8Array)[] = [
    (bytes) => put(bytes, somewhere(bytes), Uint8Array.of(random(256))),
    (bytes) => put(bytes, somewhere(bytes), (random(2) === 0 ? le : be)(pick([2, 4, 8]), pick(edges))),
    (bytes) => bytes.slice(0, random(bytes.byteLength + 1)),
    (bytes) => put(bytes, pick([0, 0, ...tablesAt]), pick(small).subarray(0, pick(headerEnds))),
    (bytes) => put(bytes, somewhere(bytes), bytes.slice(somewhere(bytes)).subarray(0, pick(headerEnds))),
    (bytes) => new Uint8Array(Buffer.concat([bytes.subarray(0, 8192), pick(small)])),
  ];
  return () => {
    let bytes = random(50) === 0 ? pick(samples) : pick(small);
    for (let left = 1 + random(4); left > 0; left -= 1) bytes = pick(changes)(bytes);
    return bytes;
  };
}

function put(bytes: Uint8Array, at: number, piece: Uint8Array): Uint8Array {
  const result = bytes.slice();
  if (at < result.byteLength) result.set(piece.subarray(0, result.byteLength - at), at);
  return result;
}
