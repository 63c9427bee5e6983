import { imageFromJson } from '#libs/contracts';
import type { Image } from '#libs/domain';
import type { Place } from './image.row.js';

/** A deleted image as table `deleted_images` keeps it, by column name: whose it was, when it was there, and all of its last state. */
export interface DeletedRow {
  image_id: string;
  owner: string | null;
  created_at: string;
  deleted_at: string;
  /** Until when it can come back; null where it cannot. */
  kept_until: string | null;
  version: number;
  sequence: number;
  image: Image;
}

/** Nothing that still happens to a deleted image changes `updatedAt`: it is the moment of the deletion. */
export function deletedRowOf(imageId: string, image: Image, { version, sequence }: Place): DeletedRow {
  return {
    image_id: imageId, owner: image.owner, created_at: image.createdAt.toISOString(), deleted_at: image.updatedAt.toISOString(), kept_until: image.deletion?.keptUntil ?? null, version, sequence, image,
  };
}

/** The image that was written as this row, after it came back as JSON. */
export const knownFromDeleted = ({ version, sequence, image }: DeletedRow): Place & { readonly image: Image } => ({ version, sequence, image: imageFromJson(image) });

const columns = ['owner', 'created_at', 'deleted_at', 'kept_until', 'version', 'sequence', 'image'];

/** Deleted images as a batch leaves them; the parameter is JSON. */
export const upsertDeletedSql = (only: string, first: number): string =>
  `insert into deleted_images select r.* from json_populate_recordset(null::deleted_images, $${first}) r ${only}
     on conflict (image_id) do update set ${columns.map((column) => `${column} = excluded.${column}`).join(', ')} where deleted_images.sequence < excluded.sequence`;

/** Those that came back are deleted no more. */
export const removeUndeletedSql = (only: string, first: number): string =>
  `delete from deleted_images d using json_array_elements_text($${first}) r where d.image_id = r::uuid ${only.replace('where', 'and')}`;
