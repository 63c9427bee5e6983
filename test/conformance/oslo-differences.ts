import type { Rule, Verdict } from '#libs/inspection';

/** What `oslo-verdicts.py` prints. `format` is null where none counts; `fault` where oslo.utils itself gave up, which Glance answers as it answers a mismatch. */
export interface OsloVerdict {
  readonly formats?: readonly string[];
  readonly format?: string | null;
  readonly virtualSizeBytes?: number;
  readonly failures?: Readonly<Record<string, string>>;
  readonly fault?: string;
}

/** Rules of ours that oslo.utils does not have, or has in a weaker form: breaking them is a refusal here and none there. */
const stricter: readonly Rule[] = [
  'any.ambiguous', 'any.virtual-size', 'qcow2.header', 'qcow2.backing_file', 'qcow2.data_file', 'vmdk.header', 'vmdk.descriptor', 'vmdk.create_type', 'vmdk.extent', 'vmdk.parent', 'vmdk.footer',
  'vhd.header', 'vhd.differencing', 'vhdx.header', 'vhdx.parent', 'vhdx.unknown_features', 'vdi.header', 'vdi.differencing', 'luks.header', 'ploop.header', 'qcow.banned', 'qed.banned',
];

type Test = (ours: Verdict, theirs: OsloVerdict, bytes: Uint8Array) => boolean;
const isShort: Test = (ours, theirs, bytes) => bytes.byteLength < 512 && theirs.format === 'raw' && ours.format !== 'raw';
const hasBootSignature = (bytes: Uint8Array): boolean => bytes[510] === 0x55 && bytes[511] === 0xaa;
const fails = ({ failures = {} }: OsloVerdict, ...checks: string[]): boolean => Object.keys(failures).join() === checks.join();

/** Where we accept what oslo.utils refuses or takes for something else, and why. */
const lenient: readonly (readonly [string, Test])[] = [
  ['LUKS version 2 is a format like version 1', (ours, theirs) => ours.format === 'luks' && fails(theirs, 'version') && /version 2 /.test(theirs.failures?.version ?? '')],
  ['extended L2 entries of qcow2 are a feature that is specified', (ours, theirs, bytes) => ours.format === 'qcow2' && fails(theirs, 'unknown_features') && (bytes[79]! & 0x10) !== 0],
  ['the boot sector of a file system is none of a disk', (ours, theirs, bytes) => ours.format === 'raw' && theirs.format === 'gpt' && hasBootSignature(bytes)],
  ['some boot code looks like the boot sector of FAT', (ours, theirs, bytes) => ours.format === 'mbr' && theirs.format === 'raw' && hasBootSignature(bytes)],
  ['what oslo.utils takes for FAT but may have partitions', (ours, theirs, bytes) => ours.format === null && ours.candidates.includes('mbr') && hasBootSignature(bytes) && theirs.format !== 'gpt'],
  ['a header that is all there is enough of a file', isShort],
  ['a descriptor of VMDK need not be UTF-8', (ours, theirs, bytes) => ours.format === 'vmdk' && fails(theirs, 'descriptor') && bytes.subarray(512, 512 + 20 * 512).some((byte) => byte > 0x7f)],
  ['a descriptor begins at the beginning of a line', (ours, theirs, bytes) => ours.format === 'raw' && theirs.format === 'vmdk' && Buffer.from(bytes.subarray(0, 2048)).includes('# Disk D')],
  ['ploop is recognised', (ours, theirs) => ours.format === 'ploop' && theirs.format === 'raw'],
  ['a fixed VHD is recognised by its footer', (ours, theirs) => ours.format === 'vhd' && (theirs.format === 'raw' || theirs.format === 'gpt')],
  ['the size of a VHD is its current size, not the one it was made with', (ours, theirs) => ours.format === 'vhd' && theirs.format === 'vhd' && fails(theirs)],
  ['the primary volume descriptor need not be the first', (ours, theirs) => ours.format === 'iso' && theirs.format === 'iso' && theirs.virtualSizeBytes === 0],
];

/** Undefined where both say the same; a reason where they differ for a known one; else a sentence that begins with UNEXPLAINED. */
export function difference(ours: Verdict, theirs: OsloVerdict, bytes: Uint8Array): string | undefined {
  const refusals = [ours.format === null || ours.findings.length > 0, refuses(theirs)];
  if (!refusals.includes(false)) return undefined;
  const isSame = !refusals.includes(true) && sameFormat(ours, theirs) && ours.virtualSizeBytes === theirs.virtualSizeBytes;
  if (isSame) return undefined;
  const reason = whyStricter(ours) ?? lenient.find(([, test]) => test(ours, theirs, bytes))?.[0];
  return reason ?? `UNEXPLAINED ${JSON.stringify(ours)} ${JSON.stringify(theirs)}`;
}

const refuses = (theirs: OsloVerdict): boolean => theirs.fault !== undefined || theirs.format === null || !fails(theirs);

function whyStricter({ findings }: Verdict): string | undefined {
  const missing = findings.map(({ rule }) => rule).filter((rule) => stricter.includes(rule));
  return missing.length > 0 ? `stricter: ${missing.join(', ')}` : undefined;
}

/** oslo.utils calls both kinds of partitioned disks gpt. */
const sameFormat = ({ format }: Verdict, theirs: OsloVerdict): boolean => (format === 'mbr' ? 'gpt' : format) === theirs.format;
