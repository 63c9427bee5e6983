/** What an operator may have done to images on their way in, by Glance's names; the last one is ours. (glance: image_import_plugins) */
export const importPlugins = ['no_op', 'image_decompression', 'image_conversion', 'inject_image_metadata', 'external_verification'] as const;
export type ImportPlugin = (typeof importPlugins)[number];

/** The plugins that an option names, in its order, in brackets and quotes or without, as Glance's files have them. Throws where one is unknown. */
export function importPluginsIn(option: readonly string[]): ImportPlugin[] {
  const names = option.map((name) => name.replaceAll(/[[\]\s'"]/g, '')).filter((name) => name !== '');
  return names.map((name) => importPlugins.find((plugin) => plugin === name) ?? unknown(name));
}

function unknown(name: string): never {
  throw new Error(`image_import_opts.image_import_plugins names ${name}, which this version does not have; it has ${importPlugins.join(', ')}`);
}

/** The disk formats that images can be converted to. (glance: output_format) */
export const outputFormats = ['raw', 'qcow2', 'vmdk'] as const;
export type OutputFormat = (typeof outputFormats)[number];

/** Those that an option offers to tenants. Throws where one of them is none. */
export function conversionsIn(option: readonly string[]): OutputFormat[] {
  return option.map((name) => outputFormats.find((format) => format === name) ?? noOutput(name));
}

function noOutput(name: string): never {
  throw new Error(`heliograph.image_conversions names ${name}; images can be converted to ${outputFormats.join(', ')}`);
}
