import type { Pool } from 'pg';
import { reachable } from './database.js';
import { readAt, type AtLeast } from './reads.js';
import { shelfSql, shelves } from './shelf.js';

/** Which images to look at, newest first, for a list as it was at a moment. */
export interface PastQuery {
  /** Images that were created later are left out. */
  readonly at: Date;
  /** Where the moment is a place in the log: then whatever has no commit after it and is deleted was deleted by then. */
  readonly sequence?: number;
  /** Of this owner as of today, the last one of a deleted image; of anybody where absent. */
  readonly owner?: string;
  /** An image that an earlier page ended with. */
  readonly after?: string;
  readonly limit: number;
}

/** What may have been there at a moment: the log says what each of them was then. */
export interface PastImages {
  /** Ids in the order of creation, newest first. Refuses: Unavailable. */
  pastImages(query: PastQuery, options?: AtLeast): Promise<readonly string[]>;
  /** Deleted images that are kept until then at the latest, those due longest first. Refuses: Unavailable. */
  keptUntil(moment: Date, limit: number): Promise<readonly string[]>;
}

/** Every range of `images` that is in the order of the default list, so that a page is read from the heads of a few. */
const ranges = shelves.map((shelf) => `(${shelf})`).join(', ');

const order = 'order by created_at desc, id desc limit $5';

function pastSql(hasOwner: boolean): string {
  const own = hasOwner ? 'and owner = $2' : 'and $2::text is null';
  const behind = `created_at <= $1 and ($3::uuid is null or (created_at, id) < (
    select m.created_at, m.id from (select created_at, id from images where id = $3 union all select created_at, image_id from deleted_images where image_id = $3) m limit 1))`;
  return `
    select p.sequence as position, (select coalesce(json_agg(c.id order by c.created_at desc, c.id desc), '[]') from (
      select id, created_at from (
        (select there.id, there.created_at from (values ${ranges}) v (shelf), lateral (
          select id, created_at from images where ${shelfSql('images')} = v.shelf ${own} and ${behind} ${order}) there)
        union all
        (select id, created_at from (select image_id as id, owner, created_at, deleted_at, sequence from deleted_images) gone
          where ${behind} ${own} and case when $4::bigint is null then deleted_at > $1 else sequence > $4 end ${order})) candidates
      ${order}) c) as ids
    from position p`;
}

const [ofOne, ofAll] = [pastSql(true), pastSql(false)];

export const pastImages = (pool: Pool): PastImages => ({
  async pastImages({ at, sequence = null, owner = null, after = null, limit }, { atLeast } = {}) {
    const { ids } = await readAt(atLeast, async () => {
      const { rows: [found] } = await pool.query<{ position: string; ids: string[] }>({
        name: owner === null ? 'past-of-all' : 'past-of-one', text: owner === null ? ofAll : ofOne, values: [at.toISOString(), owner, after, sequence, limit],
      });
      if (!found) throw new Error('the read model has no position: run the migrations');
      return { position: Number(found.position), ids: found.ids };
    });
    return ids;
  },
  keptUntil: (moment, limit) => reachable(async () => {
    const { rows } = await pool.query<{ image_id: string }>('select image_id from deleted_images where kept_until <= $1 order by kept_until limit $2', [moment.toISOString(), limit]);
    return rows.map(({ image_id: imageId }) => imageId);
  }),
});
