import { access, chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startPostgres, startTestStack, type Postgres, type TestStack } from './index.js';

const ask = async (url: string, statement: string): Promise<unknown[]> => {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(statement)).rows;
  } finally {
    await client.end();
  }
};

describe('the test stack', () => {
  let stack: TestStack;
  beforeAll(async () => { stack = await startTestStack({ durable: true }); });
  afterAll(() => stack.stop());

  it('gives an empty database that survives a kill of PostgreSQL', async () => {
    await ask(stack.databaseUrl, 'CREATE TABLE note (line text)');
    await ask(stack.databaseUrl, "INSERT INTO note VALUES ('kept')");
    await stack.postgres.kill();
    expect(stack.postgres.isRunning()).toBe(false);
    stack.postgres = await stack.postgres.restart();
    expect(await ask(stack.databaseUrl, 'SELECT line FROM note')).toEqual([{ line: 'kept' }]);
  });

  it('reaches PostgreSQL by its socket, too', async () => {
    const address = stack.postgres.localUrl('postgres');
    expect(address).not.toBe(stack.postgres.url('postgres'));
    expect(await ask(address, 'SELECT inet_server_addr() AS address')).toEqual([{ address: null }]);
  });

  it('starts PostgreSQL although the process id in left-over lock files belongs to another program', async () => {
    await stack.postgres.kill();
    for (const lock of ['postmaster.pid', `.s.PGSQL.${stack.postgres.port}.lock`]) {
      await writeFile(join(stack.dir, 'postgres/data', lock), `${process.pid}\n${join(stack.dir, 'elsewhere')}\n`);
    }
    stack.postgres = await stack.postgres.restart();
    expect(await ask(stack.databaseUrl, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('keeps a NATS server at its address when it is killed and started again', async () => {
    const { url } = stack.nats;
    await stack.nats.kill();
    stack.nats = await stack.nats.restart();
    expect(stack.nats.url).toBe(url);
  });

  it('keeps passwords in files that only their owner can read', async () => {
    const { mode } = await (await import('node:fs/promises')).stat(join(stack.dir, 'nats/nats.json'));
    expect(mode & 0o077).toBe(0);
    await expect(access(join(stack.dir, 'postgres/.password'))).rejects.toThrow('ENOENT');
    expect(await readFile(join(stack.dir, 'postgres/postgres.log'), 'utf8')).not.toContain('PASSWORD');
  });
});

describe('PostgreSQL below a directory that nobody else may enter', () => {
  let dir: string;
  let postgres: Postgres | undefined;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'heliograph-'));
    await chmod(dir, 0o700);
    await mkdir(join(dir, 'inner'));
  });
  afterAll(async () => {
    await postgres?.stop();
    await rm(dir, { recursive: true, force: true });
  });

  it('starts all the same', async () => {
    postgres = await startPostgres({ dir: join(dir, 'inner'), password: 'secret', durable: false });
    expect(await ask(postgres.url('postgres'), 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });
});
