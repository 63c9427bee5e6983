import { Problem } from '#libs/domain';
import type { ByteRange } from './store.js';

/** Start and length of what to read of `sizeBytes`. Refuses: RangeNotSatisfiable. No range means all, also of empty data. */
export function extentOf(range: ByteRange | undefined, sizeBytes: number): { start: number; lengthBytes: number } {
  if (range === undefined) return { start: 0, lengthBytes: sizeBytes };
  const { start, end } = range;
  const isInside = Number.isSafeInteger(start) && Number.isSafeInteger(end) && start >= 0 && start <= end && end < sizeBytes;
  if (!isInside) throw new Problem('RangeNotSatisfiable', { range: `${start}-${end}`, sizeBytes });
  return { start, lengthBytes: end - start + 1 };
}
