import { cp, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '#libs/embedded';
import { eventually } from './catalog-system.js';
import { demoAt, runProgram } from './launched.js';

describe('npm start with a log that lost its tail', () => {
  let dir: string;
  let data: string;
  let port: number;
  const jetstream = () => join(data, 'nats/jetstream');
  const start = () => runProgram('scripts/start.mjs', '--data', data, '--port', String(port), '--detach');
  const stop = () => runProgram('scripts/stop.mjs', '--data', data);
  const repair = (...args: string[]) => runProgram('dist/apps/catalog/src/log-repair.js', '--data', data, ...args);
  const running = async () => JSON.parse(await readFile(join(data, 'heliograph.json'), 'utf8')) as { isReady: boolean };
  const launcherLog = () => readFile(join(data, 'logs/launcher.log'), 'utf8');

  async function images(create?: string): Promise<{ status: number; names: string[] }> {
    const demo = await demoAt(data);
    const answer = await (create ? demo.ask('POST', '/v2/images', { body: { name: create } }) : demo.ask('GET', '/v2/images'));
    return { status: answer.status, names: create ? [] : answer.json<{ images: { name: string }[] }>().images.map(({ name }) => name).sort() };
  }

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'heliograph-loss-'));
    data = join(dir, 'data');
    port = await freePort();
    expect(await start()).toMatchObject({ status: 0 });
    expect((await images('kept')).status).toBe(201);
    await cp(jetstream(), join(dir, 'kept'), { recursive: true });
    expect((await images('lost')).status).toBe(201);
    await stop();
    await rm(jetstream(), { recursive: true });
    await cp(join(dir, 'kept'), jetstream(), { recursive: true });
  }, 180_000);
  afterAll(async () => {
    await stop();
    await rm(dir, { recursive: true, force: true });
  });

  it('stays up, says what is wrong and what to type, and answers reads', async () => {
    const { status, output } = await start();
    expect({ status, output }).toMatchObject({ status: 2 });
    expect(output).toMatch(/NO CHANGE IS ACCEPTED: the event log cannot be trusted \(it ends at sequence \d+, and sequence \d+ was there before/);
    expect(output).toContain(`npm run log:repair -- --data ${data}`);
    expect((await running()).isReady).toBe(false);
    expect(await images()).toEqual({ status: 200, names: ['kept', 'lost'] });
    expect((await images('refused')).status).toBe(503);
  });

  it('is ready by itself after log:repair', async () => {
    expect(await repair()).toMatchObject({ status: 1, output: expect.stringContaining(`log:repair -- --data ${data} --apply`) as string });
    expect(await repair('--apply')).toMatchObject({ status: 0 });
    await eventually('it is ready', async () => (await running()).isReady);
    expect((await images('new')).status).toBe(201);
    expect((await images()).names).toEqual(['kept', 'lost', 'new']);
    expect(await launcherLog()).toContain(`serves the Image API of RegionOne at http://127.0.0.1:${port}`);
  });
});
