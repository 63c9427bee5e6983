import type { Image } from '#libs/domain';
import { LRUCache } from 'lru-cache';
import type { Pool } from 'pg';
import { reachable } from './database.js';
import { stampedRowsSql } from './image-list.sql.js';
import { withoutMembers, type ImageRow } from './image.row.js';

export interface ListedImage {
  readonly imageId: string;
  readonly version: number;
  readonly image: Omit<Image, 'members'>;
}

/** Images as lists have told them, by the stamps of their rows: with the same stamp it is the same image, and need be neither read nor made again. */
export interface ToldImages {
  /** The images with these stamps, in their order; undefined where one of them is no more what it was. Refuses: Unavailable. */
  all(pool: Pool, stamps: readonly string[]): Promise<readonly ListedImage[] | undefined>;
}

/** As JSON; as objects they take a few times as much. */
const mostCharacters = 16 * 1024 ** 2;
const mostCharactersOfOne = 64 * 1024;

export function toldImages(): ToldImages {
  const known = new LRUCache<string, ListedImage>({ maxSize: mostCharacters, maxEntrySize: mostCharactersOfOne });

  async function read(pool: Pool, missing: readonly string[]): Promise<ReadonlyMap<string, ListedImage>> {
    const ids = missing.map((stamp) => stamp.slice(0, stamp.indexOf(':')));
    const { rows } = await reachable(() => pool.query<{ stamp: string; row: string }>({ name: 'stamped-rows', text: stampedRowsSql, values: [ids] }));
    const found = new Map(rows.map(({ stamp, row }) => [stamp, listedImage(JSON.parse(row) as ImageRow)]));
    for (const { stamp, row } of rows) known.set(stamp, found.get(stamp), { size: row.length });
    return found;
  }

  return {
    async all(pool, stamps) {
      const images = stamps.map((stamp) => known.get(stamp));
      const missing = stamps.filter((_, place) => images[place] === undefined);
      if (missing.length === 0) return images as ListedImage[];
      const found = await read(pool, missing);
      const all = images.map((image, place) => image ?? found.get(stamps[place] ?? ''));
      return all.every((image) => image !== undefined) ? all : undefined;
    },
  };
}

export const listedImage = (row: ImageRow): ListedImage => ({ imageId: row.id, version: row.version, image: withoutMembers(row) });
