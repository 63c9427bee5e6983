import { isLowerUuid } from '#libs/contracts';
import type { Image, Member } from '#libs/domain';
import type { Pool } from 'pg';
import { readAt, type AtLeast } from './reads.js';
import { stateOf, type ImageRow, type MemberRow } from './image.row.js';

/** An image as it stood after its commit `version`, at `sequence` of the log. */
export interface ImageRecord {
  readonly imageId: string;
  readonly version: number;
  readonly sequence: number;
  readonly image: Image;
}

const byIdSql = `
  select p.sequence as position, to_json(i) as row,
    case when i.id is null then null else (select json_agg(m) from image_members m where m.image_id = i.id) end as members
  from position p left join images i on i.id = $1`;

interface Found { position: number; row: ImageRow | null; members: MemberRow[] | null }

/** The image with all its members, whoever asks; undefined where there is none or it is deleted. */
export async function imageById(pool: Pool, imageId: string, { atLeast }: AtLeast): Promise<ImageRecord | undefined> {
  if (!isLowerUuid(imageId)) return undefined;
  const { row, members } = await readAt(atLeast, () => find(pool, imageId));
  return row ? { imageId: row.id, version: row.version, sequence: row.sequence, image: stateOf(row, members ?? []) } : undefined;
}

async function find(pool: Pool, imageId: string): Promise<Found> {
  const { rows: [found] } = await pool.query<Found>({ name: 'image-by-id', text: byIdSql, values: [imageId] });
  if (!found) throw new Error('the read model has no position: run the migrations');
  return { ...found, position: Number(found.position) };
}

/** The members of an image in the order of their coming; undefined where there is no such image. */
export async function members(pool: Pool, imageId: string, options: AtLeast): Promise<readonly Member[] | undefined> {
  return (await imageById(pool, imageId, options))?.image.members;
}
