import { end, match, region, type Finding, type Probe } from '../probe.js';
import { latin1, type Region } from '../region.js';

const entriesAt = 446;
const entryBytes = 16;
const protective = 0xee;

interface Entry { readonly index: number; readonly boot: number; readonly type: number; readonly firstSector: number; readonly firstChs: number }

/** A disk with a master boot record, alone (`mbr`) or protecting a GUID partition table (`gpt`). Source: UEFI 2.10, 5.2 "LBA 0 Format", 5.3 "GUID Partition Table". */
export const gpt: Probe = function* () {
  const sector = yield* region(0, 512);
  if (sector.view.getUint16(510) !== 0x55aa || isFileSystem(sector)) return null;
  const entries = partitions(sector);
  // Without a protective partition a GUID table is a remainder that nobody reads.
  const isGpt = entries.some(({ type }) => type === protective);
  const { sizeBytes } = yield* end();
  return match(isGpt ? 'gpt' : 'mbr', sizeBytes, [...recordFindings(entries), ...(isGpt ? protectiveFindings(entries) : [])]);
};

const partitions = ({ view }: Region): Entry[] => [0, 1, 2, 3].map((index) => {
  const at = entriesAt + index * entryBytes;
  // The cylinder, head and sector of the start are the three bytes before the type.
  return { index, boot: view.getUint8(at), firstChs: view.getUint32(at) & 0xffffff, type: view.getUint8(at + 4), firstSector: view.getUint32(at + 8, true) };
});

function* recordFindings(entries: readonly Entry[]): Generator<Finding> {
  for (const { index, boot } of entries) {
    if (boot !== 0 && boot !== 0x80) yield { rule: 'gpt.mbr', detail: `partition ${index} has boot indicator ${boot}` };
  }
  if (entries.every(({ type }) => type === 0)) yield { rule: 'gpt.mbr', detail: 'there is no partition' };
}

/** The protective partition is the first and only one, and begins at sector 1. */
function* protectiveFindings(entries: readonly Entry[]): Generator<Finding> {
  const wrong = (detail: string): Finding => ({ rule: 'gpt.gptmbr', detail });
  if (entries.some(({ index, type }) => type !== (index === 0 ? protective : 0))) yield wrong('the protective partition is not the first and only one');
  for (const { type, firstSector, firstChs } of entries) {
    if (type === protective && firstSector !== 1) yield wrong(`the protective partition begins at sector ${firstSector}`);
    if (type === protective && firstChs !== 0x000200) yield wrong(`the protective partition begins at CHS 0x${firstChs.toString(16)}`);
  }
}

/** The boot sector of a file system has the same signature, but no partitions where an MBR has them.
 *  Source: Microsoft, "FAT: General Overview of On-Disk Format" 1.03, "Boot Sector and BPB"; "exFAT file system specification", 3.1. */
function isFileSystem({ bytes, view }: Region): boolean {
  const jumps = (view.getUint8(0) === 0xeb && view.getUint8(2) === 0x90) || view.getUint8(0) === 0xe9;
  return jumps && (['NTFS    ', 'EXFAT   '].includes(latin1(bytes, 3, 11)) || hasFatParameters(view));
}

function hasFatParameters(view: DataView): boolean {
  const [bytesPerSector, sectorsPerCluster, reserved, fats, media] = [view.getUint16(11, true), view.getUint8(13), view.getUint16(14, true), view.getUint8(16), view.getUint8(21)];
  const isPowerOfTwo = sectorsPerCluster > 0 && (sectorsPerCluster & (sectorsPerCluster - 1)) === 0;
  return [512, 1024, 2048, 4096].includes(bytesPerSector) && isPowerOfTwo && reserved > 0 && (fats === 1 || fats === 2) && (media === 0xf0 || media >= 0xf8);
}
