import { Problem } from '#libs/domain';
import { crashPoint } from '#libs/event-log';
import { isRefusedForData, watchFormat, type FormatRules, type FormatWatch, type OutputFormat } from '#libs/transfers';
import type { Plugin, PluginContext, Prepared } from './prepare.js';
import { convert, isConvertible, type QemuImg } from './qemu-img.js';
import type { WorkFile } from './work-room.js';

export interface ConversionOptions {
  /** (glance: output_format) */
  readonly outputFormat: OutputFormat;
  readonly formats: FormatRules;
  readonly qemu: QemuImg;
}

/** A disk with partitions is a raw disk. */
const accepted = (diskFormat: string): readonly string[] => (diskFormat === 'raw' ? ['raw', 'gpt', 'mbr'] : [diskFormat]);

/**
 * The plugin image_conversion: what comes in becomes an image of the operator's format. Iso is left as it is, and so is what lies in a
 * container or what qemu-img does not know. Our own inspection comes first, and what came out is inspected as it goes into the store: one
 * format may hide another. Refuses: DataFormatMismatch, DataFormatUnknown, DataUnsafe, ImageTooLarge, DataNotConverted. Source: glance: plugins/image_conversion.py; API.md section 23.
 */
export const imageConversion = ({ outputFormat, formats, qemu }: ConversionOptions): Plugin => async (prepared, context) => {
  const { diskFormat, containerFormat } = prepared.claim;
  if (prepared.claim.isFound) throw new Problem('DataFormatUnknown', { imageId: context.imageId, found: `to be made ${outputFormat} here, by what it is said to be` });
  if (containerFormat !== 'bare' || diskFormat === null || !isConvertible(diskFormat)) return prepared;
  if (diskFormat === outputFormat) return { ...prepared, onlyFormats: accepted(outputFormat) };
  const watch = watchFormat(formats, context.imageId, prepared.claim);
  const file = await context.room.spool(prepared, context, watch.onBytes);
  crashPoint('after-spool');
  const { virtualSizeBytes = 0 } = await judged(watch, diskFormat, context);
  if (outputFormat === 'raw' && virtualSizeBytes > context.limitBytes) throw new Problem('ImageTooLarge', { limitBytes: context.limitBytes });
  const result = await converted({ file, diskFormat, virtualSizeBytes }, outputFormat, qemu, context);
  crashPoint('after-conversion');
  return fromResult(prepared, { file, diskFormat }, result, outputFormat, context);
};

/** What the bytes are, where they are what they claim; a mismatch is refused also where the operator lets mismatches pass. */
async function judged(watch: FormatWatch, diskFormat: string, { imageId, recordInspection }: PluginContext): Promise<{ virtualSizeBytes?: number }> {
  try {
    const gained = watch.accept();
    const found = watch.found().inspection?.format ?? 'several formats at once';
    if (accepted(diskFormat).includes(found)) return gained;
    throw new Problem('DataFormatMismatch', { imageId, detail: `its disk_format is ${diskFormat}, but its data is ${found}` });
  } catch (error) {
    const { inspection } = isRefusedForData(error) ? watch.found() : {};
    // Why the data is refused matters more than that it could not be written down.
    if (inspection) await recordInspection(inspection).catch(() => undefined);
    throw error;
  }
}

interface Came { readonly file: WorkFile; readonly diskFormat: string; readonly virtualSizeBytes: number }

async function converted({ file, diskFormat, virtualSizeBytes }: Came, outputFormat: string, qemu: QemuImg, context: PluginContext): Promise<Pick<WorkFile, 'path' | 'key'>> {
  const { imageId, room, progress, limitBytes, signal, alive } = context;
  const to = await room.newFile();
  progress.step('converting', virtualSizeBytes);
  const onPercent = (percent: number): void => { progress.moved(Math.round(virtualSizeBytes * percent / 100)); };
  await convert(qemu, { imageId, from: { path: file.path, diskFormat }, to: { path: to.path, diskFormat: outputFormat }, limitBytes }, { signal, alive, onPercent });
  return to;
}

async function fromResult(before: Prepared, came: Omit<Came, 'virtualSizeBytes'>, { key, path }: Pick<WorkFile, 'path' | 'key'>, outputFormat: string, { room, progress }: PluginContext): Promise<Prepared> {
  const bytes = await room.read(key);
  progress.step('receiving', bytes.sizeBytes);
  const { sizeBytes, checksum } = came.file;
  return {
    bytes, declaredSizeBytes: bytes.sizeBytes, claim: { diskFormat: outputFormat, containerFormat: 'bare' }, onlyFormats: accepted(outputFormat),
    file: { key, path, sizeBytes: bytes.sizeBytes, checksum: '' },
    done: [...before.done, { step: 'converted', fromDiskFormat: came.diskFormat, toDiskFormat: outputFormat, fromSizeBytes: sizeBytes, fromChecksum: checksum }],
  };
}
