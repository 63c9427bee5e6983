import { end, match, maxRegionBytes, region, type Finding, type Match, type Probe, type Reading } from '../probe.js';
import { isWhole, latin1, startsWith, times, u64, zeroTerminated, type Region } from '../region.js';
import { descriptorFindings, readDescriptor } from './vmdk-descriptor.js';

const sectorBytes = 512;
const footerBytes = 1024;
/** Where gdOffset says so, the header is repeated at the end, and what stands there counts. */
const atEnd = 0xffffffffffffffffn;
/** How far readers look for the first assignment of a descriptor file. */
const descriptorStartBytes = 2048;
/** Bytes of the header that a footer repeats: all but gdOffset and what follows it. */
const repeated = [[0, 48]] as const;

/** VMDK: one sparse file with its descriptor inside, or a descriptor that stands alone. Source: VMware, "Virtual Disk Format 5.0", "Hosted Sparse Extents", "Stream-Optimized Compressed Sparse Extents". */
export const vmdk = (allowedTypes: readonly string[]): Probe => function* () {
  const start = yield* region(0, sectorBytes);
  if (startsWith(start, 'KDMV')) return yield* sparse(start, allowedTypes);
  if (startsWith(start, 'COWD')) return match('vmdk', times(start.view.getUint32(12, true), sectorBytes), [{ rule: 'vmdk.create_type', detail: 'an extent of VMFS' }]);
  if (start.view.getUint8(0) !== 0x23) return null;
  return yield* text(start);
};

function* sparse(header: Region, allowedTypes: readonly string[]): Reading<Match> {
  const { view } = header;
  const findings: Finding[] = [];
  const descriptor = yield* embeddedDescriptor(times(u64(view, 28, true), sectorBytes), times(u64(view, 36, true), sectorBytes));
  if (descriptor === undefined) findings.push({ rule: 'vmdk.descriptor', detail: 'there is none in this file, or it is too large' });
  else findings.push(...descriptorFindings(readDescriptor(descriptor), allowedTypes));
  if (view.getBigUint64(56, true) === atEnd) {
    const { tail } = yield* end();
    if (!repeats(tail, header)) findings.push({ rule: 'vmdk.footer', detail: 'the footer is missing or differs from the header' });
  }
  return match('vmdk', times(u64(view, 12, true), sectorBytes), findings);
}

function* embeddedDescriptor(at: number | undefined, lengthBytes: number | undefined): Reading<string | undefined> {
  if (at === undefined || lengthBytes === undefined || at < sectorBytes || lengthBytes === 0 || lengthBytes > maxRegionBytes) return undefined;
  return zeroTerminated((yield* region(at, lengthBytes)).bytes);
}

function repeats(tail: Region, header: Region): boolean {
  const footer = tail.bytes.subarray(tail.bytes.byteLength - footerBytes);
  return isWhole(tail) && repeated.every(([from, to]) => header.bytes.subarray(from, to).every((byte, index) => footer[from + index] === byte));
}

/** A descriptor without data: whatever it names is in other files. */
function* text(start: Region): Reading<Match | null> {
  const more = yield* region(sectorBytes, descriptorStartBytes - sectorBytes);
  const beginning = latin1(start.bytes) + latin1(more.bytes);
  const firstAssignment = beginning.split('\n').find((line) => line.trim() !== '' && !line.startsWith('#'));
  if (!/^# Disk Descriptor/i.test(beginning) && !/^version=[123]\s*$/.test(firstAssignment ?? '')) return null;
  const rest = yield* region(descriptorStartBytes, maxRegionBytes - descriptorStartBytes);
  const { createTypes, extents } = readDescriptor(zeroTerminated(start.bytes) + zeroTerminated(more.bytes) + zeroTerminated(rest.bytes));
  const sectors = extents.reduce((sum, each) => sum + each.sectors, 0);
  return match('vmdk', times(sectors, sectorBytes), [
    ...createTypes.slice(0, 1).map((type) => ({ rule: 'vmdk.create_type', detail: type }) as const),
    ...extents.slice(0, 3).map(({ line }) => ({ rule: 'vmdk.extent', detail: line }) as const),
    extents.length === 0 && { rule: 'vmdk.descriptor', detail: 'there is no extent' },
  ]);
}
