import { importProperties, shownSizeBytes } from '#libs/contracts';
import type { Image, ImageDataFacts } from '#libs/domain';

/** What a view needs of an image, whether it came from the read model or in the answer to a command. */
export type ViewedImage = Omit<Image, 'exists' | 'attempts' | 'members'>;

/**
 * An image as the Image API shows it. Links are relative, moments have no fraction, tags come in no order.
 * `storeIds` is given where there is more than one store; then an image with data names those that hold it.
 * Source: API.md section 4.
 */
export function imageView(imageId: string, image: ViewedImage, storeIds?: readonly string[]): Record<string, unknown> {
  const self = `/v2/images/${imageId}`;
  return {
    ...image.properties,
    ...importProperties(image),
    id: imageId,
    name: image.name,
    status: image.status,
    visibility: image.visibility,
    protected: image.isProtected,
    os_hidden: image.isHidden,
    owner: image.owner,
    container_format: image.containerFormat,
    disk_format: image.diskFormat,
    min_disk: image.minDisk,
    min_ram: image.minRam,
    ...dataView(image.data),
    size: shownSizeBytes(image),
    tags: image.tags,
    created_at: moment(image.createdAt),
    updated_at: moment(image.updatedAt),
    ...(storeIds && storeIds.length > 0 ? { stores: storeIds.join(',') } : {}),
    self,
    file: `${self}/file`,
    schema: '/v2/schemas/image',
  };
}

const noData = { size: null, virtual_size: null, checksum: null, os_hash_algo: null, os_hash_value: null };

function dataView(data: ImageDataFacts | null): Record<keyof typeof noData, unknown> {
  if (!data) return noData;
  const { sizeBytes, virtualSizeBytes = null, checksum, osHashAlgo, osHashValue } = data;
  return { size: sizeBytes, virtual_size: virtualSizeBytes, checksum, os_hash_algo: osHashAlgo, os_hash_value: osHashValue };
}

/** The stores that hold an image's data, each once. */
export const storeIdsOf = ({ attempts }: Pick<Image, 'attempts'>): string[] =>
  [...new Set(attempts.filter(({ state }) => state === 'stored').map(({ storeId }) => storeId))];

/** `YYYY-MM-DDTHH:MM:SSZ`, as every moment in the Image API. */
export const moment = (date: Date): string => `${date.toISOString().slice(0, 19)}Z`;
