import { match, region, type Probe } from '../probe.js';
import { isWhole, startsWith } from '../region.js';

const sectorBytes = 2048;
const firstDescriptorAt = 16 * sectorBytes;
const primary = 1;
const terminator = 255;
/** Descriptors before the primary one; more than this is no medium that anybody made. */
const mostDescriptors = 32;

/** ISO 9660: volume descriptors from sector 16 on. Source: ECMA-119 8.1 "Format of a volume descriptor", 8.4 "Primary volume descriptor". */
export const iso: Probe = function* () {
  for (let index = 0; index < mostDescriptors; index += 1) {
    const descriptor = yield* region(firstDescriptorAt + index * sectorBytes, sectorBytes);
    if (!isWhole(descriptor) || !startsWith(descriptor, 'CD001', 1)) return index === 0 ? null : match('iso', undefined, []);
    const { view } = descriptor;
    const type = view.getUint8(0);
    if (type === primary) return match('iso', view.getUint32(80, true) * view.getUint16(128, true), []);
    if (type === terminator) break;
  }
  return match('iso', undefined, []);
};
