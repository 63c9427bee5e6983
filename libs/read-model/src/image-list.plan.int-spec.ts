import type { Pool } from 'pg';
import { startTestStack, type TestStack } from '#libs/embedded';
import { openDatabase, migrate, type Database } from './database.js';
import { explainList, listImages } from './image-list.js';
import type { ImageListQuery, Viewer } from './image-list.query.js';
import { toldImages } from './told-images.js';

/** How much a page reads of a catalogue of 20,000 images: the promise that it does not grow with the catalogue, as PostgreSQL counts. */
let stack: TestStack;
let database: Database;
beforeAll(async () => {
  stack = await startTestStack({ withNats: false });
  await migrate({ url: stack.databaseUrl });
  database = await openDatabase({ url: stack.databaseUrl, poolSize: 2, statementTimeoutMs: 120_000 });
  // One project has more than a page may look at, and all of it at the end of the alphabet.
  await database.pool.query(`
    insert into images select md5(n::text)::uuid, case n % 20 when 2 then 'zebra' || n % 1000 else 'name' || n % 1000 end, case n % 20 when 2 then 'large' else 'project' || n % 100 end, n % 5000 = 0, false, 'bare', (array['raw', 'qcow2', 'iso'])[n % 3 + 1], case when n % 4000 = 0 then 40 else 10 end, case when n % 4000 = 0 then 9000 else 512 end,
      case when n % 2000 = 0 then 'queued' else 'active' end, (array['public', 'community', 'shared', 'private'])[n / 100 % 4 + 1], array['every', 'tag' || n % 2000],
      jsonb_build_object('common', 'yes', 'rare', 'v' || n), n * 1000, null, md5(n::text), 'sha512', md5('h' || n), '[]', null, null, null,
      now() - n * interval '1 second', now() - n * interval '1 second', 1, n
    from generate_series(1, 20000) n`);
  await database.pool.query(`insert into image_members select id, 'project1', 0, 'accepted', created_at, created_at, created_at from images where visibility = 'shared'`);
  await database.pool.query('vacuum analyze');
}, 180_000);
afterAll(async () => {
  await database.orm.close(true);
  await stack.stop();
});

interface Plan { readonly 'Node Type': string; readonly 'Relation Name'?: string; readonly 'Actual Rows': number; readonly 'Actual Loops': number; readonly 'Rows Removed by Filter'?: number; readonly Plans?: readonly Plan[] }

/** Every row of images and memberships that was looked at, in whatever way. */
function rowsLookedAt(plan: Plan): number {
  const own = ['images', 'image_members'].includes(plan['Relation Name'] ?? '') ? (plan['Actual Rows'] + (plan['Rows Removed by Filter'] ?? 0)) * plan['Actual Loops'] : 0;
  return (plan.Plans ?? []).reduce((sum, child) => sum + rowsLookedAt(child), own);
}
async function lookedAt(query: Partial<ImageListQuery>, viewer: Viewer): Promise<number> {
  const [{ Plan: plan }] = await explainList(database.pool, { limit: 25, ...query }, viewer) as [{ Plan: Plan }];
  return rowsLookedAt(plan);
}

const user: Viewer = { projectId: 'project1', isAdmin: false };
const large: Viewer = { projectId: 'large', isAdmin: false };
const admin: Viewer = { projectId: 'project1', isAdmin: true };
const ranges = 7;

describe('A page of 25 out of 20,000 images', () => {
  it.each<[string, Partial<ImageListQuery>, Viewer]>([
    ['of a user', {}, user],
    ['of an administrator', {}, admin],
    ['of everything', { visibility: 'all' }, user],
    ['of public images', { visibility: 'public' }, user],
    ['of images shared with a project', { visibility: 'shared', memberStatus: 'all' }, user],
    ['by name', { sort: [{ key: 'name', direction: 'asc' }] }, admin],
    ['by size', { sort: [{ key: 'size', direction: 'desc' }] }, admin],
    ['by status', { sort: [{ key: 'status', direction: 'desc' }] }, admin],
    ['by disk format', { sort: [{ key: 'disk_format', direction: 'asc' }] }, admin],
    ['by update', { sort: [{ key: 'updated_at', direction: 'desc' }] }, admin],
    ['by id', { sort: [{ key: 'id', direction: 'asc' }] }, admin],
    ['with a name', { name: ['name7'] }, admin],
    ['with one of several names, rare and common', { name: ['name7', 'none', 'name8'] }, admin],
    ['with one of several names, by name', { name: ['name7', 'name8'], sort: [{ key: 'name', direction: 'asc' }] }, admin],
    ['with one of several statuses', { status: ['active', 'queued'] }, admin],
    ['with one of several disk formats', { diskFormat: ['raw', 'iso', 'vdi'] }, admin],
    ['with a common min_ram', { minRam: { equals: 512 } }, admin],
    ['with a rare min_ram', { minRam: { equals: 9000 } }, admin],
    ['with at least a rare min_ram', { minRam: { min: 9000 } }, admin],
    ['with a min_disk that none has', { minDisk: { equals: 7 } }, admin],
    ['with at least a common min_disk', { minDisk: { min: 1 } }, admin],
    ['with a name that none has', { name: ['none'] }, admin],
    ['with a common status', { status: ['active'] }, admin],
    ['with a rare status', { status: ['queued'] }, admin],
    ['with a status that none has', { status: ['saving'] }, admin],
    ['with a disk format that none has', { diskFormat: ['vdi'] }, admin],
    ['with a container format that none has', { containerFormat: ['ovf'] }, admin],
    ['with a common property', { properties: { common: 'yes' } }, admin],
    ['with a rare property', { properties: { rare: 'v77' } }, admin],
    ['with a rare tag', { tags: ['tag7'] }, admin],
    ['with a tag that none has', { tags: ['none'] }, admin],
    ['with a tag that nearly all have', { tags: ['every'] }, admin],
    ['with a tag that nearly all have, and a rare one', { tags: ['every', 'tag7'] }, admin],
    ['with a checksum', { checksum: 'none' }, admin],
    ['with a size that few have', { sizeBytes: { min: 19_999_000 } }, admin],
    ['protected', { isProtected: true }, admin],
    ['created long ago', { createdAt: [{ op: 'lt', at: new Date(Date.now() - 19_990_000) }] }, admin],
    ['of one owner', { owner: 'project9' }, admin],
    ['of what a large project has, by name', { sort: [{ key: 'name', direction: 'asc' }] }, large],
    ['of what a large project has with a name', { name: ['zebra22'] }, large],
    ['of what a large project has with a name that none has', { name: ['none'] }, large],
    ['of what a large project has with a name that only others have', { visibility: 'private', name: ['name8'] }, large],
  ])('%s looks at a few rows a range', async (_, query, viewer) => {
    expect(await lookedAt(query, viewer)).toBeLessThanOrEqual(ranges * 2 * 25 + 25);
  });

  it('in the middle of the list looks at no more than at its head', async () => {
    const { rows: [middle] } = await database.pool.query<{ values: string[] }>(
      `select json_build_array(created_at::text, id::text) as values from images order by created_at offset 10000 limit 1`);
    const [{ Plan: plan }] = await explainList(database.pool, { limit: 25 }, user, middle?.values) as [{ Plan: Plan }];
    expect(rowsLookedAt(plan)).toBeLessThanOrEqual(ranges * 2 * 25 + 25);
  });

  it.each<[string, Partial<ImageListQuery>]>([
    ['a condition without an index (virtual_size)', { virtualSizeBytes: { min: 5 } }],
    ['two keys', { sort: [{ key: 'status', direction: 'asc' }, { key: 'name', direction: 'desc' }] }],
  ])('by %s is searched for in whole ranges: the limit of what is promised', async (_, query) => {
    expect(await lookedAt(query, admin)).toBeGreaterThan(10_000);
  });

  it('that takes longer than a statement may is refused, and says what to do', async () => {
    const hurried = await openDatabase({ url: stack.databaseUrl, poolSize: 1, statementTimeoutMs: 1 });
    try {
      const asked = listImages(hurried.pool, { limit: 25, virtualSizeBytes: { min: 5 } }, admin, {});
      await expect(asked).rejects.toMatchObject({ code: 'ListTooSlow', message: expect.stringContaining('narrow it by name') as string });
    } finally {
      await hurried.orm.close(true);
    }
  });

  it('says the same prepared, asked often, as the first time', async () => {
    const first = await listImages(database.pool, { limit: 25 }, user, {});
    for (let time = 0; time < 12; time += 1) await listImages(database.pool, { limit: 25 }, user, {});
    expect(await listImages(database.pool, { limit: 25 }, user, {})).toEqual(first);
    expect(first.images).toHaveLength(25);
  });

  it('as clients ask for it without a filter is planned once a connection, and with one each time', async () => {
    const names: (string | undefined)[] = [];
    const noting = { query: async (asked: { name?: string }) => {
      names.push(asked.name);
      return database.pool.query(asked as never);
    } } as unknown as Pool;
    const told = toldImages();
    const asClientsAsk: ImageListQuery = { limit: 25, sort: [{ key: 'created_at', direction: 'desc' }], tags: [] };
    for (const query of [asClientsAsk, { ...asClientsAsk, tags: ['every'] }]) await listImages(noting, query, { projectId: 'nobody', isAdmin: false }, {}, told);
    const [list, rows, filtered] = names;
    expect([list, rows]).toEqual([expect.stringMatching(/^list-/), 'stamped-rows']);
    expect(filtered).toBeUndefined();
  });

  it('tells what was written since the last time, and never what the viewer may see no more', async () => {
    const told = toldImages();
    const newest = async (pool: Pool) => (await listImages(pool, { limit: 2, visibility: 'public' }, user, {}, told)).images;
    const [first, second] = await newest(database.pool);
    const write = (id: string | undefined, change: string) => database.pool.query(`update images set ${change} where id = $1`, [id]);
    await write(first?.imageId, `name = 'another'`);
    expect((await newest(database.pool)).map(({ image }) => image.name)).toEqual(['another', second?.image.name]);
    await write(second?.imageId, `min_ram = 1`);
    // Between the two questions of one list its owner takes it back.
    const slow = { query: async (asked: { name?: string }) => {
      if (asked.name === 'stamped-rows') await write(second?.imageId, `visibility = 'private'`);
      return database.pool.query(asked as never);
    } } as unknown as Pool;
    const [, other] = await newest(slow);
    expect(other?.image.visibility).toBe('public');
    expect(other?.imageId).not.toBe(second?.imageId);
  });
});
