import { Problem } from '../problem.js';
import type { DataInspection, Image, ImageEvent } from './image.js';

/** What comes of an image whose import failed: nothing, where nobody ever saw it. */
export const unlessArriving = ({ arriving }: Pick<Image, 'arriving'>): ImageEvent[] => (arriving ? [{ type: 'ImageDeleted', data: {} }] : []);

/** The disk formats that data can be told to be, by what inspection calls it: a disk with partitions is a raw disk. */
const formats: Readonly<Record<string, string>> = { qcow2: 'qcow2', vmdk: 'vmdk', vhd: 'vhd', vhdx: 'vhdx', vdi: 'vdi', iso: 'iso', ploop: 'ploop', gpt: 'raw', mbr: 'raw' };

/** What disk format an image has whose owner did not say: that of its data. Refuses: DataFormatUnknown; bytes of no known format may be a disk, and may be anything else. */
export function foundDiskFormat(imageId: string, inspection: Pick<DataInspection, 'format'> | undefined): string {
  const { format = 'several formats at once' } = inspection ?? { format: 'raw' };
  const found = Object.hasOwn(formats, format) ? formats[format] : undefined;
  if (found === undefined) throw new Problem('DataFormatUnknown', { imageId, found: format === 'raw' ? 'of no format that is known here' : format });
  return found;
}

/** The disk format that an image gains with its first data, where it has none. Refuses: DataFormatUnknown. */
export function foundFormat(imageId: string, { diskFormat }: Pick<Image, 'diskFormat'>, inspection: DataInspection | undefined): ImageEvent[] {
  if (diskFormat !== null) return [];
  return [{ type: 'ImagePropertiesChanged', data: { attributes: { diskFormat: foundDiskFormat(imageId, inspection) }, cleared: [], set: {}, removed: [] } }];
}
