import { Migrator } from '@mikro-orm/migrations';
import { MikroORM } from '@mikro-orm/postgresql';
import type { Client as PgClient, Pool } from 'pg';
import pg from 'pg';
import { Problem } from '#libs/domain';
import { entities } from './entities.js';
import { catalogMigrations, guardMigrations, type MigrationsList } from './migrations/index.js';

export interface DatabaseOptions {
  /** `postgresql://user:password@host:port/database`; with `?host=/folder` by the socket in that folder. */
  readonly url: string;
  /** The schema of the catalogue's tables; `guard` keeps its name beside it. */
  readonly schema?: string;
  readonly poolSize?: number;
  /** A statement that takes longer is cancelled. */
  readonly statementTimeoutMs?: number;
  /** `off` answers before PostgreSQL has flushed: safe for what the log can restore, given up by nothing else. */
  readonly synchronousCommit?: 'on' | 'off';
}

export const guardSchema = 'guard';
export const liveSchema = 'catalog';
const isSchemaName = /^[a-z][a-z0-9_]{0,40}$/;

/** One MikroORM and its one pool. */
export interface Database {
  readonly schema: string;
  readonly url: string;
  readonly orm: MikroORM;
  readonly pool: Pool;
}

export async function openDatabase(options: DatabaseOptions): Promise<Database> {
  const schema = options.schema ?? liveSchema;
  const orm = await openOrm(options, schema);
  // Without looking for the database: PostgreSQL may still be starting.
  await orm.em.getConnection().connect({ skipOnConnect: true });
  const pool = await orm.em.getConnection().getNativeClient();
  return { schema, url: options.url, orm, pool };
}

/**
 * Builds both schemas, or what is new of them. Concurrent callers wait for one another.
 * `schema` other than the live one is a catalogue being rebuilt beside it. Throws `Problem('Unavailable')`.
 */
export async function migrate(options: DatabaseOptions): Promise<void> {
  const schema = options.schema ?? liveSchema;
  await reachable(() => withLock(options.url, 'migrate', async (client) => {
    for (const name of [guardSchema, schema]) await client.query(`create schema if not exists ${quoted(name)}`);
    await runMigrations(options, guardSchema, guardMigrations);
    await runMigrations(options, schema, catalogMigrations);
  }));
}

async function runMigrations(options: DatabaseOptions, schema: string, migrationsList: MigrationsList): Promise<void> {
  const orm = await openOrm({ ...options, poolSize: 2, statementTimeoutMs: 0 }, schema, migrationsList);
  try {
    await orm.migrator.up();
  } finally {
    await orm.close(true);
  }
}

function openOrm(options: DatabaseOptions, schema: string, migrationsList?: MigrationsList): Promise<MikroORM> {
  return MikroORM.init({
    clientUrl: options.url,
    entities,
    logger: () => { /* what fails is thrown, and logged once where it is caught */ },
    pool: { max: options.poolSize ?? 10 },
    driverOptions: connectionOptions(options, schema),
    ...(migrationsList ? { extensions: [Migrator] } : {}),
    migrations: { tableName: 'migrations', schema, emit: 'ts', snapshot: false, ...(migrationsList ? { migrationsList: [...migrationsList] } : {}) },
  });
}

/** The search path says which catalogue is meant; moments are UTC on the wire. */
function connectionOptions(options: DatabaseOptions, schema: string): Record<string, unknown> {
  const settings = {
    search_path: quoted(schema), timezone: 'UTC', jit: 'off',
    maintenance_work_mem: '64MB', statement_timeout: String(options.statementTimeoutMs ?? 15_000), synchronous_commit: options.synchronousCommit ?? 'on',
  };
  const socketFolder = URL.parse(options.url)?.searchParams.get('host');
  return {
    // MikroORM does not look for it in the address, as everybody else does.
    ...(socketFolder ? { host: socketFolder } : {}),
    options: Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`).join(' '),
    connectionTimeoutMillis: 5_000, keepAlive: true,
  };
}

/** Does something while nobody else does the same, whichever process they are in. */
export async function withLock<T>(url: string, what: string, action: (client: PgClient) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  client.on('error', () => { /* the query in flight rejects; without a listener the process would end */ });
  await client.connect();
  try {
    await client.query('select pg_advisory_lock(hashtext($1))', [`heliograph:${what}`]);
    return await action(client);
  } finally {
    await client.end();
  }
}

/** A schema's name, checked and safe inside SQL. */
export function quoted(schema: string): string {
  if (!isSchemaName.test(schema)) throw new Error(`not a schema name: ${JSON.stringify(schema)}`);
  return schema;
}

const outage = /^(08|57P|57014|53|25006)|^ECONN|^EPIPE|^ETIMEDOUT|^ENOTFOUND/;
const brokenConnection = /Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|not queryable/i;

/** Runs a query; where PostgreSQL cannot be reached, is starting or stopping, has no room or takes too long, throws `Problem('Unavailable')`. */
export async function reachable<T>(query: () => Promise<T>): Promise<T> {
  try {
    return await query();
  } catch (error) {
    if (!isOutage(error)) throw error;
    throw new Problem('Unavailable', { what: 'The catalogue', seconds: 2 }, { cause: error });
  }
}

/** Whether PostgreSQL cancelled what `reachable` ran, because it took longer than a statement may. */
export const isGivenUp = (error: unknown): boolean => error instanceof Problem && (error.cause as { code?: string } | undefined)?.code === '57014';

function isOutage(error: unknown): boolean {
  const { code, message } = error as { code?: string; message?: string };
  return outage.test(code ?? '') || brokenConnection.test(message ?? '');
}
