import { randomBytes } from 'node:crypto';
import pg from 'pg';

/** A new, empty database for one spec file, on the PostgreSQL of `HELIOGRAPH_TEST_POSTGRES_URL`. */
export async function freshDatabase(): Promise<{ url: string; drop: () => Promise<void> }> {
  const server = process.env['HELIOGRAPH_TEST_POSTGRES_URL'] ?? '';
  const name = `read_model_${randomBytes(6).toString('hex')}`;
  await asAdmin(server, `create database ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => asAdmin(server, `drop database ${name} with (force)`) };
}

async function asAdmin(server: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: server });
  await client.connect();
  await client.query(sql);
  await client.end();
}
