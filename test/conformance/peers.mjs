/**
 * The other side of every conformance test: the kit of real OpenStack services and released clients, which is `../shared/kit` beside the
 * project, or HELIOGRAPH_KIT. Everything is started for one run, on free ports, below one directory, and nothing of it is left.
 */
import { execFile } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { environment, projectDir } from '../../scripts/prepare.mjs';

const exec = promisify(execFile);
export const kit = process.env.HELIOGRAPH_KIT ?? join(projectDir, '..', 'shared', 'kit');
export const peersHome = process.env.PEERS_HOME ?? join(homedir(), '.cache', 'image-peers');
export const password = 'secret';
export const projectFile = (path) => join(projectDir, path);

/** The directory of this run; everybody may look into it, because PostgreSQL runs as somebody else. */
export const dir = mkdtempSync(join(tmpdir(), 'heliograph-conformance-'));
chmodSync(dir, 0o755);

/** What was started and must end, also when this run is cut off. */
const started = [];
/** Commands that run now; what they would still start must not outlive this run. */
const running = new Set();
const counts = { passed: 0, failed: 0, skipped: 0 };

export const pass = (what) => { counts.passed += 1; if (what) console.log(`PASS ${what}`); };
export const skip = (what) => { counts.skipped += 1; if (what) console.log(`SKIP ${what}`); };
export const fail = (what) => { counts.failed += 1; console.log(`FAIL ${what}`); };
export const count = (kind, number) => { counts[kind] += number; };

/** Runs a whole conformance test and ends the process with its counts as the last line. */
export async function conformance(test) {
  if (!existsSync(join(kit, 'lib.sh'))) fail(`There is no kit at ${kit}. Say where it is in HELIOGRAPH_KIT.`);
  else await test().catch((error) => fail(error.stack));
  finish();
}

function finish() {
  rmSync(dir, { recursive: true, force: true });
  console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
  process.exit(counts.failed > 0 || counts.passed === 0 ? 1 : 0);
}

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, async () => {
    fail(`cut off by ${signal}`);
    for (const child of running) child.kill('SIGTERM');
    for (const what of started.toReversed()) await end(what).catch((error) => console.log(error.message));
    finish();
  });
}

const endings = new Map();

/** Once, however often it is asked for; everybody waits for it. */
async function end(what) {
  if (!endings.has(what)) endings.set(what, what());
  await endings.get(what);
}

/** Has `stop` called after `use`, or when the run is cut off. */
export async function ending(stop, use) {
  started.push(stop);
  try {
    return await use();
  } finally {
    await end(stop);
  }
}

const given = new Set();

/** A port that was free a moment ago and was not given away before; below those that outgoing connections take, as in libs/embedded. */
export async function freePort() {
  for (;;) {
    const port = randomInt(20_000, 32_000);
    if (given.has(port)) continue;
    given.add(port);
    const server = createServer();
    const isFree = await new Promise((resolve) => server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true)));
    await new Promise((resolve) => server.close(resolve));
    if (isFree) return port;
  }
}

export async function run(command, args, env, timeoutMs) {
  const asked = exec(command, args, { env, cwd: projectDir, timeout: timeoutMs, maxBuffer: 2 ** 26 });
  running.add(asked.child);
  try {
    return (await asked).stdout;
  } catch (error) {
    throw new Error(`${command} ${args.join(' ')}: ${error.killed ? `took longer than ${timeoutMs} ms. ` : ''}${error.stdout ?? ''}${error.stderr ?? error.message}`.slice(-4000));
  } finally {
    running.delete(asked.child);
  }
}

/** One region of ours. `use` gets what the launcher wrote of it, and where. */
export async function withHeliograph(name, port, args, use) {
  const data = join(dir, name);
  const npm = (...words) => run('npm', ['--silent', ...words], environment({ NATS_URL: '' }), 300_000);
  return ending(() => npm('stop', '--', '--data', data), async () => {
    await npm('start', '--', '--data', data, '--port', String(port), '--detach', ...args);
    return use({ ...JSON.parse(readFileSync(join(data, 'heliograph.json'), 'utf8')), data });
  });
}

/**
 * A Keystone of its own, so that one that somebody works with is left alone; only the virtual environments are shared.
 * Its catalogue names the image service of RegionOne, and of RegionTwo where there are two. `use` gets its address and the environment in which the kit's other commands know it.
 */
export async function withKeystone(imageUrls, use) {
  // One of its own for each Keystone of a run.
  const home = join(dir, `peers-${await freePort()}`);
  mkdirSync(home);
  mkdirSync(join(peersHome, 'venv'), { recursive: true });
  symlinkSync(join(peersHome, 'venv'), join(home, 'venv'));
  const [keystone, postgres, memcached, files] = [await freePort(), await freePort(), await freePort(), await freePort()];
  const env = { ...process.env, PEERS_HOME: home, TMPDIR: dir, KEYSTONE_PORT: keystone, PG_PORT: postgres, MEMCACHED_PORT: memcached, FILES_PORT: files };
  return ending(() => inKit('stop keystone; stop memcached; stop postgres', env), async () => {
    await run('bash', [join(kit, 'keystone-up'), ...[imageUrls].flat()], env, 600_000);
    return use({ authUrl: `http://127.0.0.1:${keystone}/v3`, env });
  });
}

/** Keystone once more, with the same data: each of its processes remembers for minutes the catalogue that it gave out, also one without an endpoint that was added since. */
export async function keystoneAnew(imageUrls, env) {
  await inKit('stop keystone', env);
  await run('bash', [join(kit, 'keystone-up'), ...[imageUrls].flat()], env, 600_000);
}

/** A real Glance that trusts the Keystone of `env`. `options` are those of the kit's `glance-up`. */
export const withGlance = (name, port, options, env, use) => ending(() => run('bash', [join(kit, 'glance-down'), name], env, 60_000), async () => {
  await run('bash', [join(kit, 'glance-up'), '--name', name, '--port', String(port), ...options], env, 600_000);
  return use(`http://127.0.0.1:${port}`);
});

/** Runs a line of shell with the kit's functions. */
export const inKit = (line, env, timeoutMs = 60_000) => run('bash', ['-c', `. "$0/lib.sh"; ${line}`, kit], env, timeoutMs);

/** The `openstack` program, from the kit; made on first use, which takes a minute or two. */
export async function client() {
  await inKit('client_venv', { ...process.env, PEERS_HOME: peersHome }, 600_000);
  return join(peersHome, 'venv', 'client', 'bin', 'openstack');
}
