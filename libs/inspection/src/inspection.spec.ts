import { badImages, goodImages, type Sample } from '../test/corpus.js';
import { mostHeldBytes, startInspection, type Verdict } from './index.js';

function inspect(bytes: Uint8Array, chunkBytes: number): { verdict: Verdict; mostHeld: number } {
  const inspection = startInspection();
  let mostHeld = 0;
  for (let at = 0; at < bytes.byteLength; at += chunkBytes) {
    inspection.feed(bytes.subarray(at, at + chunkBytes));
    mostHeld = Math.max(mostHeld, inspection.heldBytes);
  }
  return { verdict: inspection.finish(), mostHeld };
}

const rulesOf = ({ findings }: Verdict): string[] => [...new Set(findings.map(({ rule }) => rule))];

describe('Inspection of image data', () => {
  it.each(goodImages().map((sample): [string, Sample] => [sample.name, sample]))('recognises %s and finds nothing wrong', (_, { bytes, format, virtualSizeBytes }) => {
    const { verdict } = inspect(bytes, 65_536);
    expect(verdict).toMatchObject({ format, virtualSizeBytes, sizeBytes: bytes.byteLength, findings: [] });
  });

  it.each(badImages().map((sample): [string, Sample] => [sample.name, sample]))('refuses %s by its rule', (_, { bytes, format, rules }) => {
    const { verdict } = inspect(bytes, 65_536);
    expect(verdict.format).toBe(format);
    expect(rulesOf(verdict)).toEqual(rules);
  });

  it.each([1, 7, 511, 513, 4096, 1 << 20, Infinity])('comes to the same verdict in chunks of %d bytes', (chunkBytes) => {
    const samples = [...goodImages(), ...badImages()].filter(({ bytes }) => bytes.byteLength / chunkBytes < 3000);
    for (const { bytes } of samples) {
      const { verdict, mostHeld } = inspect(bytes, chunkBytes);
      expect(verdict).toEqual(inspect(bytes, 65_536).verdict);
      expect(mostHeld).toBeLessThanOrEqual(mostHeldBytes);
    }
  });

  it('says the same every time it is asked', () => {
    const inspection = startInspection();
    inspection.feed(Uint8Array.of(1, 2, 3));
    expect(inspection.finish()).toBe(inspection.finish());
  });
});
