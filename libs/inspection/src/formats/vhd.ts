import { end, match, region, type Probe } from '../probe.js';
import { isWhole, latin1, startsWith, u64 } from '../region.js';

const cookie = 'conectix';
const footerBytes = 512;
/** Disk types. Source: Microsoft, "Virtual Hard Disk Image Format Specification" 1.0, "Hard Disk Footer Format". */
const fixed = 2;
const dynamic = 3;
const differencing = 4;

/** A VHD that begins with a copy of its footer: dynamic and differencing disks. Source: the same, "Overview of dynamic disks". */
export const vhd: Probe = function* () {
  const footer = yield* region(0, footerBytes);
  if (!startsWith(footer, cookie)) return null;
  const type = footer.view.getUint32(60);
  return match('vhd', u64(footer.view, 48, false), [
    !isWhole(footer) && { rule: 'vhd.header', detail: 'the footer is cut off' },
    type === differencing && { rule: 'vhd.differencing', detail: 'disk type 4' },
    type !== dynamic && type !== differencing && type !== fixed && { rule: 'vhd.header', detail: `disk type ${type}` },
  ]);
};

/** A fixed VHD is a raw disk with a footer behind it, so what is in the disk may look like another format. */
export const fixedVhd: Probe = function* () {
  const { tail, sizeBytes } = yield* end();
  if (sizeBytes < footerBytes || tail.receivedBytes < footerBytes) return null;
  const at = tail.bytes.byteLength - footerBytes;
  const view = new DataView(tail.bytes.buffer, tail.bytes.byteOffset + at, footerBytes);
  if (latin1(tail.bytes, at, at + 8) !== cookie || view.getUint32(60) !== fixed || !checksumHolds(view)) return null;
  return { ...match('vhd', u64(view, 48, false), []), isWeak: true };
};

/** One's complement of the sum of all bytes but the checksum's own. Source: the same, "Checksum". */
function checksumHolds(view: DataView): boolean {
  let sum = 0;
  for (let at = 0; at < view.byteLength; at += 1) sum += at >= 64 && at < 68 ? 0 : view.getUint8(at);
  return (~sum >>> 0) === view.getUint32(64);
}
