import { randomBytes, randomUUID } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { natsUsers } from '#libs/contracts';
import { findNatsServer } from './nats-binary.js';
import { startNatsServer, type NatsLinks, type NatsPasswords, type NatsServer } from './nats-server.js';
import { cacheDir } from './project-dir.js';
import { startPostgres, type Postgres } from './postgres.js';
import { copyDataDirectory } from './postgres-template.js';

export interface TestStackOptions {
  readonly region?: string;
  /** Set for tests that kill: everything acknowledged is on the disk. */
  readonly durable?: boolean;
  readonly withPostgres?: boolean;
  readonly withNats?: boolean;
  /** What gateways vouch for tenants with. */
  readonly auditKey?: string;
  readonly links?: NatsLinks;
}

export interface TestStack {
  readonly region: string;
  /** Removed at the end. */
  readonly dir: string;
  readonly passwords: NatsPasswords;
  nats: NatsServer;
  postgres: Postgres;
  /** The address of an empty database of this stack. */
  readonly databaseUrl: string;
  stop(): Promise<void>;
}

/**
 * PostgreSQL and NATS for one spec, on loopback, in a directory of its own: about a second to start, nothing left after `stop`.
 * A part that was left out throws when it is used.
 */
export async function startTestStack({ region = 'RegionTest', durable = false, withPostgres = true, withNats = true, auditKey, links }: TestStackOptions = {}): Promise<TestStack> {
  const dir = await mkdtemp(join(tmpdir(), 'heliograph-'));
  await chmod(dir, 0o755);
  const passwords = randomPasswords();
  const [nats, { postgres, databaseUrl }] = await Promise.all([
    withNats ? startNats(dir, { region, passwords, durable, ...(auditKey === undefined ? {} : { auditKey }), ...(links ? { links } : {}) }) : absent<NatsServer>('NATS'),
    withPostgres ? startDatabase(dir, durable) : { postgres: absent<Postgres>('PostgreSQL'), databaseUrl: '' },
  ]);
  const stack: TestStack = {
    region, dir, passwords, nats, postgres, databaseUrl,
    stop: async () => {
      await Promise.all([withNats && stack.nats.stop(), withPostgres && stack.postgres.stop()]);
      await rm(dir, { recursive: true, force: true });
    },
  };
  return stack;
}

async function startDatabase(dir: string, durable: boolean): Promise<{ postgres: Postgres; databaseUrl: string }> {
  const password = durable ? randomBytes(12).toString('hex') : await copyDataDirectory(join(dir, 'postgres'));
  const postgres = await startPostgres({ dir: join(dir, 'postgres'), password, durable });
  const database = `test_${randomUUID().slice(0, 8)}`;
  await postgres.createDatabase(database);
  return { postgres, databaseUrl: postgres.url(database) };
}

/** One random password for each NATS user. */
export const randomPasswords = (): NatsPasswords =>
  Object.fromEntries(natsUsers.map((name) => [name, randomBytes(24).toString('base64url')])) as NatsPasswords;

async function startNats(dir: string, { durable, ...options }: { region: string; passwords: NatsPasswords; durable: boolean; auditKey?: string; links?: NatsLinks }): Promise<NatsServer> {
  const binary = await findNatsServer({ cacheDir: cacheDir() });
  return startNatsServer({ binary, dir: join(dir, 'nats'), ...options, sync: durable ? 'always' : 'seldom' });
}

function absent<Part extends object>(name: string): Part {
  return new Proxy({} as Part, {
    // An awaited value is asked for `then`: it is no promise.
    get: (_, property) => { if (property !== 'then') throw new Error(`this test stack was started without ${name}`); },
  });
}
