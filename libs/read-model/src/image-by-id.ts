import { isLowerUuid } from '#libs/contracts';
import type { Image, Member } from '#libs/domain';
import { LRUCache } from 'lru-cache';
import type { Pool } from 'pg';
import { stampOf } from './image-list.sql.js';
import { stateOf, type ImageRow, type MemberRow } from './image.row.js';
import { ofOneTurn } from './of-one-turn.js';
import { readAt, type AtLeast } from './reads.js';

/** An image as it stood after its commit `version`, at `sequence` of the log. */
export interface ImageRecord {
  readonly imageId: string;
  readonly version: number;
  readonly sequence: number;
  readonly image: Image;
}

/** Reads images by their ids, with all their members, whoever asks. */
export interface ImagesById {
  /** Undefined where there is none or it is deleted. An image that was not written since is the same object as last time. Refuses: Unavailable. */
  imageById(imageId: string, options?: AtLeast): Promise<ImageRecord | undefined>;
  /** Its members in the order of their coming. */
  members(imageId: string, options?: AtLeast): Promise<readonly Member[] | undefined>;
}

/** The last that was told of images, by id. */
type ToldRecords = LRUCache<string, { readonly stamp: string; readonly record: ImageRecord }>;
interface Found { readonly position: number; readonly record: ImageRecord | undefined }

/** As JSON; as objects they take a few times as much. */
const mostCharacters = 8 * 1024 ** 2;
const mostCharactersOfOne = 64 * 1024;

/**
 * PostgreSQL is asked every time, after the question came, and so nobody reads below what was acknowledged to anybody. But those who ask in one turn of the
 * event loop are answered by one statement, and a row that was told before and not written since is not told again.
 */
export function imagesById(pool: Pool): ImagesById {
  const told: ToldRecords = new LRUCache({ maxSize: mostCharacters, maxEntrySize: mostCharactersOfOne });
  const read = ofOneTurn<string, Found>((imageIds) => readAll(pool, told, imageIds));

  async function imageById(imageId: string, { atLeast }: AtLeast = {}): Promise<ImageRecord | undefined> {
    if (!isLowerUuid(imageId)) return undefined;
    return (await readAt(atLeast, () => read(imageId))).record;
  }

  return { imageById, members: async (imageId, options) => (await imageById(imageId, options))?.image.members };
}

/** Whatever changes an image or its members writes its row. */
const stamp = stampOf('i', 'xmin');

/** Each count has its own statement: for an array of unknown length PostgreSQL expects ten, and plans every time anew to do better. */
const mostAtOnce = 8;
const statementFor = (count: number) => ({
  name: `images-by-id-${count}`,
  text: `select p.sequence as position, ${stamp} as stamp, case when not known then to_json(i)::text end as row,
    case when not known then (select json_agg(m)::text from image_members m where m.image_id = i.id) end as members
  from position p left join images i on i.id in (${Array.from({ length: count }, (_, place) => `$${place + 2}`).join(', ')})
    cross join lateral (select ${stamp} = any($1::text[]) as known) told`,
});

/** Without a stamp there is no such image; without a row it is what it was when its stamp was told. */
interface FoundRow { readonly position: string; readonly stamp: string | null; readonly row: string | null; readonly members: string | null }

async function readAll(pool: Pool, told: ToldRecords, imageIds: readonly string[]): Promise<Found[]> {
  const wanted = [...new Set(imageIds)];
  const parts = Array.from({ length: Math.ceil(wanted.length / mostAtOnce) }, (_, part) => wanted.slice(part * mostAtOnce, (part + 1) * mostAtOnce));
  const found = new Map((await Promise.all(parts.map((part) => readSome(pool, told, part)))).flat());
  return imageIds.map((imageId) => found.get(imageId) as Found);
}

async function readSome(pool: Pool, told: ToldRecords, imageIds: readonly string[]): Promise<[string, Found][]> {
  const known = new Map(imageIds.map((imageId) => told.get(imageId)).filter((before) => before !== undefined).map(({ stamp: since, record }) => [since, record]));
  const { rows } = await pool.query<FoundRow>({ ...statementFor(imageIds.length), values: [[...known.keys()], ...imageIds] });
  const [first] = rows;
  if (!first) throw new Error('the read model has no position: run the migrations');
  const records = rows.filter(isThere).map((row) => known.get(row.stamp) ?? remember(told, row));
  return imageIds.map((imageId) => [imageId, { position: Number(first.position), record: records.find((record) => record.imageId === imageId) }]);
}

const isThere = (row: FoundRow): row is FoundRow & { stamp: string } => row.stamp !== null;

function remember(told: ToldRecords, { stamp: since, row: text, members }: FoundRow & { stamp: string }): ImageRecord {
  const row = JSON.parse(text ?? '') as ImageRow;
  const record = { imageId: row.id, version: row.version, sequence: row.sequence, image: stateOf(row, members === null ? [] : JSON.parse(members) as MemberRow[]) };
  told.set(row.id, { stamp: since, record }, { size: (text?.length ?? 0) + (members?.length ?? 0) });
  return record;
}
