import type { ImportMethod } from '#libs/domain';

export interface InjectionOptions {
  readonly imageImportPlugins: readonly string[];
  readonly inject: readonly string[];
  readonly ignoreUserRoles: readonly string[];
}

/** The properties that an import sets beside its data; none for whoever is excepted, and none where data is only copied. */
export type Injection = (method: ImportMethod, caller: { readonly roles: readonly string[] }) => Readonly<Record<string, string>> | undefined;

const plugin = 'inject_image_metadata';
const harmless: ReadonlySet<string> = new Set([plugin, 'no_op', '']);

/** The plugin inject_image_metadata. Throws where the options name a plugin that this version does not have, or a property without value.
 *  Source: glance: image_import_opts, inject_metadata_properties; API.md section 23. */
export function metadataInjection({ imageImportPlugins, inject, ignoreUserRoles }: InjectionOptions): Injection {
  const plugins = imageImportPlugins.map((name) => name.replaceAll(/[[\]\s'"]/g, ''));
  const unknown = plugins.find((name) => !harmless.has(name));
  if (unknown !== undefined) throw new Error(`image_import_opts.image_import_plugins names ${unknown}, which this version does not have; it has inject_image_metadata and no_op`);
  const properties = Object.fromEntries(inject.map(propertyIn));
  if (!plugins.includes(plugin) || inject.length === 0) return () => undefined;
  const excepted = new Set(ignoreUserRoles.map((role) => role.toLowerCase()));
  return (method, { roles }) => (method === 'copy-image' || roles.some((role) => excepted.has(role.toLowerCase())) ? undefined : properties);
}

function propertyIn(text: string): [string, string] {
  const [, name = '', value = ''] = /^\s*["']?([^:"']+?)["']?\s*:\s*["']?(.*?)["']?\s*$/.exec(text) ?? [];
  if (name === '' || name.startsWith('os_glance')) throw new Error(`inject_metadata_properties.inject: ${text} is no property that can be set; write name:value`);
  return [name, value];
}
