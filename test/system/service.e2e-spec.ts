import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { freePort, projectDir, startChild, startTestStack, type Child, type TestStack } from '#libs/embedded';

const services = ['staging', 'importer', 'federation'] as const;
const mainOf = (service: string): string => join(projectDir(), 'dist/apps', service, 'src/main.js');

async function get(port: number, path: string): Promise<{ status: number; text: string }> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(5000) });
  return { status: response.status, text: await response.text() };
}

async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const deadline = Date.now() + 90_000; !(await holds().catch(() => false)); await delay(50)) {
    if (Date.now() > deadline) throw new Error(`not within 30 s: ${what}`);
  }
}

const transferEnvironment = async (dir: string): Promise<NodeJS.ProcessEnv> => ({
  HELIOGRAPH_HELIOGRAPH__CAPABILITY_KEY: 'k'.repeat(32), HELIOGRAPH_HELIOGRAPH__TRANSFER_PORT: String(await freePort()),
  HELIOGRAPH_HELIOGRAPH__SEAL_KEY: 's'.repeat(32), HELIOGRAPH_DEFAULT__NODE_STAGING_URI: pathToFileURL(join(dir, 'staging')).href,
});

describe('a service', () => {
  let stack: TestStack;
  const children: Child[] = [];
  beforeAll(async () => { stack = await startTestStack({ withPostgres: false }); });
  afterAll(async () => {
    await Promise.all(children.map((child) => child.stop()));
    await stack.stop();
  });

  async function start(service: (typeof services)[number], natsUrl: string): Promise<{ child: Child; port: number }> {
    const port = await freePort();
    const child = await startChild({
      name: service, command: process.execPath, args: [mainOf(service)], logFile: join(stack.dir, `${service}.log`),
      env: {
        PATH: process.env['PATH'], HELIOGRAPH_HELIOGRAPH__REGION: stack.region, HELIOGRAPH_HELIOGRAPH__NATS_URL: natsUrl,
        HELIOGRAPH_HELIOGRAPH__NATS_PASSWORD: stack.passwords[service], HELIOGRAPH_HELIOGRAPH__OPERATIONS_PORT: String(port),
        ...(service === 'importer' ? {} : await transferEnvironment(stack.dir)),
      },
      isReady: () => get(port, '/healthz').then(({ status }) => status === 200, () => false),
    });
    children.push(child);
    return { child, port };
  }

  it('names every fault of its configuration at once and ends with status 1', async () => {
    const env = { PATH: process.env['PATH'], HELIOGRAPH_HELIOGRAPH__REGION: 'a.b', HELIOGRAPH_HELIOGRAPH__NATS_URL: 'http://x', HELIOGRAPH_HELIOGRAPH__LOG_LEVEL: 'loud' };
    const { code, stderr } = await new Promise<{ code: unknown; stderr: string }>((resolve) => {
      execFile(process.execPath, [mainOf('staging')], { env, timeout: 30_000 }, (error, _, said) => resolve({ code: error?.code, stderr: said }));
    });
    expect(code).toBe(1);
    for (const name of ['REGION', 'NATS_URL', 'LOG_LEVEL']) expect(stderr).toContain(`HELIOGRAPH_HELIOGRAPH__${name} is `);
  });

  it('lives but is not ready while NATS is not there, and ends well all the same', async () => {
    const { child, port } = await start('importer', `nats://127.0.0.1:${await freePort()}`);
    expect(await get(port, '/readyz')).toMatchObject({ status: 503, text: expect.stringContaining('starting') as string });
    expect(await child.stop()).toEqual({ code: 0, signal: null });
  });

  it.each(services)('%s connects as its own user, reports, and ends well', async (service) => {
    const { child, port } = await start(service, stack.nats.url);
    // Here is no catalog, and who needs one says so.
    await until('it is ready but for what is not there', async () => {
      const { checks } = JSON.parse((await get(port, '/readyz')).text) as { checks: Record<string, string> };
      return Object.entries(checks).every(([name, state]) => state === 'ok' || name === 'catalog');
    });
    expect((await get(port, '/metrics')).text).toContain(`service="${service}"`);
    expect(await child.stop()).toEqual({ code: 0, signal: null });
  });

  it('is not ready while NATS is down, says so, and is ready again by itself', async () => {
    const { child, port } = await start('federation', stack.nats.url);
    await until('it is ready', async () => (await get(port, '/readyz')).status === 200);
    await stack.nats.kill();
    await until('it says that NATS is gone', async () => JSON.parse((await get(port, '/readyz')).text).checks.nats === 'not connected');
    expect((await get(port, '/healthz')).status).toBe(200);
    stack.nats = await stack.nats.restart();
    await until('it is ready again', async () => (await get(port, '/readyz')).status === 200);
    expect(await child.stop()).toEqual({ code: 0, signal: null });
  });
});
