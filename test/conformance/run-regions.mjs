/**
 * Images between regions, by the kit's `cli-check` with the released `openstack` client and a real Keystone: from one Heliograph to another, from
 * Heliograph to a real Glance, and from a real Glance to Heliograph. Prints one line a step, and N passed, N failed, N skipped.
 */
import { spawn } from 'node:child_process';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { client, conformance, fail, freePort, inKit, kit, pass, password, run, withGlance, withHeliograph, withKeystone } from './peers.mjs';

/** Of each cli-check, so that a run that hangs ends. */
const checkWithinMs = 900_000;
const expectedSteps = 35;

/** One run of cli-check; its steps are counted as they come. */
function check(from, to, env) {
  return new Promise((resolve) => {
    const cli = spawn('bash', [join(kit, 'cli-check'), from, to], { env, stdio: ['ignore', 'pipe', 'inherit'] });
    const timer = setTimeout(() => {
      fail(`${from} to ${to}: took longer than ${checkWithinMs / 1000} s`);
      cli.kill('SIGTERM');
    }, checkWithinMs);
    let steps = 0;
    createInterface({ input: cli.stdout }).on('line', (line) => {
      const [, verdict, what] = /^(PASS|FAIL) (.*)$/.exec(line) ?? [];
      if (verdict) steps += 1;
      if (verdict === 'PASS') pass(`${from} to ${to}: ${what}`);
      else if (verdict === 'FAIL') fail(`${from} to ${to}: ${what}`);
      else console.log(line);
    });
    cli.once('close', (code) => {
      clearTimeout(timer);
      if (steps < expectedSteps) fail(`${from} to ${to}: ended after ${steps} of ${expectedSteps} steps (exit status ${code})`);
      resolve();
    });
  });
}

/** Two ports in a row, as two regions take them. */
async function freePair() {
  for (;;) {
    const port = await freePort();
    if (await isFree(port + 1)) return [port, port + 1];
  }
}

const isFree = (port) => new Promise((resolve) => {
  const server = createServer().once('error', () => resolve(false));
  server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
});

await conformance(async () => {
  await client();
  const [one, two] = await freePair();
  const glance = await freePort();
  const imageUrls = [`http://127.0.0.1:${one}`, `http://127.0.0.1:${two}`];
  await withKeystone(imageUrls, async ({ authUrl, env }) => {
    const files = env.FILES_PORT;
    const glanceEnv = { ...env, IMPORT_PORTS: [one, two, glance, files].join(',') };
    await withGlance('glance', glance, ['--region', 'RegionThree', '--stores', 'cheap,fast', '--workers', '1', '--threads', '2'], glanceEnv, async () => {
      // The client looks for Keystone, too, in the region that it was told to use.
      await inKit(`catalog keystone identity RegionThree ${authUrl}`, env);
      // It remembers what it has told of its catalogue, ten minutes long, and had told some of it before all of this was in it.
      await inKit('stop keystone', env);
      await run('bash', [join(kit, 'keystone-up'), ...imageUrls], env, 120_000);
      const opened = ['--set', 'import_filtering_opts.allowed_hosts=127.0.0.1', '--set', `import_filtering_opts.allowed_ports=${files}`];
      await withHeliograph('regions', one, ['--regions', '2', '--keystone', authUrl, '--keystone-password', password, ...opened], async () => {
        await check('RegionOne', 'RegionTwo', env);
        await check('RegionOne', 'RegionThree', env);
        await check('RegionThree', 'RegionOne', env);
      });
    });
  });
});
