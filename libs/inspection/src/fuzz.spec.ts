import { randomNumbers } from '../test/bytes.js';
import { hostileImages } from '../test/hostile.js';
import { mostHeldBytes, startInspection, type Verdict } from './index.js';

/** The generator makes the same images for the same seed. `npm run soak` makes a million. */
const seed = Number(process.env.HELIOGRAPH_SEED ?? Date.now() % 1_000_000);
const count = Number(process.env.HELIOGRAPH_FUZZ ?? 3000);
const random = randomNumbers(seed);
const hostileImage = hostileImages(random);
const chunkLimits = [100, 1000, 4096, 4096, 65536];

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
      const chunkBytes = chunkLimits[random(chunkLimits.length)]!;
      const complaint = complain(inspectInChunks(bytes, () => bytes.byteLength), inspectInChunks(bytes, () => 1 + random(chunkBytes)), bytes.byteLength);
      if (complaint !== undefined) throw new Error(`Image ${index} of seed ${seed}: ${complaint}`);
    }
  }, 60_000 + count * 10);
});
