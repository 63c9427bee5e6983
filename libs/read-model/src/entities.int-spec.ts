import { startTestStack, type TestStack } from '#libs/embedded';
import { openDatabase, migrate, type Database } from './database.js';
import { entities } from './entities.js';
import { catalogMigrations } from './migrations/index.js';

let stack: TestStack;
let database: Database;
beforeAll(async () => {
  stack = await startTestStack({ withNats: false });
  await migrate({ url: stack.databaseUrl });
  database = await openDatabase({ url: stack.databaseUrl });
});
afterAll(async () => {
  await database.orm.close(true);
  await stack.stop();
});

describe('The database', () => {
  it('is reached by the socket that its address names', async () => {
    const local = await openDatabase({ url: stack.postgres.localUrl(new URL(stack.databaseUrl).pathname.slice(1)) });
    try {
      const { rows } = await local.pool.query('select inet_server_addr() as address, sequence from position');
      expect(rows).toEqual([{ address: null, sequence: '0' }]);
    } finally {
      await local.orm.close(true);
    }
  });
});

describe('The entities', () => {
  it.each(entities.map((entity) => [entity.meta.tableName, entity] as const))('%s have the columns that the migrations build', async (tableName, { meta }) => {
    const { rows } = await database.pool.query<{ name: string; type: string; nullable: boolean }>(`
      select attname as name, format_type(atttypid, null) as type, not attnotnull as nullable
      from pg_attribute where attrelid = $1::regclass and attnum > 0`, [`${meta.schema ?? 'catalog'}.${tableName}`]);
    const shortNames: Record<string, string> = { timestamptz: 'timestamp with time zone', int: 'integer' };
    const known = database.orm.getMetadata().get(meta.class).props.map((property) => {
      const type = (property.columnTypes[0] ?? '').replace(/\(.*\)/, '');
      return { name: property.fieldNames[0], type: shortNames[type] ?? type, nullable: property.nullable ?? false };
    });
    const byName = (a: { name?: string | undefined }, b: { name?: string | undefined }) => (a.name ?? '').localeCompare(b.name ?? '');
    expect(known.toSorted(byName)).toEqual(rows.toSorted(byName));
  });
});

describe('migrate', () => {
  it('does nothing where everything is built, and waits for another process that builds', async () => {
    await Promise.all([1, 2, 3].map(() => migrate({ url: stack.databaseUrl })));
    const { rows } = await database.pool.query<{ name: string }>('select name from migrations order by id');
    expect(rows.map(({ name }) => name)).toEqual(catalogMigrations.map(({ name }) => name));
  });
});
