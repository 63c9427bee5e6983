import { Problem } from '#libs/domain';
import { conversionsIn, formatRules, importPluginsIn, type ImportPlugin } from '#libs/transfers';
import type { ImporterConfig } from '../config.js';
import { imageConversion } from './conversion.js';
import { imageDecompression } from './decompression.js';
import type { Plugin } from './prepare.js';
import { requireQemuImg, type QemuImg } from './qemu-img.js';
import { externalVerification } from './verification.js';

const mebibyte = 1024 ** 2;

/** The plugins that touch bytes, as the operator orders them. Throws where one of them cannot work here, and says what to do. */
export async function configuredPlugins(config: ImporterConfig): Promise<Plugin[]> {
  const names = importPluginsIn(config.imageImportPlugins);
  if (names.includes('image_conversion') || conversionsIn(config.imageConversions).length > 0) await requireQemuImg(qemuIn(config));
  return names.flatMap((name) => pluginOf[name](config) ?? []);
}

/** What makes a disk format of an image of another one, where a tenant asks for that; for formats that the operator does not offer, one that refuses. */
export function configuredConversions(config: ImporterConfig): (diskFormat: string) => Plugin {
  const offered = conversionsIn(config.imageConversions);
  return (diskFormat) => {
    const outputFormat = offered.find((format) => format === diskFormat);
    if (outputFormat) return imageConversion({ outputFormat, formats: formatRules(config), qemu: qemuIn(config) });
    return (_, { imageId }) => Promise.reject(new Problem('DataNotConverted', { imageId, format: diskFormat, reason: 'this importer is not told to, by heliograph.image_conversions' }));
  };
}

/** Whether plugins and conversions need files. */
export const needsFiles = ({ imageImportPlugins, imageConversions }: Pick<ImporterConfig, 'imageImportPlugins' | 'imageConversions'>): boolean =>
  imageConversions.length > 0 || importPluginsIn(imageImportPlugins).some((name) => name === 'image_conversion' || name === 'external_verification');

const pluginOf: { readonly [Name in ImportPlugin]: (config: ImporterConfig) => Plugin | undefined } = {
  no_op: () => undefined,
  // The gateway knows the caller, on whom it depends; the properties come with the request.
  inject_image_metadata: () => undefined,
  image_decompression: ({ decompressionTimes }) => imageDecompression({ mostTimes: decompressionTimes }),
  image_conversion: (config) => imageConversion({ outputFormat: config.outputFormat, formats: formatRules(config), qemu: qemuIn(config) }),
  external_verification: ({ verificationCommand, verificationName, verificationSeconds, verificationMemory }) => {
    if (verificationCommand === undefined) throw new Error('image_import_opts.image_import_plugins names external_verification, and external_verification.command does not say which program it is');
    return externalVerification({ name: verificationName, command: verificationCommand, seconds: verificationSeconds, memoryBytes: verificationMemory * mebibyte });
  },
};

const qemuIn = ({ qemuImg, conversionSeconds, conversionMemory }: ImporterConfig): QemuImg =>
  ({ command: qemuImg, seconds: conversionSeconds, memoryBytes: conversionMemory * mebibyte });
