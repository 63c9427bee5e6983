import { visibilities, type ShownImage, type Visibility } from '#libs/domain';

/** What the Image API shows of every image beside its properties. Source: API.md section 4. */
const attributes: ReadonlySet<string> = new Set([
  'id', 'name', 'status', 'visibility', 'owner', 'protected', 'os_hidden', 'tags', 'size', 'virtual_size', 'checksum', 'os_hash_algo', 'os_hash_value',
  'container_format', 'disk_format', 'min_disk', 'min_ram', 'created_at', 'updated_at', 'self', 'file', 'schema', 'direct_url', 'locations', 'stores',
]);

/** Reads what came from another service, and believes no part of it before it was looked at; undefined where it is no image. */
export function shownImage(value: unknown): ShownImage | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const shown = value as Readonly<Record<string, unknown>>;
  const visibility = visibilities.find((each) => each === shown['visibility']);
  const [id, status] = [textIn(shown['id'])?.toLowerCase(), textIn(shown['status'])];
  if (id === undefined || !/^[0-9a-f-]{36}$/.test(id) || status === undefined || !visibility) return undefined;
  return {
    ...nullableIn(shown), ...countsIn(shown), id, status, visibility: visibility satisfies Visibility, isHidden: shown['os_hidden'] === true, tags: tagsIn(shown['tags']), properties: propertiesIn(shown),
    hash: hashIn(shown), updatedAt: textIn(shown['updated_at']) ?? '',
  };
}

const nullableIn = (shown: Readonly<Record<string, unknown>>): Pick<ShownImage, 'name' | 'owner' | 'diskFormat' | 'containerFormat' | 'checksum'> => ({
  name: textIn(shown['name']) ?? null, owner: textIn(shown['owner']) ?? null, diskFormat: textIn(shown['disk_format']) ?? null, containerFormat: textIn(shown['container_format']) ?? null,
  checksum: textIn(shown['checksum']) ?? null,
});

const countsIn = (shown: Readonly<Record<string, unknown>>): Pick<ShownImage, 'sizeBytes' | 'minDisk' | 'minRam'> =>
  ({ sizeBytes: countIn(shown['size']) ?? null, minDisk: countIn(shown['min_disk']) ?? 0, minRam: countIn(shown['min_ram']) ?? 0 });

const textIn = (value: unknown): string | undefined => (typeof value === 'string' && value.length <= 65_535 ? value : undefined);
const countIn = (value: unknown): number | undefined => (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined);
const tagsIn = (value: unknown): string[] => (Array.isArray(value) ? value.filter((tag): tag is string => typeof tag === 'string') : []);
const propertiesIn = (shown: Readonly<Record<string, unknown>>): Record<string, string> =>
  Object.fromEntries(Object.entries(shown).filter((entry): entry is [string, string] => !attributes.has(entry[0]) && textIn(entry[1]) !== undefined));

function hashIn({ os_hash_algo: algo, os_hash_value: value }: Readonly<Record<string, unknown>>): string {
  return typeof algo === 'string' && typeof value === 'string' && /^[0-9a-f]{32,128}$/.test(value) ? `${algo}:${value}` : '';
}
