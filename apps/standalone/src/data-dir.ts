import { randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename, rm, statfs, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { randomPasswords, runningCommand, type NatsPasswords } from '#libs/embedded';

/**
 *   DIR/heliograph.lock    the process that uses DIR
 *   DIR/heliograph.json    what runs: processes, ports, endpoint; for `npm stop` and for tests
 *   DIR/ports.json         the ports of last time
 *   DIR/secrets.json       passwords, made once                              0600
 *   DIR/clouds.yaml openrc openrc-admin operator.env                         0600
 *   DIR/postgres/ nats/    what they keep
 *   DIR/stores/            image data
 *   DIR/staging/           data that waits for its import
 *   DIR/policy.yaml        the operator's own rules, where he writes any
 *   DIR/logs/              one file a service
 */
export interface DataDir {
  readonly path: string;
  readonly secrets: Secrets;
  /** Ports by name, as they were last time; what is set here is written by `save`. */
  readonly ports: Record<string, number>;
  file(name: string): string;
  save(name: string, content: string, mode?: number): Promise<void>;
  release(): Promise<void>;
}

export interface Secrets {
  readonly nats: NatsPasswords;
  readonly postgres: string;
  /** What gateway, staging, importer and federation sign capabilities with. */
  readonly capability: string;
  /** What the tokens of callers and the queries of URIs are sealed with. */
  readonly seal: string;
  /** What the gateway vouches for tenants with, at the NATS server. */
  readonly audit: string;
  /** What the NATS server of another region of the same start links itself to this one's with. */
  readonly link: string;
}

/** A data directory that cannot be used; the message says what to do. */
export class UnusableDataDir extends Error {
  override readonly name = 'UnusableDataDir';
}

const neededBytes = 256 * 2 ** 20;

/** Takes the directory for this process alone, and makes what a first start needs. Throws `UnusableDataDir`. */
export async function takeDataDir(path: string): Promise<DataDir> {
  await mkdir(join(path, 'logs'), { recursive: true }).catch((error: Error) => {
    throw new UnusableDataDir(`${path} cannot be made or written (${error.message}). Choose another directory with --data.`, { cause: error });
  });
  await refuseFullDisk(path);
  await lock(path);
  try {
    const file = (name: string) => join(path, name);
    const save = (name: string, content: string, mode = 0o644) => replaceFile(file(name), content, mode);
    const secrets = await secretsIn(file('secrets.json'));
    return { path, secrets, ports: await jsonOf<Record<string, number>>(file('ports.json')) ?? {}, file, save, release: () => rm(lockFile(path), { force: true }) };
  } catch (error) {
    await rm(lockFile(path), { force: true });
    throw error;
  }
}

const lockFile = (path: string): string => join(path, 'heliograph.lock');

async function lock(path: string): Promise<void> {
  const file = lockFile(path);
  for (;;) {
    try {
      const handle = await open(file, 'wx');
      await handle.writeFile(`${process.pid}\n`);
      return await handle.close();
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
    const pid = Number((await readFile(file, 'utf8').catch(() => '')).trim());
    if (pid && pid !== process.pid && (await runningCommand(pid)).includes('standalone')) {
      throw new UnusableDataDir(`${path} is in use by the Heliograph with process id ${pid}. End it with: npm stop -- --data ${path}\nOr start another one beside it: npm start -- --data OTHER_DIR --port OTHER_PORT`);
    }
    await rm(file, { force: true });
  }
}

async function refuseFullDisk(path: string): Promise<void> {
  const { bavail, bsize } = await statfs(path);
  if (bavail * bsize >= neededBytes) return;
  throw new UnusableDataDir(`The disk that holds ${path} is full: ${Math.floor((bavail * bsize) / 2 ** 20)} MiB are free, ${neededBytes / 2 ** 20} MiB are needed. Free some space, or choose another directory with --data.`);
}

async function secretsIn(file: string): Promise<Secrets> {
  const kept = await jsonOf<Partial<Secrets>>(file);
  const fresh = (bytes: number): string => randomBytes(bytes).toString('base64url');
  const secrets: Secrets = {
    postgres: fresh(24), capability: fresh(32), seal: fresh(32), audit: fresh(32), link: fresh(24), ...kept, nats: { ...randomPasswords(), ...kept?.nats },
  };
  await replaceFile(file, JSON.stringify(secrets, null, 2), 0o600);
  return secrets;
}

async function jsonOf<Value>(file: string): Promise<Value | undefined> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return text === undefined ? undefined : (JSON.parse(text) as Value);
}

async function replaceFile(file: string, content: string, mode: number): Promise<void> {
  await writeFile(`${file}.new`, content, { mode });
  await rename(`${file}.new`, file);
}
