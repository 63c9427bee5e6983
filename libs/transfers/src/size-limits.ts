import { bytesIn, sizePattern } from '#libs/contracts';
import type { ImportMethod } from '#libs/domain';

/** The ways in which data comes: sent to the image, or by an import; what is staged comes by glance-direct. */
export const waysIn = ['upload', 'glance-direct', 'web-download', 'glance-download', 'copy-image', 'location-import', 'convert-image', 'export-image', 'swift-download', 's3-download', 'clone-image', 'replicate-image'] as const satisfies readonly ('upload' | ImportMethod)[];
export type WayIn = (typeof waysIn)[number];

/** The most bytes that data of an image of this owner may have, coming this way. */
export type SizeLimits = (way: WayIn, owner: string | null) => number;

const form = new RegExp(`^(${waysIn.join('|')})(?:@([^=\\s]{1,255}))?=${sizePattern}$`, 'i');

/**
 * Reads `size_limits`: each is a way in with a size in powers of 1024 (`upload=2GB`), or that of one project alone (`upload@PROJECT=10GB`), which
 * then counts instead. None of them allows more than `capBytes`. Throws an Error with all that cannot be read.
 */
export function sizeLimits(texts: readonly string[], capBytes: number): SizeLimits {
  const unreadable = texts.filter((text) => !form.test(text));
  if (unreadable.length > 0) throw new Error(`size_limits holds ${unreadable.join(', ')}; expected METHOD=SIZE or METHOD@PROJECT=SIZE, as upload=2GB, with METHOD one of ${waysIn.join(', ')}`);
  const limits = new Map(texts.map((text) => {
    const [, way = '', owner = '', amount = '', unit = ''] = form.exec(text) ?? [];
    return [`${way.toLowerCase()}@${owner}`, bytesIn(amount, unit)];
  }));
  return (way, owner) => Math.min(capBytes, (owner === null ? undefined : limits.get(`${way}@${owner}`)) ?? limits.get(`${way}@`) ?? capBytes);
}
