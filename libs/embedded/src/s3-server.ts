import { randomBytes } from 'node:crypto';
import { access, constants, mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { startChild, type Child } from './child.js';
import { onPath, run } from './commands.js';
import { freePort } from './free-port.js';
import { cacheDir } from './project-dir.js';

const goModule = 'github.com/versity/versitygw/cmd/versitygw@v1.8.0';

export interface S3Server extends Child {
  readonly url: string;
  readonly accessKey: string;
  readonly secretKey: string;
  /** Starts it again with the same data, at the same address, after it was stopped or killed. */
  restart(): Promise<S3Server>;
}

export interface S3ServerOptions {
  readonly binary: string;
  /** Holds the buckets and the log file. */
  readonly dir: string;
  readonly port?: number;
  readonly accessKey?: string;
  readonly secretKey?: string;
}

/** An S3 server for tests: the one named in S3_SERVER_BIN, versitygw or minio on PATH, the one built before, or versitygw built with Go. */
export async function findS3Server(env: NodeJS.ProcessEnv = process.env, onProgress: (line: string) => void = () => {}): Promise<string> {
  const built = join(cacheDir(), 'bin', 'versitygw');
  const found = env['S3_SERVER_BIN'] || await onPath('versitygw', env['PATH']) || await onPath('minio', env['PATH']) || built;
  if (await canRun(found)) return found;
  if (env['S3_SERVER_BIN']) throw new Error(`S3_SERVER_BIN names ${found}, which cannot be run.`);
  onProgress(`building ${goModule} with Go; this takes two minutes`);
  try {
    await run('go', ['install', goModule], { timeoutMs: 900_000, env: { ...env, GOBIN: join(cacheDir(), 'bin') } });
  } catch (error) {
    throw new Error(`No S3 server: ${(error as Error).message}. Put versitygw or minio on PATH, or name one in S3_SERVER_BIN.`, { cause: error });
  }
  return built;
}

const canRun = (file: string): Promise<boolean> => access(file, constants.X_OK).then(() => true, () => false);

/** Starts an S3 server on loopback with one user, who may do everything. It holds no bucket. */
export async function startS3Server(options: S3ServerOptions): Promise<S3Server> {
  const { binary, dir, accessKey = `user${randomBytes(8).toString('hex')}`, secretKey = randomBytes(24).toString('base64url') } = options;
  const buckets = join(dir, 'buckets');
  await mkdir(buckets, { recursive: true, mode: 0o700 });
  const port = await freePort(options.port);
  const url = `http://127.0.0.1:${port}`;
  const isMinio = basename(binary).includes('minio');
  const child = await startChild({
    name: 'S3', command: binary, logFile: join(dir, 's3.log'), cwd: dir,
    args: isMinio ? ['server', buckets, '--address', `127.0.0.1:${port}`] : ['--quiet', '--keep-alive', '--port', `127.0.0.1:${port}`, 'posix', buckets],
    env: { ...process.env, ROOT_ACCESS_KEY: accessKey, ROOT_SECRET_KEY: secretKey, MINIO_ROOT_USER: accessKey, MINIO_ROOT_PASSWORD: secretKey },
    // Who may not list the buckets is told so by a server that works.
    isReady: () => fetch(url, { signal: AbortSignal.timeout(1000) }).then(({ status }) => status < 500, () => false),
  });
  return { ...child, url, accessKey, secretKey, restart: () => startS3Server({ ...options, port, accessKey, secretKey }) };
}
