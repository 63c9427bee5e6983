import { randomUUID } from 'node:crypto';
import { startTestStack, type TestStack } from '#libs/embedded';
import { openDatabase, migrate, type Database } from './database.js';
import { feedWriter, type FeedRow } from './feed.js';
import { feedSql, listEvents, mostLookedAt, type FeedQuery } from './feed-list.js';
import { PositionMoved } from './projection-writer.js';

let stack: TestStack;
let database: Database;
beforeAll(async () => {
  stack = await startTestStack({ withNats: false });
  await migrate({ url: stack.databaseUrl });
  database = await openDatabase({ url: stack.databaseUrl, poolSize: 2, statementTimeoutMs: 120_000 });
});
afterAll(async () => {
  await database.orm.close(true);
  await stack.stop();
});

const start = { sequence: 0, logCreatedAt: 'a log', moment: '1970-01-01T00:00:00.000Z' };
const row = (sequence: number, more: Partial<FeedRow> = {}): FeedRow => ({
  sequence, ordinal: 0, audience: 'owner', receiver: 'alpha', image_id: randomUUID(), type: 'ImageCreated', actor: 'somebody', moment: `2026-01-01T00:00:0${sequence}.000Z`,
  event: { id: `${sequence}-0` } as FeedRow['event'], ...more,
});
const page = (query: Partial<FeedQuery>) => listEvents(database.pool, { after: { sequence: 0, ordinal: 0 }, limit: 10, ...query }, {});
const ids = async (query: Partial<FeedQuery>) => (await page(query)).events.map(({ id }) => id);

describe('The feed', () => {
  it('takes rows and position together, and nothing from who is no longer the one that fills it', async () => {
    const feed = feedWriter(database.pool);
    await feed.restartFeed('a log');
    const to = { ...start, sequence: 3, moment: '2026-01-01T00:00:03.000Z' };
    const image = randomUUID();
    await feed.writeFeed({ after: start, to, rows: [row(1, { image_id: image }), row(2, { receiver: 'beta', audience: 'member', image_id: image }), row(3, { image_id: image })], owners: new Map() });
    expect(await feed.feedPosition()).toEqual(to);
    await expect(feed.writeFeed({ after: start, to: { ...to, sequence: 9 }, rows: [row(9)], owners: new Map([[image, 'gamma']]) })).rejects.toThrow(PositionMoved);
    expect([await ids({ projectId: 'alpha' }), await ids({ projectId: 'beta' }), await ids({})]).toEqual([['1-0', '3-0'], ['2-0'], ['1-0', '3-0']]);
    await feed.writeFeed({ after: to, to: { ...to, sequence: 4 }, rows: [row(4, { image_id: image, receiver: 'gamma' })], owners: new Map([[image, 'gamma']]) });
    expect([await ids({ projectId: 'alpha' }), await ids({ projectId: 'beta' }), await ids({ projectId: 'gamma' })]).toEqual([[], ['2-0'], ['1-0', '3-0', '4-0']]);
  });

  it('is empty for another log, and waits for what was acknowledged', async () => {
    const feed = feedWriter(database.pool);
    await feed.restartFeed('another log');
    expect(await ids({})).toEqual([]);
    await expect(listEvents(database.pool, { after: { sequence: 0, ordinal: 0 }, limit: 1 }, { atLeast: 5 })).rejects.toMatchObject({ code: 'Unavailable' });
  });
});

interface Plan { readonly 'Relation Name'?: string; readonly 'Actual Rows': number; readonly 'Actual Loops': number; readonly 'Rows Removed by Filter'?: number; readonly Plans?: readonly Plan[] }

function rowsLookedAt(plan: Plan): number {
  const own = plan['Relation Name'] === 'image_events' ? (plan['Actual Rows'] + (plan['Rows Removed by Filter'] ?? 0)) * plan['Actual Loops'] : 0;
  return (plan.Plans ?? []).reduce((sum, child) => sum + rowsLookedAt(child), own);
}

describe('A page of the feed, out of 40,000 events of 100 projects', () => {
  beforeAll(async () => {
    await database.pool.query('truncate image_events');
    await database.pool.query(`
      insert into image_events select n, 0, 'owner', 'project' || n % 100, md5((n / 4)::text)::uuid, (array['ImageCreated', 'ImageActivated', 'ImageDeleted'])[n % 3 + 1], 'user' || n % 1000,
        '2026-01-01T00:00:00Z'::timestamptz + n * interval '1 second', json_build_object('id', n || '-0') from generate_series(1, 40000) n`);
    await database.pool.query('vacuum analyze image_events');
  });

  it.each<[string, Partial<FeedQuery>, number]>([
    ['of a project', { projectId: 'project7' }, 100],
    ['of a project, from far in', { projectId: 'project7', after: { sequence: 30_000, ordinal: 0 } }, 100],
    ['of the region', {}, 100],
    ['of an image', { imageId: 'c4ca4238-a0b9-2382-0dcc-509a6f75849b' }, 100],
    ['of an image, for a project', { imageId: 'c4ca4238-a0b9-2382-0dcc-509a6f75849b', projectId: 'project5' }, 100],
    ['of a project, since a moment', { projectId: 'project7', since: new Date('2026-01-01T09:00:00Z') }, 800],
    ['of the region, between two moments', { since: new Date('2026-01-01T09:00:00Z'), until: new Date('2026-01-01T09:00:10Z') }, 100],
    ['of the region with an actor that is rare', { actor: 'nobody at all' }, mostLookedAt + 100],
    ['of a project with a type that none has', { projectId: 'project7', types: ['None'] }, 500],
  ])('%s looks at few of them', async (_, query, most) => {
    const { text, values } = feedSql({ after: { sequence: 0, ordinal: 0 }, limit: 20, ...query });
    const { rows: [{ 'QUERY PLAN': [{ Plan: plan }] }] } = await database.pool.query(`explain (analyze, format json) ${text}`, values) as unknown as { rows: [{ 'QUERY PLAN': [{ Plan: Plan }] }] };
    expect(rowsLookedAt(plan)).toBeLessThanOrEqual(most);
  });

  it('ends where it has looked at as many as it may, and says where the next one begins', async () => {
    const found: string[] = [];
    let [after, pages] = [{ sequence: 0, ordinal: 0 }, 0];
    for (let hasMore = true; hasMore; pages += 1) {
      const next = await page({ actor: 'user999', after, limit: 1000 });
      found.push(...next.events.map(({ id }) => id));
      ({ next: after, hasMore } = next);
    }
    expect(found).toHaveLength(40);
    expect(pages).toBe(40_000 / mostLookedAt + 1);
  });
});
