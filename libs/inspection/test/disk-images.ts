import { be, file, le, text, type Amount, type Piece } from './bytes.js';

export interface Partition { boot?: number; type?: number; chs?: number; firstSector?: number; sectors?: number }

/** Sector 0 of a partitioned disk. */
export const mbrSector = (partitions: readonly Partition[]): Piece[] => [
  [0, Uint8Array.of(0x33, 0xc0, 0x8e, 0xd0)],
  ...partitions.map(({ boot = 0, type = 0x83, chs = 0x000200, firstSector = 2048, sectors = 4096 }, index): Piece =>
    [446 + index * 16, Uint8Array.from([boot, ...be(3, chs), type, 0xff, 0xff, 0xff, ...le(4, firstSector), ...le(4, sectors)])]),
  [510, Uint8Array.of(0x55, 0xaa)],
];

export const mbrImage = (partitions: readonly Partition[] = [{ boot: 0x80 }]): Uint8Array => file(8192, mbrSector(partitions));

export const gptImage = (partitions: readonly Partition[] = [{ type: 0xee, firstSector: 1, sectors: 127 }], more: readonly Piece[] = []): Uint8Array => file(8192, [
  ...mbrSector(partitions),
  [512, text('EFI PART')], [520, le(4, 0x10000)], [524, le(4, 92)], [536, le(8, 1)], [544, le(8, 127)], [552, le(8, 34)], [560, le(8, 94)], [584, le(8, 2)], [592, le(4, 128)], [596, le(4, 128)],
  ...more,
]);

/** The boot sector of a FAT file system, which has the signature of an MBR. */
export const fatImage = (): Uint8Array => file(8192, [
  [0, Uint8Array.of(0xeb, 0x3c, 0x90)], [3, text('mkfs.fat')], [11, le(2, 512)], [13, le(1, 4)], [14, le(2, 1)], [16, le(1, 2)], [17, le(2, 512)], [19, le(2, 128)], [21, le(1, 0xf8)], [22, le(2, 1)],
  [38, le(1, 0x29)], [43, text('NO NAME    ')], [54, text('FAT12   ')], [510, Uint8Array.of(0x55, 0xaa)],
]);

const volume = (type: number, blocks: number, blockBytes: number): Uint8Array => file(2048, [
  [0, le(1, type)], [1, text('CD001')], [6, le(1, 1)], [80, le(4, blocks)], [84, be(4, blocks)], [128, le(2, blockBytes)], [130, be(2, blockBytes)],
]);

export const isoImage = ({ blocks = 2000, blockBytes = 2048, bootFirst = false, more = [] }: { blocks?: number; blockBytes?: number; bootFirst?: boolean; more?: readonly Piece[] } = {}): Uint8Array => file(40960, [
  ...more,
  ...(bootFirst ? [volume(0, 0, 0), volume(1, blocks, blockBytes), volume(255, 0, 0)] : [volume(1, blocks, blockBytes), volume(255, 0, 0)]).map((each, index): Piece => [32768 + index * 2048, each]),
]);

/** The boot sector of NTFS. */
export const ntfsImage = (): Uint8Array => file(8192, [[0, Uint8Array.of(0xeb, 0x52, 0x90)], [3, text('NTFS    ')], [11, le(2, 512)], [13, le(1, 8)], [21, le(1, 0xf8)], [510, Uint8Array.of(0x55, 0xaa)]]);

/** LUKS of the first version; the payload begins at a sector. */
export const luks1Image = ({ version = 1, payloadSector = 64 }: { version?: number; payloadSector?: number } = {}): Uint8Array => file(65536, [
  [0, text('LUKS\xba\xbe')], [6, be(2, version)], [8, text('aes')], [40, text('xts-plain64')], [72, text('sha256')], [104, be(4, payloadSector)], [108, be(4, 64)],
]);

export const luks2Image = ({ json = '{"keyslots":{},"segments":{"0":{"type":"crypt","offset":"32768","size":"dynamic"}}}', headerBytes = 16384 }: { json?: string; headerBytes?: Amount } = {}): Uint8Array => file(65536, [
  [0, text('LUKS\xba\xbe')], [6, be(2, 2)], [8, be(8, headerBytes)], [16, be(8, 1)], [72, text('sha256')], [4096, text(json)],
]);

export const ploopImage = ({ magic = 'WithouFreSpacExt', version = 2, sectors = 2097152, clusterSectors = 2048 }: { magic?: string; version?: number; sectors?: Amount; clusterSectors?: number } = {}): Uint8Array => file(8192, [
  [0, text(magic)], [16, le(4, version)], [20, le(4, 16)], [24, le(4, 1024)], [28, le(4, clusterSectors)], [32, le(4, 1024)], [36, le(8, sectors)], [48, le(4, 2048)],
]);
