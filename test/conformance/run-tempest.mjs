/**
 * Tempest's image tests, its scenario of unified limits and the whole glance-tempest-plugin against Heliograph with a real Keystone, several stores and two gateways, as
 * clouds test a real Glance. What must pass stands in tempest-passing.txt (`--record` writes it anew from this run), what cannot pass yet or
 * never passes in tempest-not-yet.mjs, with the reason; `--record` of a part adds to the list. Prints what is otherwise, and N passed, N failed, N skipped.
 * A regular expression as argument runs only the tests that match.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { environment, node, projectDir } from '../../scripts/prepare.mjs';
import { conformance, count, dir, ending, fail, freePort, inKit, keystoneAnew, kit, password, run, skip, withHeliograph, withKeystone } from './peers.mjs';
import { expectation } from './tempest-not-yet.mjs';
import { limitSettings, registerLimits } from './unified-limits.mjs';

const listFile = join(import.meta.dirname, 'tempest-passing.txt');
const isRecording = process.argv.includes('--record');
const only = process.argv.slice(2).find((argument) => !argument.startsWith('--'));
/** A quiet machine needs a fifth of it. */
const timeoutMs = 1_800_000;

/** Another gateway of the same region, as on a second host. */
async function withSecondGateway({ pid }, port, data, use) {
  const env = Object.fromEntries(readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0').filter(Boolean).map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
  const child = spawn(node, [join(projectDir, 'dist/apps/gateway/src/main.js')], {
    cwd: projectDir, stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...env, HELIOGRAPH_DEFAULT__BIND_PORT: String(port), HELIOGRAPH_HELIOGRAPH__OPERATIONS_PORT: String(await freePort()),
      HELIOGRAPH_DEFAULT__IMAGE_CACHE_DIR: join(dir, 'cache-2'),
    },
  });
  const log = createWriteStream(join(data, 'logs', 'gateway-2.log'));
  child.stdout.pipe(log);
  child.stderr.pipe(log);
  const ended = once(child, 'exit');
  return ending(async () => { child.kill('SIGTERM'); await ended; }, async () => {
    await answers(`http://127.0.0.1:${port}/healthcheck`);
    return use();
  });
}

async function answers(url) {
  for (let tries = 0; tries < 300; tries += 1) {
    const isThere = await fetch(url).then((answer) => answer.ok, () => false);
    if (isThere) return;
    await new Promise((resolve) => { setTimeout(resolve, 100); });
  }
  throw new Error(`no answer from ${url}`);
}

async function outcomes(env) {
  // The scenario of unified limits is the one of Tempest's scenarios that is about images alone.
  const regex = ['--regex', only ?? 'tempest\\.api\\.image|glance_tempest_plugin|ImageQuotaTest'];
  // Its exit status says that a test failed, which is judged here by what failed.
  const printed = await run('bash', [join(kit, 'tempest-run'), '--concurrency', '2', '--set', 'image-feature-enabled.image_format_enforcement=false', ...regex], env, timeoutMs).catch((error) => error.message);
  const stream = join(env.PEERS_HOME, 'tempest', 'last.subunit');
  if (!existsSync(stream)) throw new Error(`Tempest did not run: ${printed}`);
  const lines = (await inKit(`"$VENV/client/bin/python" "${join(import.meta.dirname, 'tempest-outcomes.py')}" <"${stream}"`, env)).trim().split('\n');
  return lines.filter(Boolean).map((line) => line.split('\t')).map(([status, name, why]) => ({ status, name, why }));
}

const listed = () => existsSync(listFile) ? readFileSync(listFile, 'utf8').split('\n').filter(Boolean) : [];

function judge(tests, mustPass) {
  const missing = new Set(mustPass);
  for (const { status, name, why } of tests) {
    const hadToPass = missing.delete(name);
    const expected = expectation(name);
    if (status === 'success') count('passed', 1);
    else if (hadToPass) fail(`${name}: it passed before, and now it is ${status}: ${why}`);
    else if (expected) skip(`${name}: ${expected}`);
    else fail(`${name} (${status}): ${why}`);
  }
  if (only === undefined) for (const name of missing) fail(`${name}: it passed before, and now it was not run`);
}

await conformance(async () => {
  const [port, second] = [await freePort(), await freePort()];
  await withKeystone(`http://127.0.0.1:${port}`, async ({ authUrl, env }) => {
    await inKit(`catalog glance_remote image_remote RegionOne http://127.0.0.1:${second}`, env);
    await registerLimits(authUrl, password);
    await keystoneAnew(`http://127.0.0.1:${port}`, env);
    const set = {
      // Tempest uploads random bytes as qcow2, here and to a real Glance.
      'image_format.require_image_format_match': 'false',
      ...limitSettings(authUrl, password),
      'default.enabled_backends': 'cheap:file,fast:file,web:http', 'cheap.weight': '200', 'fast.weight': '100',
      'default.show_multiple_locations': 'true', 'default.image_cache_dir': join(dir, 'cache'),
      'import_filtering_opts.allowed_hosts': '127.0.0.1', 'import_filtering_opts.allowed_ports': `80,443,${env.FILES_PORT}`,
    };
    const options = Object.entries(set).flatMap(([name, value]) => ['--set', `${name}=${value}`]);
    await withHeliograph('tempest', port, ['--keystone', authUrl, '--keystone-password', password, ...options], ({ processes, data }) =>
      withSecondGateway(processes.gateway, second, data, async () => {
        await run('npm', ['run', '--silent', 'metadefs:load', '--', '--data', data], environment(), 120_000);
        const tests = await outcomes(env);
        const passing = tests.filter(({ status }) => status === 'success').map(({ name }) => name).toSorted();
        if (isRecording) writeFileSync(listFile, `${[...new Set([...only === undefined ? [] : listed(), ...passing])].toSorted().join('\n')}\n`);
        judge(tests, listed());
      }));
  });
});
