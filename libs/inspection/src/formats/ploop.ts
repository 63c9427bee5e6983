import { match, region, type Probe } from '../probe.js';
import { startsWith, times, u64 } from '../region.js';

const sectorBytes = 512;

/** The expandable image of ploop and Parallels, of both ages. Source: QEMU docs/interop/parallels, "Header". */
export const ploop: Probe = function* () {
  const header = yield* region(0, 64);
  const isFirst = startsWith(header, 'WithoutFreeSpace');
  if (!isFirst && !startsWith(header, 'WithouFreSpacExt')) return null;
  const { view } = header;
  const sectors = isFirst ? view.getUint32(36, true) : u64(view, 36, true);
  return match('ploop', times(sectors, sectorBytes), [
    view.getUint32(16, true) !== 2 && { rule: 'ploop.header', detail: `version ${view.getUint32(16, true)}` },
    view.getUint32(28, true) === 0 && { rule: 'ploop.header', detail: 'the cluster size is 0' },
  ]);
};
