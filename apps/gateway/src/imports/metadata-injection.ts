import type { ImportMethod } from '#libs/domain';
import { importPluginsIn } from '#libs/transfers';

export interface InjectionOptions {
  readonly imageImportPlugins: readonly string[];
  readonly inject: readonly string[];
  readonly ignoreUserRoles: readonly string[];
}

/** The properties that an import sets beside its data; none for whoever is excepted, and none where data is only copied. */
export type Injection = (method: ImportMethod, caller: { readonly roles: readonly string[] }) => Readonly<Record<string, string>> | undefined;

/** The plugin inject_image_metadata. Throws where the options name a plugin that this version does not have, or a property without value.
 *  Source: glance: image_import_opts, inject_metadata_properties; API.md section 23. */
export function metadataInjection({ imageImportPlugins, inject, ignoreUserRoles }: InjectionOptions): Injection {
  const plugins = importPluginsIn(imageImportPlugins);
  const properties = Object.fromEntries(inject.map(propertyIn));
  if (!plugins.includes('inject_image_metadata') || inject.length === 0) return () => undefined;
  const excepted = new Set(ignoreUserRoles.map((role) => role.toLowerCase()));
  return (method, { roles }) => (method === 'copy-image' || roles.some((role) => excepted.has(role.toLowerCase())) ? undefined : properties);
}

function propertyIn(text: string): [string, string] {
  const [, name = '', value = ''] = /^\s*["']?([^:"']+?)["']?\s*:\s*["']?(.*?)["']?\s*$/.exec(text) ?? [];
  if (name === '' || name.startsWith('os_glance')) throw new Error(`inject_metadata_properties.inject: ${text} is no property that can be set; write name:value`);
  return [name, value];
}
