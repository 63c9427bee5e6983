import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from '#libs/embedded';
import { eventually } from './catalog-system.js';
import type { Answer } from './client.js';
import { demoAt, runProgram } from './launched.js';

const dir = mkdtempSync(join(tmpdir(), 'heliograph-disk-'));

/** A disk of its own that can be full: only Linux lets us make one, and only root. */
function mounted(path: string, megabytes: number): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=755`, 'tmpfs', path], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const canMount = mounted(dir, 400);
if (!canMount) rmSync(dir, { recursive: true });
const title = canMount ? 'npm start on a disk that gets full' : 'npm start on a disk that gets full (skipped: it takes root on Linux to mount a small one)';

(canMount ? describe : describe.skip)(title, () => {
  const data = join(dir, 'data');
  const ballast = join(dir, 'ballast');
  let port: number;
  const start = () => runProgram('scripts/start.mjs', '--data', data, '--port', String(port), '--detach');

  const api = async (method: string, path: string, body?: unknown) => (await demoAt(data)).ask(method, `/v2/images${path}`, { body, timeoutMs: 180_000 });

  const acknowledged: string[] = [];
  async function create(name: string): Promise<Answer> {
    const answer = await api('POST', '', { name, disk_format: 'raw', container_format: 'bare' });
    if (answer.status === 201) acknowledged.push(name);
    return answer;
  }
  /** Writes zeros until the disk refuses. */
  const fill = () => new Promise<void>((resolve) => { execFile('sh', ['-c', `cat /dev/zero >> '${ballast}'`], () => resolve()); });

  beforeAll(async () => { port = await freePort(); });
  afterAll(async () => {
    await runProgram('scripts/stop.mjs', '--data', data);
    execFileSync('umount', ['-l', dir]);
    rmSync(dir, { recursive: true, force: true });
  });

  it('does not start on a full one, and says what to do', async () => {
    await fill();
    const { status, output } = await start();
    expect(status).toBe(1);
    expect(output).toMatch(/The disk that holds \S+ is full: 0 MiB are free, 256 MiB are needed\. Free some space, or choose another directory with --data\./);
    await rm(ballast);
  });

  it('refuses changes with a clear answer before the log meets the full disk, and goes on with reads and deletions', async () => {
    expect(await start()).toMatchObject({ status: 0 });
    const { id } = (await create('first')).json();
    await fill();
    // 20 MiB are free: below the reserve, and enough for the log.
    await truncate(ballast, (await stat(ballast)).size - 20 * 2 ** 20);
    await eventually('changes are refused', async () => (await create('refused')).status === 503);
    expect((await create('refused')).bytes.toString()).toContain('The event log has no room left');
    expect((await api('GET', '')).status).toBe(200);
    expect((await api('DELETE', `/${id}`)).status).toBe(204);
    await rm(ballast);
    await eventually('changes are accepted', async () => (await create('second')).status === 201);
  }, 180_000);

  it('takes an upload that does not fit for what it is, comes through a disk without a byte, and goes on by itself once there is room', async () => {
    const { id } = (await create('too large')).json();
    const upload = await api('PUT', `/${id}/file`, Buffer.alloc(400 * 2 ** 20)).catch(() => undefined);
    expect([413, 503, undefined]).toContain(upload?.status);
    await writeFile(ballast, '');
    await fill();
    await delay(6000);
    expect((await create('refused')).status).toBe(503);
    await rm(ballast);
    await eventually('changes are accepted', async () => (await create('third')).status === 201);
    await eventually('the image of the upload is queued again', async () => (await api('GET', `/${id}`)).json().status === 'queued');
    const names = (await api('GET', '')).json<{ images: { name: string }[] }>().images.map(({ name }) => name).sort();
    expect(names).toEqual(acknowledged.filter((name) => name !== 'first').sort());
    expect(await readFile(join(data, 'logs/launcher.log'), 'utf8')).toContain('IS FULL');
  }, 240_000);
});
