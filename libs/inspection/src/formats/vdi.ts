import { match, region, type Finding, type Probe } from '../probe.js';
import { isWhole, u64, type Region } from '../region.js';

const signature = 0xbeda107f;
const headerBytes = 512;
/** Image types of the header: 1 dynamic, 2 fixed, 3 undo, 4 differencing. */
const alone: readonly number[] = [1, 2];
const onParent: readonly number[] = [3, 4];

/** VDI, told by its signature, for the text before it is free. Source: VirtualBox, "VDI image storage" (forums.virtualbox.org t=8046). */
export const vdi: Probe = function* () {
  const header = yield* region(0, headerBytes);
  if (header.view.getUint32(64, true) !== signature) return null;
  return match('vdi', u64(header.view, 368, true), [...headerFindings(header), ...parentFindings(header)]);
};

function* headerFindings(header: Region): Generator<Finding> {
  const { view } = header;
  const [minor, major, type] = [view.getUint16(68, true), view.getUint16(70, true), view.getUint32(76, true)];
  if (!isWhole(header)) yield { rule: 'vdi.header', detail: 'the header is cut off' };
  if (major !== 1) yield { rule: 'vdi.header', detail: `version ${major}.${minor}` };
  if (![...alone, ...onParent].includes(type)) yield { rule: 'vdi.header', detail: `image type ${type}` };
}

/** The links to the parent and to its last modification are empty in an image that stands alone. */
function* parentFindings({ view }: Region): Generator<Finding> {
  const type = view.getUint32(76, true);
  if (onParent.includes(type)) yield { rule: 'vdi.differencing', detail: `image type ${type}` };
  else if ([424, 432, 440, 448].some((at) => view.getBigUint64(at) !== 0n)) yield { rule: 'vdi.differencing', detail: 'the header names a parent' };
}
