import type { FederationConfig } from './config.js';

/** Glance's defaults of `[glance_download_properties] extra_properties`. */
const defaultPrefixes: readonly string[] = ['hw_', 'trait:', 'os_distro', 'os_secure_boot', 'os_type'];

/** The prefixes that the operator chose, under either name. Glance writes lists in brackets and quotes. */
export function prefixesOf({ extraProperties, extraPropertiesPrefixes }: Pick<FederationConfig, 'extraProperties' | 'extraPropertiesPrefixes'>): readonly string[] {
  const given = extraProperties ?? extraPropertiesPrefixes;
  return given?.map((name) => name.replaceAll(/[[\]\s'"]/g, '')).filter((name) => name !== '') ?? defaultPrefixes;
}

/** What the Image API shows of every image beside its properties. Source: API.md section 4. */
const attributes: ReadonlySet<string> = new Set([
  'id', 'name', 'status', 'visibility', 'owner', 'protected', 'os_hidden', 'tags', 'size', 'virtual_size', 'checksum', 'os_hash_algo', 'os_hash_value',
  'container_format', 'disk_format', 'min_disk', 'min_ram', 'created_at', 'updated_at', 'self', 'file', 'schema', 'direct_url', 'locations', 'stores',
]);

/** The properties of a shown image that a copy takes over: by prefix, never those of the image service itself. Source: api-ref "Import an image", glance-download; API.md section 9. */
export function extraProperties(shown: Readonly<Record<string, unknown>>, prefixes: readonly string[]): Record<string, string> {
  const isWanted = (name: string): boolean => !attributes.has(name) && !name.startsWith('os_glance') && prefixes.some((prefix) => name.startsWith(prefix));
  return Object.fromEntries(Object.entries(shown).filter((entry): entry is [string, string] => typeof entry[1] === 'string' && isWanted(entry[0])));
}
