import { chmod, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, runningCommand } from '#libs/embedded';
import { eventually } from './catalog-system.js';
import { demoAt, runProgram } from './launched.js';

interface Running { readonly pid: number; readonly isReady: boolean; readonly processes: Record<string, { pid: number; logFile: string }> }

const isAlive = async (pid: number): Promise<boolean> => (await runningCommand(pid)) !== '';

describe('npm start', () => {
  let dir: string;
  let data: string;
  let port: number;
  const start = (...more: string[]) => runProgram('scripts/start.mjs', '--data', data, '--port', String(port), '--detach', ...more);
  const running = async (): Promise<Running> => JSON.parse(await readFile(join(data, 'heliograph.json'), 'utf8')) as Running;

  /** Bytes are staged, an object is posted. */
  const api = async (path: string, body?: object) => (await demoAt(data)).ask(body === undefined ? 'GET' : Buffer.isBuffer(body) ? 'PUT' : 'POST', path, { body });

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'heliograph-start-'));
    // Nobody else may enter: the data of an operator's home directory lies like this.
    await chmod(dir, 0o700);
    data = join(dir, 'data');
    port = await freePort();
  });
  afterAll(async () => {
    await runProgram('scripts/stop.mjs', '--data', data);
    await rm(dir, { recursive: true, force: true });
  });

  it('brings everything up, says where it is, and returns when it was told to detach', async () => {
    const { status, output } = await start();
    expect({ status, output }).toMatchObject({ status: 0, output: expect.stringContaining(`at http://127.0.0.1:${port}`) as string });
    expect(output).toContain(`source ${join(data, 'openrc')}`);
    expect((await running()).isReady).toBe(true);
    expect((await api('/v2/images', { name: 'kept' })).status).toBe(201);
  });

  it('takes an image by way of its staging area, and shows the operator what waits there', async () => {
    const { id } = (await api('/v2/images', { name: 'staged', disk_format: 'raw', container_format: 'bare' })).json();
    expect((await api(`/v2/images/${id}/stage`, Buffer.from('twelve bytes'))).status).toBe(204);
    const { status, output } = await runProgram('dist/apps/staging/src/staging-sweep.js', '--data', data, '--dry-run');
    expect({ status, output }).toEqual({ status: 0, output: expect.stringMatching(new RegExp(`kept +${id}/.*, 12 bytes: waits`)) as string });
    expect((await api(`/v2/images/${id}/import`, { method: { name: 'glance-direct' } })).status).toBe(202);
    await eventually('it is active', async () => (await api(`/v2/images/${id}`)).json().status === 'active');
    expect((await stat(join(data, 'stores', id))).isDirectory()).toBe(true);
  });

  it('keeps what is secret to its owner', async () => {
    for (const name of ['openrc', 'openrc-admin', 'clouds.yaml', 'secrets.json', 'operator.env', 'nats/nats.json']) {
      expect({ name, mode: (await stat(join(data, name))).mode & 0o077 }).toEqual({ name, mode: 0 });
    }
  });

  it('refuses a directory that another one uses, and says what to do', async () => {
    const { status, output } = await start();
    expect(status).toBe(1);
    expect(output).toContain(`npm stop -- --data ${data}`);
  });

  it('refuses a port that is in use, and says what to do', async () => {
    const { status, output } = await runProgram('scripts/start.mjs', '--data', join(dir, 'other'), '--port', String(port), '--detach');
    expect(status).toBe(1);
    expect(output).toContain(`Port ${port} is in use by another program. Choose another one with --port`);
  });

  it.each([
    [['--set', 'nonsense'], '--set nonsense cannot be read'],
    [['--port', 'http'], '--port http is no port'],
    [['--keystone', 'http://127.0.0.1:1/v3'], 'HELIOGRAPH_KEYSTONE_AUTHTOKEN__PASSWORD'],
    [['--bogus'], '--set section.option=value'],
  ])('refuses %j and says what it expects', async (args, sentence) => {
    const { status, output } = await runProgram('scripts/start.mjs', '--data', join(dir, 'refused'), ...args);
    expect({ status, output }).toEqual({ status: 1, output: expect.stringContaining(sentence) as string });
  });

  it.each(['importer', 'catalog', 'nats', 'postgres'])('brings %s back when it was killed', async (name) => {
    const before = (await running()).processes[name]?.pid ?? 0;
    process.kill(before, 'SIGKILL');
    await eventually(`${name} is back`, async () => ((await running()).processes[name]?.pid ?? before) !== before);
    await eventually('the API answers again', async () => (await api('/v2/images').catch(() => undefined))?.status === 200);
  });

  it('ends what a killed launcher left running, and keeps the data', async () => {
    const before = await running();
    process.kill(before.pid, 'SIGKILL');
    const { status, output } = await start();
    expect({ status, output }).toMatchObject({ status: 0 });
    expect(output).toContain('still running from last time');
    for (const { pid } of Object.values(before.processes)) expect(await isAlive(pid)).toBe(false);
    expect((await api('/v2/images')).json()).toMatchObject({ images: [{ name: 'staged' }, { name: 'kept' }] });
  });

  it('is ended by npm stop, which leaves no process behind', async () => {
    const { pid, processes } = await running();
    expect(await runProgram('scripts/stop.mjs', '--data', data)).toMatchObject({ status: 0, output: `Stopped the Heliograph in ${data}.\n` });
    for (const each of [pid, ...Object.values(processes).map((part) => part.pid)]) expect(await isAlive(each)).toBe(false);
    expect((await runProgram('scripts/stop.mjs', '--data', data)).output).toContain('No Heliograph is running');
  });

  it('says which setting a service refuses', async () => {
    const { status, output } = await start('--set', 'default.api_limit_max=many');
    expect(status).toBe(1);
    expect(output).toContain('HELIOGRAPH_DEFAULT__API_LIMIT_MAX is "many"; expected a whole number from 1 to 10000.');
  });
});
