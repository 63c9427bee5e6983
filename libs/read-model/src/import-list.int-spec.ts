import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { startTestStack, type TestStack } from '#libs/embedded';
import { migrate, openReadModel, type ReadModel } from './index.js';

describe('What is measured of those who follow the log, and of imports', () => {
  let stack: TestStack;
  let readModel: ReadModel;
  let database: pg.Client;
  beforeAll(async () => {
    stack = await startTestStack({ withNats: false });
    const url = stack.databaseUrl;
    await migrate({ url });
    readModel = await openReadModel({ url });
    database = new pg.Client({ connectionString: url });
    await database.connect();
  });
  afterAll(async () => {
    await database.end();
    await readModel.close();
    await stack.stop();
  });

  it('are the imports that have not ended, and since when the oldest is under way', async () => {
    expect(await readModel.importsUnderWay()).toEqual({ byStatus: { pending: 0, processing: 0 } });
    for (const [status, createdAt, endedAt] of [['success', '2026-01-01T00:00:00Z', '2026-01-01T01:00:00Z'], ['processing', '2026-01-02T00:00:00.5Z', null], ['pending', '2026-01-03T00:00:00Z', null]]) {
      await database.query("insert into catalog.imports values ($1, $2, 'api_image_import', 'p', $3, $4, $4, $5)", [randomUUID(), randomUUID(), status, createdAt, endedAt]);
    }
    expect(await readModel.importsUnderWay()).toEqual({ byStatus: { pending: 1, processing: 1 }, oldestSince: new Date('2026-01-02T00:00:00.500Z') });
    const { rows } = await database.query("select 1 from pg_indexes where schemaname = 'catalog' and indexname = 'imports_under_way'");
    expect(rows).toHaveLength(1);
  });

  it('are all followers by name, each with the log it follows, and the feed among them', async () => {
    await readModel.moveFollower('one', { logCreatedAt: 'then', sequence: 7 });
    await readModel.moveFollower('two', { logCreatedAt: 'now', sequence: 9 });
    expect(await readModel.followerPositions()).toEqual(new Map([['feed', { logCreatedAt: '', sequence: 0 }], ['one', { logCreatedAt: 'then', sequence: 7 }], ['two', { logCreatedAt: 'now', sequence: 9 }]]));
    await readModel.forgetFollower('one');
    expect([...(await readModel.followerPositions()).keys()].toSorted()).toEqual(['feed', 'two']);
  });
});
