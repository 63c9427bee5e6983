import { importProperties, shownSizeBytes, type HistoryEntry } from '#libs/contracts';
import { storedAttempts, type Image, type ImageState, type KnownDataFacts } from '#libs/domain';

type Change = HistoryEntry['changes'][number];

/**
 * What a commit changed, in the words of the Image API, sorted by name: `from` is absent where there was nothing before,
 * `to` where there is nothing any more. Additional properties stand beside the attributes, as in the API's image;
 * a member is `members/<project>` with its status.
 */
export function changesBetween(before: ImageState, after: ImageState): Change[] {
  const old = before.exists ? inApiWords(before) : {};
  const now = after.exists ? inApiWords(after) : {};
  // What a new image lacks did not change.
  if (!before.exists) for (const name of Object.keys(now)) if (now[name] === null) delete now[name];
  const names = [...new Set([...Object.keys(old), ...Object.keys(now)])].sort();
  return names.filter((name) => !same(old[name], now[name])).map((name) => ({
    name,
    ...(Object.hasOwn(old, name) ? { from: old[name] } : {}),
    ...(Object.hasOwn(now, name) ? { to: now[name] } : {}),
  }));
}

/** Without `updated_at`, which every commit changes and the entry's own time tells. */
function inApiWords(image: Image): Record<string, unknown> {
  const stores = storedAttempts(image).map(({ storeId }) => storeId);
  return {
    ...image.properties,
    ...importProperties(image),
    name: image.name,
    owner: image.owner,
    protected: image.isProtected,
    os_hidden: image.isHidden,
    container_format: image.containerFormat,
    disk_format: image.diskFormat,
    min_disk: image.minDisk,
    min_ram: image.minRam,
    status: image.status,
    visibility: image.visibility,
    tags: [...image.tags].sort(),
    ...dataInApiWords(image.data),
    size: shownSizeBytes(image),
    ...(stores.length > 0 ? { stores: stores.join(',') } : {}),
    ...Object.fromEntries(image.members.map(({ memberId, status }) => [`members/${memberId}`, status])),
  };
}

function dataInApiWords(data: KnownDataFacts | null): Record<string, unknown> {
  if (!data) return { size: null, virtual_size: null, checksum: null, os_hash_algo: null, os_hash_value: null };
  return {
    size: data.sizeBytes, virtual_size: data.virtualSizeBytes ?? null, checksum: data.checksum ?? null,
    os_hash_algo: data.osHashAlgo ?? null, os_hash_value: data.osHashValue ?? null,
  };
}

/** Values are text, numbers, booleans, null, or lists of text. */
const same = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);
