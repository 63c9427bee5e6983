import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { run } from './commands.js';
import { binaries, makeDataDirectory } from './postgres.js';
import { cacheDir } from './project-dir.js';

/**
 * Puts an empty data directory into `dir`, for tests that do not cut the power, and gives its password.
 * To make one takes most of a second of CPU, and a run of the tests wants a hundred: they are copies of one that is kept.
 */
export async function copyDataDirectory(dir: string): Promise<string> {
  const template = await templateDir();
  const password = await readFile(join(template, 'password'), 'utf8').catch(() => makeTemplate(template));
  await mkdir(dir, { recursive: true });
  // Node's own copy does not keep the owner, and PostgreSQL starts in a directory of its own only.
  await run('cp', ['-a', join(template, 'data'), dir], { timeoutMs: 60_000 });
  return password;
}

/** Of this version and this user: both have to fit. */
async function templateDir(): Promise<string> {
  const { initdb } = await binaries();
  const { version } = JSON.parse(await readFile(join(dirname(initdb), '../../package.json'), 'utf8')) as { version: string };
  return join(cacheDir(), `postgres-for-tests-${version}-${process.getuid?.() ?? 0}`);
}

/** Made aside; of several that make it at once, the first is kept. */
async function makeTemplate(template: string): Promise<string> {
  await mkdir(dirname(template), { recursive: true });
  const aside = await mkdtemp(`${template}.`);
  await chmod(aside, 0o755);
  const password = randomBytes(12).toString('hex');
  await makeDataDirectory({ dir: aside, password, durable: false });
  await writeFile(join(aside, 'password'), password, { mode: 0o600 });
  try {
    await rename(aside, template);
  } catch (error) {
    if (!['EEXIST', 'ENOTEMPTY'].includes((error as { code?: string }).code ?? '')) throw error;
    await rm(aside, { recursive: true });
  }
  return readFile(join(template, 'password'), 'utf8');
}
