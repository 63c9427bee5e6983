/**
 * What every script does first, on whatever Node from 20 on is there: install when the lockfile is newer than what is installed,
 * build when a source is newer than what was built. Node's own modules only. Where nothing is to be done it takes milliseconds.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const projectDir = dirname(dirname(fileURLToPath(import.meta.url)));
const at = (...parts) => join(projectDir, ...parts);

/** The Node that the project pins; there after `install`. */
export const node = at('node_modules', '.bin', 'node');

/** The environment in which `node` and the tools of the project come first. */
export function environment(more = {}) {
  const env = { ...process.env, PATH: `${at('node_modules', '.bin')}${delimiter}${process.env.PATH ?? ''}`, ...more };
  // Node's fetch goes through a proxy only when it is told to.
  if (['HTTP_PROXY', 'HTTPS_PROXY', 'http_proxy', 'https_proxy'].some((name) => process.env[name])) env.NODE_USE_ENV_PROXY ??= '1';
  return env;
}

/** Runs a program to its end; rejects with what it printed where its exit status is not 0. `quiet` keeps its output back otherwise. */
export function run(command, args, { quiet = false, env = environment() } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: projectDir, env, stdio: quiet ? ['ignore', 'pipe', 'pipe'] : 'inherit' });
    const printed = [];
    child.stdout?.on('data', (chunk) => printed.push(chunk));
    child.stderr?.on('data', (chunk) => printed.push(chunk));
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`${command} ${args.join(' ')} ended with ${signal ?? `exit status ${code}`}\n${Buffer.concat(printed)}`));
    });
  });
}

export async function prepare(say = () => undefined) {
  const [major] = process.versions.node.split('.').map(Number);
  if (major < 20) throw new Error(`Node ${process.versions.node} is too old for the first step: install Node 20 or later and try again.`);
  await alone(async () => {
    await install(say);
    await build(say);
  });
}

async function install(say) {
  const wanted = mtime(at('package-lock.json'));
  if (existsSync(node) && mtime(at('node_modules', '.package-lock.json')) >= wanted) return;
  say('installing packages (npm ci)');
  const npm = process.env.npm_execpath;
  const [command, first] = npm && /\.[cm]?js$/.test(npm) ? [process.execPath, [npm]] : ['npm', []];
  await run(command, [...first, 'ci', '--no-audit', '--no-fund'], { quiet: true, env: installing() });
  if (!existsSync(node)) throw new Error('npm ci left no Node behind: its install scripts were not run. Run: npm ci --ignore-scripts=false');
}

/** npm hands its own settings to what it starts; a nested npm must not take a dry run or a prefix from them. */
function installing() {
  const env = { ...process.env };
  for (const name of ['npm_config_prefix', 'npm_config_ignore_scripts', 'npm_config_omit', 'npm_config_dry_run']) delete env[name];
  if (env.NODE_ENV === 'production') delete env.NODE_ENV;
  return env;
}

async function build(say) {
  const stamp = at('dist', '.built');
  const newest = Math.max(...['apps', 'libs', 'packages/events-client/src'].map((dir) => newestBelow(at(dir))), ...['tsconfig.json', 'tsconfig.build.json', 'package.json'].map((file) => mtime(at(file))));
  if (mtime(stamp) > newest) return;
  say('building');
  const startedAt = new Date();
  for (const project of ['tsconfig.build.json', 'packages/events-client/tsconfig.json']) await run(node, [at('node_modules', 'typescript7', 'bin', 'tsc'), '-p', at(project)], { quiet: true });
  writeFileSync(stamp, `${startedAt.toISOString()}\n`);
}

function newestBelow(dir) {
  let newest = 0;
  for (const entry of readdirSync(dir, { withFileTypes: true })) {
    const path = join(dir, entry.name);
    if (entry.isDirectory()) newest = Math.max(newest, newestBelow(path));
    else if (entry.name.endsWith('.ts') && !entry.name.endsWith('spec.ts')) newest = Math.max(newest, mtime(path));
  }
  return newest;
}

const mtime = (path) => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0;

/** Two starts side by side from one clone must not install or build at the same time. */
async function alone(work) {
  const lock = at('.cache', 'prepare.lock');
  mkdirSync(at('.cache'), { recursive: true });
  for (;;) {
    try {
      mkdirSync(lock);
      writeFileSync(join(lock, 'pid'), String(process.pid));
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      if (isAbandoned(lock)) rmSync(lock, { recursive: true, force: true });
      else await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }
  const free = () => rmSync(lock, { recursive: true, force: true });
  process.once('exit', free);
  try {
    await work();
  } finally {
    process.off('exit', free);
    free();
  }
}

function isAbandoned(lock) {
  try {
    process.kill(Number(readFileSync(join(lock, 'pid'), 'utf8')), 0);
    return false;
  } catch (error) {
    // The holder writes its process id a moment after it made the directory.
    return error.code === 'ESRCH' || (error.code === 'ENOENT' && Date.now() - mtime(lock) > 5000);
  }
}
