import { end, match, maxRegionBytes, region, type Finding, type Match, type Probe, type Reading } from '../probe.js';
import { isWhole, latin1, startsWith, times, u64, zeroTerminated, type Region } from '../region.js';
import { descriptorFindings, readDescriptor } from './vmdk-descriptor.js';

const sectorBytes = 512;
const footerMarker = 3;
/** Where gdOffset says so, the header is repeated at the end, and what stands there counts. */
const atEnd = 0xffffffffffffffffn;
/** How far readers look for the first assignment of a descriptor file. */
const descriptorStartBytes = 2048;
/** A descriptor file begins with comments, blanks or its version. */
const textStarts = ['#', ' ', '\t', '\r', '\n', 'v'];
/** How much of the header a footer repeats: all in front of the offsets of grain directories. */
const repeatedBytes = 48;

/** VMDK: one sparse file with its descriptor inside, or a descriptor that stands alone. Source: VMware, "Virtual Disk Format 5.0", "Hosted Sparse Extents", "Stream-Optimized Compressed Sparse Extents". */
export const vmdk = (allowedTypes: readonly string[]): Probe => function* () {
  const start = yield* region(0, sectorBytes);
  if (startsWith(start, 'KDMV')) return yield* sparse(start, allowedTypes);
  if (startsWith(start, 'COWD')) return match('vmdk', times(start.view.getUint32(12, true), sectorBytes), [{ rule: 'vmdk.create_type', detail: 'an extent of VMFS' }]);
  if (!textStarts.includes(latin1(start.bytes, 0, 1))) return null;
  return yield* text(start);
};

function* sparse(header: Region, allowedTypes: readonly string[]): Reading<Match> {
  const { view } = header;
  const findings: Finding[] = [];
  const version = view.getUint32(4, true);
  if (version < 1 || version > 3) findings.push({ rule: 'vmdk.header', detail: `version ${version}` });
  const descriptor = yield* embeddedDescriptor(times(u64(view, 28, true), sectorBytes), times(u64(view, 36, true), sectorBytes));
  if (descriptor === undefined) findings.push({ rule: 'vmdk.descriptor', detail: 'there is none in this file, or it is too large or cut off' });
  else findings.push(...descriptorFindings(readDescriptor(descriptor), allowedTypes));
  if (view.getBigUint64(56, true) === atEnd) {
    const { tail } = yield* end();
    if (!isFooterOf(tail, header)) findings.push({ rule: 'vmdk.footer', detail: 'the footer is missing or differs from the header' });
  }
  return match('vmdk', times(u64(view, 12, true), sectorBytes), findings);
}

function* embeddedDescriptor(at: number | undefined, lengthBytes: number | undefined): Reading<string | undefined> {
  if (at === undefined || lengthBytes === undefined || at < sectorBytes || lengthBytes === 0 || lengthBytes > maxRegionBytes) return undefined;
  const descriptor = yield* region(at, lengthBytes);
  return isWhole(descriptor) && startsWith(descriptor, '# Disk DescriptorFile') ? zeroTerminated(descriptor.bytes) : undefined;
}

/** The last three sectors: a marker that announces one sector of footer, the footer, and a marker of nothing that ends the stream. */
function isFooterOf({ bytes, view, receivedBytes }: Region, header: Region): boolean {
  const [marker, footer, last] = [0, 1, 2].map((index) => bytes.subarray(bytes.byteLength - (3 - index) * sectorBytes).subarray(0, sectorBytes)) as [Uint8Array, Uint8Array, Uint8Array];
  const at = bytes.byteLength - 3 * sectorBytes;
  const announces = view.getBigUint64(at, true) === 1n && view.getUint32(at + 8, true) === 0 && view.getUint32(at + 12, true) === footerMarker && isZero(marker.subarray(16));
  return receivedBytes >= 3 * sectorBytes && announces && header.bytes.subarray(0, repeatedBytes).every((byte, index) => footer[index] === byte) && isZero(last);
}

const isZero = (bytes: Uint8Array): boolean => bytes.every((byte) => byte === 0);

/** A descriptor without data: whatever it names is in other files. */
function* text(start: Region): Reading<Match | null> {
  const more = yield* region(sectorBytes, descriptorStartBytes - sectorBytes);
  const beginning = latin1(start.bytes) + latin1(more.bytes);
  const firstAssignment = beginning.split('\n').find((line) => line.trim() !== '' && !line.startsWith('#'));
  if (!/^# Disk Descriptor/im.test(beginning) && !/^version=[123]\s*$/.test(firstAssignment ?? '')) return null;
  const rest = yield* region(descriptorStartBytes, maxRegionBytes - descriptorStartBytes);
  const { createTypes, extents } = readDescriptor(zeroTerminated(start.bytes) + zeroTerminated(more.bytes) + zeroTerminated(rest.bytes));
  const sectors = extents.reduce((sum, each) => sum + each.sectors, 0);
  return match('vmdk', times(sectors, sectorBytes), [
    ...createTypes.slice(0, 1).map((type) => ({ rule: 'vmdk.create_type', detail: type }) as const),
    ...extents.slice(0, 3).map(({ line }) => ({ rule: 'vmdk.extent', detail: line }) as const),
    extents.length === 0 && { rule: 'vmdk.descriptor', detail: 'there is no extent' },
  ]);
}
