import type { Pool } from 'pg';
import { noImage } from '#libs/domain';
import { toldImages } from './told-images.js';

const ids = [1, 2, 3].map((n) => `00000000-0000-4000-8000-00000000000${n}`);
const stampOf = (id: string | undefined, sequence: number) => `${id ?? ''}:${sequence}:77`;

/** PostgreSQL with one row an image, each at a sequence. */
function aTable(sequences: readonly number[]) {
  const asked: string[][] = [];
  const query = ({ values: [wanted] }: { values: [string[]] }) => {
    asked.push(wanted);
    const rows = ids.flatMap((id, place) => wanted.includes(id) ? [{ stamp: stampOf(id, sequences[place] ?? 0), row: JSON.stringify({ ...noImage(), id, name: `image ${place}`, version: 1 }) }] : []);
    return Promise.resolve({ rows });
  };
  return { asked, pool: { query } as unknown as Pool };
}

describe('Images that lists have told', () => {
  it('are read once, and again when their row was written again', async () => {
    const { pool, asked } = aTable([1, 2, 3]);
    const told = toldImages();
    const first = await told.all(pool, [stampOf(ids[1], 2), stampOf(ids[0], 1)]);
    expect(first?.map(({ image }) => image.name)).toEqual(['image 1', 'image 0']);
    const second = await told.all(pool, [stampOf(ids[0], 1), stampOf(ids[2], 3), stampOf(ids[1], 2)]);
    expect(second?.map(({ image }) => image.name)).toEqual(['image 0', 'image 2', 'image 1']);
    expect(second?.[0]).toBe(first?.[1]);
    expect(asked).toEqual([[ids[1], ids[0]], [ids[2]]]);
  });

  it('are not told where one was written after its stamp was read: nobody may see what it is now', async () => {
    const { pool } = aTable([1, 9, 3]);
    expect(await toldImages().all(pool, [stampOf(ids[0], 1), stampOf(ids[1], 2)])).toBeUndefined();
  });

  it('cost nothing where there are none', async () => {
    const { pool, asked } = aTable([]);
    expect(await toldImages().all(pool, [])).toEqual([]);
    expect(asked).toEqual([]);
  });
});
