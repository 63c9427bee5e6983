/**
 * The released `openstack` client against Heliograph: once with the development identity, once with a real Keystone.
 * Both are started for this run, on free ports, and nothing of them is left. The kit that holds the client and Keystone is
 * `../shared/kit` beside the project, or HELIOGRAPH_KIT. Prints one line a step, and N passed, N failed, N skipped.
 */
import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { environment, projectDir } from '../../scripts/prepare.mjs';
import { imageLife } from './image-life.mjs';

const exec = promisify(execFile);
const kit = process.env.HELIOGRAPH_KIT ?? join(projectDir, '..', 'shared', 'kit');
const peersHome = process.env.PEERS_HOME ?? join(homedir(), '.cache', 'image-peers');
const password = 'secret';
const projects = { demo_reader: 'demo' };
const dir = mkdtempSync(join(tmpdir(), 'heliograph-clients-'));
chmodSync(dir, 0o755);
/** What was started and must end, also when this run is cut off. */
const started = [];
let passed = 0;
let failed = 0;

async function end(what) {
  const index = started.indexOf(what);
  if (index < 0) return;
  started.splice(index, 1);
  await what();
}

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, async () => {
    console.log(`FAIL cut off by ${signal}`);
    for (const what of started.toReversed()) await end(what).catch((error) => console.log(error.message));
    rmSync(dir, { recursive: true, force: true });
    console.log(`${passed} passed, ${failed + 1} failed, 0 skipped`);
    process.exit(1);
  });
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function run(command, args, env, timeoutMs) {
  try {
    const { stdout } = await exec(command, args, { env, cwd: projectDir, timeout: timeoutMs, maxBuffer: 2 ** 24 });
    return stdout;
  } catch (error) {
    throw new Error(`${command} ${args.join(' ')}: ${error.killed ? `took longer than ${timeoutMs} ms. ` : ''}${error.stdout ?? ''}${error.stderr ?? error.message}`.slice(-4000));
  }
}

/** The client's program, from the kit; made on first use, which takes a minute or two. */
async function client() {
  if (!existsSync(join(kit, 'lib.sh'))) throw new Error(`There is no kit at ${kit}. Say where it is in HELIOGRAPH_KIT.`);
  await run('bash', ['-c', '. "$0/lib.sh"; client_venv', kit], { ...process.env, PEERS_HOME: peersHome }, 600_000);
  return join(peersHome, 'venv', 'client', 'bin', 'openstack');
}

function openstack(program, authUrl, region) {
  return async (user, ...args) => {
    const names = { OS_USERNAME: user, OS_PROJECT_NAME: projects[user] ?? user, OS_PASSWORD: password, OS_USER_DOMAIN_ID: 'default', OS_PROJECT_DOMAIN_ID: 'default' };
    const env = { PATH: process.env.PATH, HOME: dir, PYTHONWARNINGS: 'ignore', OS_AUTH_URL: authUrl, OS_IDENTITY_API_VERSION: '3', OS_REGION_NAME: region, ...names };
    // Standard input is closed: the client would upload what it reads from it.
    return run('sh', ['-c', 'exec "$@" <&-', 'sh', program, ...args], env, 60_000);
  };
}

async function live(title, as) {
  for (const [name, step] of imageLife({ as, dir })) {
    try {
      await step();
      passed += 1;
      console.log(`PASS ${title}: ${name}`);
    } catch (error) {
      failed += 1;
      console.log(`FAIL ${title}: ${name}\n     ${error.message.replaceAll('\n', '\n     ')}`);
    }
  }
}

async function withHeliograph(name, port, args, use) {
  const data = join(dir, name);
  const npm = (...words) => run('npm', ['--silent', ...words], environment({ NATS_URL: '' }), 300_000);
  const stop = () => npm('stop', '--', '--data', data);
  started.push(stop);
  try {
    await npm('start', '--', '--data', data, '--port', String(port), '--detach', ...args);
    await use(JSON.parse(readFileSync(join(data, 'heliograph.json'), 'utf8')));
  } finally {
    await end(stop);
  }
}

/** A Keystone of its own, so that one that somebody works with is left alone; only the virtual environments are shared. */
async function withKeystone(imageUrl, use) {
  const home = join(dir, 'peers');
  mkdirSync(home);
  mkdirSync(join(peersHome, 'venv'), { recursive: true });
  symlinkSync(join(peersHome, 'venv'), join(home, 'venv'));
  const [keystone, postgres, memcached] = [await freePort(), await freePort(), await freePort()];
  const env = { ...process.env, PEERS_HOME: home, TMPDIR: dir, KEYSTONE_PORT: keystone, PG_PORT: postgres, MEMCACHED_PORT: memcached };
  const stop = () => run('bash', ['-c', '. "$0/lib.sh"; stop keystone; stop memcached; stop postgres', kit], env, 60_000);
  started.push(stop);
  try {
    await run('bash', [join(kit, 'keystone-up'), imageUrl], env, 600_000);
    await use(`http://127.0.0.1:${keystone}/v3`);
  } finally {
    await end(stop);
  }
}

try {
  const program = await client();
  await withHeliograph('development', await freePort(), [], async ({ identityUrl, region }) => {
    await live('development identity', openstack(program, identityUrl, region));
  });
  const port = await freePort();
  await withKeystone(`http://127.0.0.1:${port}`, async (authUrl) => {
    await withHeliograph('keystone', port, ['--keystone', authUrl, '--keystone-password', password], async ({ region }) => {
      await live('Keystone', openstack(program, authUrl, region));
    });
  });
} catch (error) {
  failed += 1;
  console.log(`FAIL ${error.message}`);
} finally {
  rmSync(dir, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed, 0 skipped`);
process.exit(failed > 0 || passed === 0 ? 1 : 0);
