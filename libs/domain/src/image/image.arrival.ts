import { Problem } from '../problem.js';
import type { ArrivalType, DataInspection, Image, ImageEvent, ImportMethod } from './image.js';

/** The name that exports have among stores: their bytes go there, and nothing of them stays with us. */
export const exportStoreId = 'os_glance_export';
/** The name that other regions have among stores, where copies of an image are made there. */
export const regionsStoreId = 'os_glance_regions';

/** Whether an image never comes to be, because its action is about another one. */
export const isErrand = ({ importing }: Pick<Image, 'importing'>): boolean => importing !== null && errandMethods.has(importing.method);
const errandMethods: ReadonlySet<ImportMethod> = new Set(['export-image', 'clone-image', 'replicate-image']);

/** The actions that leave no image here. */
export const errandTypes = ['export', 'clone', 'replicate'] as const satisfies readonly ArrivalType[];
export const isErrandType = (actionType: string): boolean => errandTypes.some((type) => type === actionType);

/** What comes of an image whose import failed: nothing, where nobody ever saw it. */
export const unlessArriving = (image: Image): ImageEvent[] => (image.arriving ? [{ type: 'ImageDeleted', data: {} }, ...nothingLeft(image)] : []);

/** An errand is done: what was asked for stands elsewhere. */
export const errandDone = (importId: string, image: Image): ImageEvent[] => [{ type: 'ImageImportSucceeded', data: { importId } }, ...unlessArriving(image)];

/** What was sent away, or was about to be, nobody has to look for. */
const nothingLeft = (image: Image): ImageEvent[] =>
  (isErrand(image) ? image.attempts.map(({ attemptId, storeId }): ImageEvent => ({ type: 'ImageDataRemoved', data: { attemptId, storeId } })) : []);

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
