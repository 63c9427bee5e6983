import { be, file, le, text, type Amount, type Piece } from './bytes.js';

/** The footer of a VHD: type 2 fixed, 3 dynamic, 4 differencing. */
function vhdFooter(type: number, sizeBytes: Amount): Uint8Array {
  const footer = file(512, [
    [0, text('conectix')], [8, be(4, 2)], [12, be(4, 0x10000)], [16, be(8, type === 2 ? 0xffffffffffffffffn : 512n)], [24, be(4, 0x2e000000)],
    [28, text('test')], [32, be(4, 0x10000)], [36, text('Wi2k')], [40, be(8, sizeBytes)], [48, be(8, sizeBytes)], [56, be(4, 0x0820103f)], [60, be(4, type)], [68, text('heliographheliog')],
  ]);
  footer.set(be(4, (~footer.reduce((sum, byte) => sum + byte, 0)) >>> 0), 64);
  return footer;
}

export function vhdImage({ type = 3, sizeBytes = 1 << 30 }: { type?: number; sizeBytes?: Amount } = {}): Uint8Array {
  const footer = vhdFooter(type, sizeBytes);
  return file(4096, [[0, footer], [512, text('cxsparse')], [520, be(8, 0xffffffffffffffffn)], [528, be(8, 1536)], [536, be(4, 0x10000)], [540, be(4, 512)], [544, be(4, 0x200000)], [4096 - 512, footer]]);
}

/** A raw disk with a footer behind it. */
export const fixedVhdImage = (disk: Uint8Array): Uint8Array => Uint8Array.from([...disk, ...vhdFooter(2, disk.byteLength)]);

export function guid(value: string): Uint8Array {
  const [a = '', b = '', c = '', ...rest] = value.split('-');
  const hex = (digits: string): Uint8Array => Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
  return Uint8Array.from([...hex(a).reverse(), ...hex(b).reverse(), ...hex(c).reverse(), ...hex(rest.join(''))]);
}

const bat = '2DC27766-F623-4200-9D64-115E9BFD4A08';
const metadata = '8B7CA206-4790-4B9A-B8FE-575F050F886E';
const fileParameters = 'CAA16737-FA36-4D43-B3B6-33F0AA44E76B';
const virtualDiskSize = '2FA54224-CD1B-4876-B211-5DBED83BF4B8';
const mib = 1 << 20;

export interface Vhdx {
  sizeBytes?: Amount;
  hasParent?: boolean;
  metadataAt?: Amount;
  /** Besides the two that are always there: id and whether it is required. */
  moreRegions?: readonly (readonly [string, boolean])[];
  regionCount?: number;
  metadataCount?: number;
  sizeItemAt?: number;
  withTable?: boolean;
}

const plain = { sizeBytes: 1 << 30, hasParent: false, metadataAt: mib, moreRegions: [], metadataCount: 2, sizeItemAt: 65536, withTable: true };

/** Headers, a region table and metadata; parameters stand behind the size, as both orders are legal. */
export function vhdxImage(options: Vhdx = {}): Uint8Array {
  const { sizeBytes, hasParent, metadataCount, sizeItemAt, withTable } = { ...plain, ...options };
  return file(mib + 68 * 1024, [
    [0, text('vhdxfile')], [65536, text('head')], [131072, text('head')],
    ...(withTable ? regionTable(options) : []),
    [mib, text('metadata')], [mib + 10, le(2, metadataCount)], ...metadataItem(0, virtualDiskSize, sizeItemAt), ...metadataItem(1, fileParameters, 65536 + 8),
    [mib + 65536, le(8, sizeBytes)], [mib + 65536 + 8, le(4, mib)], [mib + 65536 + 12, le(4, hasParent ? 2 : 0)],
  ]);
}

function regionTable({ metadataAt, moreRegions, regionCount }: Vhdx): Piece[] {
  const tableAt = 192 * 1024;
  const regions: [string, Amount, boolean][] = [
    [bat, 2 * mib, true], [metadata, metadataAt ?? mib, true], ...(moreRegions ?? []).map(([id, isRequired]): [string, Amount, boolean] => [id, 3 * mib, isRequired]),
  ];
  const entries = regions.flatMap(([id, at, isRequired], index): Piece[] => {
    const entryAt = tableAt + 16 + index * 32;
    return [[entryAt, guid(id)], [entryAt + 16, le(8, at)], [entryAt + 24, le(4, mib)], [entryAt + 28, le(4, isRequired ? 1 : 0)]];
  });
  return [[tableAt, text('regi')], [tableAt + 8, le(4, regionCount ?? regions.length)], ...entries];
}

function metadataItem(index: number, id: string, at: number): Piece[] {
  const entryAt = mib + 32 + index * 32;
  return [[entryAt, guid(id)], [entryAt + 16, le(4, at)], [entryAt + 20, le(4, 8)], [entryAt + 24, le(4, 4)]];
}

export const vdiImage = ({ type = 1, sizeBytes = 1 << 30, version = 0x10001, parent = 0 }: { type?: number; sizeBytes?: Amount; version?: number; parent?: Amount } = {}): Uint8Array => file(4096, [
  [0, text('<<< Oracle VM VirtualBox Disk Image >>>\n')], [64, le(4, 0xbeda107f)], [68, le(4, version)], [72, le(4, 400)], [76, le(4, type)],
  [340, le(4, 512)], [344, le(4, 1024)], [360, le(4, 512)], [368, le(8, sizeBytes)], [376, le(4, mib)], [384, le(4, 1024)], [392, text('heliographheliog')], [440, le(8, parent)],
]);
