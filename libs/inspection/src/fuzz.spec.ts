import { badImages, goodImages } from '../test/corpus.js';
import { be, le, randomNumbers } from '../test/bytes.js';
import { mostHeldBytes, startInspection, type Verdict } from './index.js';

/** The generator makes the same images for the same seed. `npm run soak` makes a million. */
const seed = Number(process.env.HELIOGRAPH_SEED ?? Date.now() % 1_000_000);
const count = Number(process.env.HELIOGRAPH_FUZZ ?? 3000);
const random = randomNumbers(seed);
const pick = <Item>(items: readonly Item[]): Item => items[random(items.length)]!;

const samples = [...goodImages(), ...badImages()].map(({ bytes }) => bytes);
/** Those that are copied in no time; the large ones come less often. */
const small = samples.filter(({ byteLength }) => byteLength < 100_000);
/** Where formats have their fields, and where readers have gone wrong before. */
const headerEnds = [64, 128, 512, 1024, 4096];
const tablesAt = [0, 512, 4096, 32768, 65536, 192 * 1024, 1 << 20, (1 << 20) + 65536];
const edges = [0n, 1n, 2n, 0x7fn, 0xffn, 0x7fffn, 0xffffn, 0x7fffffffn, 0x80000000n, 0xffffffffn, 1n << 53n, (1n << 63n) - 1n, 1n << 63n, (1n << 64n) - 1n];

type Change = (bytes: Uint8Array) => Uint8Array;
const changes: readonly Change[] = [
  (bytes) => put(bytes, somewhere(bytes), Uint8Array.of(random(256))),
  (bytes) => put(bytes, somewhere(bytes), (random(2) === 0 ? le : be)(pick([2, 4, 8]), pick(edges))),
  (bytes) => bytes.slice(0, random(bytes.byteLength + 1)),
  (bytes) => put(bytes, pick([0, 0, ...tablesAt]), pick(small).subarray(0, pick(headerEnds))),
  (bytes) => put(bytes, somewhere(bytes), bytes.slice(somewhere(bytes)).subarray(0, pick(headerEnds))),
  (bytes) => new Uint8Array(Buffer.concat([bytes.subarray(0, 8192), pick(small)])),
];

function somewhere(bytes: Uint8Array): number {
  const at = pick([0, 0, 0, ...tablesAt]) + random(pick(headerEnds));
  return at < bytes.byteLength ? at : random(bytes.byteLength + 1);
}

function put(bytes: Uint8Array, at: number, piece: Uint8Array): Uint8Array {
  const result = bytes.slice();
  if (at < result.byteLength) result.set(piece.subarray(0, result.byteLength - at), at);
  return result;
}

function hostileImage(): Uint8Array {
  let bytes = random(50) === 0 ? pick(samples) : pick(small);
  for (let left = 1 + random(4); left > 0; left -= 1) bytes = pick(changes)(bytes);
  return bytes;
}

function inspectInChunks(bytes: Uint8Array, nextChunkBytes: () => number): Verdict {
  const inspection = startInspection();
  for (let at = 0; at < bytes.byteLength;) {
    const chunk = bytes.subarray(at, at + nextChunkBytes());
    inspection.feed(chunk);
    if (inspection.heldBytes > mostHeldBytes) throw new Error(`holds ${inspection.heldBytes} bytes`);
    at += chunk.byteLength;
  }
  return inspection.finish();
}

function complain(verdict: Verdict, other: Verdict, sizeBytes: number): string | undefined {
  if (verdict.findings.some(({ rule }) => rule === 'any.failed')) return 'the inspection failed';
  if (JSON.stringify(verdict) !== JSON.stringify(other)) return `${JSON.stringify(verdict)} in one chunk, ${JSON.stringify(other)} in several`;
  if (verdict.sizeBytes !== sizeBytes) return `a size of ${verdict.sizeBytes}`;
  if (verdict.virtualSizeBytes !== undefined && !(Number.isSafeInteger(verdict.virtualSizeBytes) && verdict.virtualSizeBytes >= 0)) return `a virtual size of ${verdict.virtualSizeBytes}`;
  if (verdict.virtualSizeBytes === undefined && verdict.findings.length === 0) return 'neither a virtual size nor a finding';
  const loud = verdict.findings.find(({ detail }) => detail.length > 200 || /[^\x20-\x7e]/.test(detail));
  return loud && `a detail that is not fit to be shown: ${loud.detail}`;
}

describe('Inspection of generated data', () => {
  it(`never throws, holds little, and does not depend on the chunks: ${count} images of seed ${seed}`, () => {
    for (let index = 0; index < count; index += 1) {
      const bytes = hostileImage();
      const chunkBytes = pick([100, 1000, 4096, 4096, 65536]);
      const complaint = complain(inspectInChunks(bytes, () => bytes.byteLength), inspectInChunks(bytes, () => 1 + random(chunkBytes)), bytes.byteLength);
      if (complaint !== undefined) throw new Error(`Image ${index} of seed ${seed}: ${complaint}`);
    }
  }, 60_000 + count * 10);
});
