import { file, le, text, type Amount, type Piece } from './bytes.js';

const sector = 512;

export interface VmdkText { createType?: string; extents?: readonly string[]; parentCid?: string; more?: string }
export const vmdkText = ({ createType = 'monolithicSparse', extents = ['RW 2097152 SPARSE "disk.vmdk"'], parentCid = 'ffffffff', more = '' }: VmdkText = {}): string =>
  ['# Disk DescriptorFile', 'version=1', 'CID=fffffffe', `parentCID=${parentCid}`, `createType="${createType}"`, '', '# Extent description', ...extents, '',
    '# The Disk Data Base', '#DDB', '', 'ddb.virtualHWVersion = "4"', 'ddb.geometry.cylinders = "2080"', more, ''].join('\n');

export interface Vmdk {
  version?: number;
  capacitySectors?: Amount;
  descriptor?: string;
  descriptorSector?: Amount;
  descriptorSectors?: Amount;
  /** Whether the header is repeated at the end, and what differs there. */
  footer?: 'same' | 'other capacity' | 'missing';
}

const plain = { version: 1, capacitySectors: 2097152, descriptorSector: 1, descriptorSectors: 20 };

/** One sparse file with its descriptor inside. */
export function vmdkImage({ descriptor = vmdkText(), footer, ...options }: Vmdk = {}): Uint8Array {
  const { version, capacitySectors, descriptorSector, descriptorSectors } = { ...plain, ...options };
  const sizeBytes = 64 * sector;
  const header = (capacity: Amount, gdOffset: Amount): Uint8Array => file(sector, [
    [0, text('KDMV')], [4, le(4, version)], [8, le(4, 3)], [12, le(8, capacity)], [20, le(8, 128)], [28, le(8, descriptorSector)], [36, le(8, descriptorSectors)],
    [44, le(4, 512)], [48, le(8, 21)], [56, le(8, gdOffset)], [64, le(8, 128)], [73, text('\n \r\n')],
  ]);
  const pieces: Piece[] = [[0, header(capacitySectors, footer === undefined ? 26 : 0xffffffffffffffffn)], [sector, text(descriptor)]];
  if (footer === 'same' || footer === 'other capacity') {
    pieces.push([sizeBytes - 3 * sector, file(sector, [[0, le(8, 1)], [12, le(4, 3)]])]);
    pieces.push([sizeBytes - 2 * sector, header(footer === 'same' ? capacitySectors : 4096, 26)]);
  }
  return file(sizeBytes, pieces);
}

export const vmdkDescriptorFile = (options: VmdkText = {}): Uint8Array =>
  text(vmdkText({ createType: 'monolithicFlat', extents: ['RW 2097152 FLAT "disk-flat.vmdk" 0'], ...options }));

/** An extent of VMFS, which has no descriptor inside. */
export const cowdImage = (): Uint8Array => file(4096, [[0, text('COWD')], [4, le(4, 1)], [8, le(4, 3)], [12, le(4, 2097152)], [16, le(4, 1)]]);
