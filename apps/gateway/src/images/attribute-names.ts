import type { ImageAttributes } from '#libs/domain';

/** The attributes that a client may set, from the API's name to the domain's. */
export const settableAttributes: Readonly<Record<string, keyof ImageAttributes>> = Object.assign(Object.create(null) as object, {
  name: 'name',
  owner: 'owner',
  protected: 'isProtected',
  os_hidden: 'isHidden',
  container_format: 'containerFormat',
  disk_format: 'diskFormat',
  min_disk: 'minDisk',
  min_ram: 'minRam',
} satisfies Record<string, keyof ImageAttributes>);

/** Set by the service alone; a client that sends one gets 403. Source: Glance `RequestDeserializer._readonly_properties`. */
export const readOnlyAttributes: ReadonlySet<string> = new Set([
  'created_at', 'updated_at', 'status', 'checksum', 'size', 'virtual_size', 'os_hash_algo', 'os_hash_value', 'direct_url', 'self', 'file', 'schema', 'stores',
]);

/** Names that mean something elsewhere and may be no property. */
export const reservedAttributes: ReadonlySet<string> = new Set(['location', 'deleted', 'deleted_at']);

/** The service writes its own notes on an image under this prefix. */
export const isReservedName = (name: string): boolean => name.startsWith('os_glance') || reservedAttributes.has(name);
