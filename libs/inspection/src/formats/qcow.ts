import { match, region, type Finding, type Probe } from '../probe.js';
import { startsWith, u64, type Region } from '../region.js';

const magic = 'QFI\xfb';
/** Incompatible features: bits 0 to 4 are defined, bit 2 is the external data file. */
const dataFileBit = 1n << 2n;
const knownIncompatible = 0b11111n;
const dataFileExtension = 0x44415441;

/** qcow2, versions 2 and 3; another version is refused by name. Source: QEMU docs/interop/qcow2, "Header" and "Header extensions". */
export const qcow2: Probe = function* () {
  // Header extensions lie in the first cluster; what names a data file stands among the first of them.
  const header = yield* region(0, 4096);
  const version = header.view.getUint32(4);
  if (!startsWith(header, magic) || version === 1) return null;
  return match('qcow2', u64(header.view, 24, false), [
    ...headerFindings(header, version),
    ...featureFindings(header, version),
    backingFile(header, 'qcow2.backing_file'),
  ]);
};

/** qcow, version 1. Source: QEMU block/qcow.c as documented in "qcow image format" (M. McLoughlin). */
export const qcow: Probe = function* () {
  const header = yield* region(0, 48);
  if (!startsWith(header, magic) || header.view.getUint32(4) !== 1) return null;
  return match('qcow', u64(header.view, 24, false), [
    { rule: 'qcow.banned', detail: 'version 1' },
    backingFile(header, 'qcow.backing_file'),
  ]);
};

/** QED. Source: QEMU docs/interop/qed_spec. */
export const qed: Probe = function* () {
  const header = yield* region(0, 64);
  if (!startsWith(header, 'QED\0')) return null;
  const features = header.view.getBigUint64(16, true);
  return match('qed', u64(header.view, 48, true), [
    { rule: 'qed.banned', detail: 'QED' },
    (features & 0b101n) !== 0n && { rule: 'qed.backing_file', detail: `feature bits 0x${features.toString(16)}` },
    (features & ~0b111n) !== 0n && { rule: 'qed.unknown_features', detail: `feature bits 0x${(features & ~0b111n).toString(16)}` },
  ]);
};

const headerLength = ({ view }: Region, version: number): number => (version >= 3 ? view.getUint32(100) : 72);

function* headerFindings(header: Region, version: number): Generator<Finding> {
  const { view, receivedBytes } = header;
  const wrong = (detail: string): Finding => ({ rule: 'qcow2.header', detail });
  if (receivedBytes < (version >= 3 ? 104 : 72)) yield wrong('the header is cut off');
  const [clusterBits, cryptMethod, lengthBytes] = [view.getUint32(20), view.getUint32(32), headerLength(header, version)];
  if (clusterBits < 9 || clusterBits > 21) yield wrong(`cluster_bits is ${clusterBits}`);
  if (cryptMethod > 2) yield wrong(`crypt_method is ${cryptMethod}`);
  if (version === 3 && (lengthBytes < 104 || lengthBytes % 8 !== 0)) yield wrong(`header_length is ${lengthBytes}`);
}

function* featureFindings(header: Region, version: number): Generator<Finding> {
  if (version !== 2 && version !== 3) yield { rule: 'qcow2.unknown_features', detail: `version ${version}` };
  const incompatible = version >= 3 ? header.view.getBigUint64(72) : 0n;
  const unknown = incompatible & ~knownIncompatible;
  if (unknown !== 0n) yield { rule: 'qcow2.unknown_features', detail: `incompatible feature bits 0x${unknown.toString(16)}` };
  if ((incompatible & dataFileBit) !== 0n) yield { rule: 'qcow2.data_file', detail: 'the external data file bit is set' };
  else if (extensionTypes(header, headerLength(header, version)).includes(dataFileExtension)) {
    yield { rule: 'qcow2.data_file', detail: 'a header extension names an external data file' };
  }
}

/** Walks the header extensions as far as the region goes: type, length, data padded to eight bytes, until type 0. */
function extensionTypes({ view }: Region, start: number): number[] {
  const types: number[] = [];
  for (let at = start; at + 8 <= view.byteLength; at += 8 + Math.ceil(view.getUint32(at + 4) / 8) * 8) {
    const type = view.getUint32(at);
    if (type === 0) break;
    types.push(type);
  }
  return types;
}

/** A backing file is one as soon as its offset or its length is set: readers differ in which of them they look at. */
function backingFile({ view }: Region, rule: Finding['rule']): Finding | false {
  const [offset, lengthBytes] = [view.getBigUint64(8), view.getUint32(16)];
  return (offset !== 0n || lengthBytes !== 0) && { rule, detail: `a name of ${lengthBytes} bytes at ${offset}` };
}
