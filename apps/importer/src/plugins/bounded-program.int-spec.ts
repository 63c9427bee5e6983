import { existsSync } from 'node:fs';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { reasonOf, runBounded, type ProgramLimits } from './bounded-program.js';

const limits: ProgramLimits = { seconds: 20, memoryBytes: 2 ** 31, fileBytes: 2 ** 20, openFiles: 32 };
const shell = (script: string, more: Partial<Parameters<typeof runBounded>[0]> = {}) =>
  runBounded({ command: '/bin/sh', args: ['-c', script], limits, signal: new AbortController().signal, ...more });

describe('A program that is run with bounds', () => {
  let dir: string;
  beforeEach(async () => { dir = await mkdtemp(join(tmpdir(), 'heliograph-program-')); });
  afterEach(() => rm(dir, { recursive: true, force: true }));

  it('tells what it printed and how it ended', async () => {
    expect(await shell('echo out; echo err >&2; exit 3')).toEqual({ status: 3, signalName: null, output: 'out\n', complaint: 'err\n' });
  });

  it('knows nothing of our environment', async () => {
    process.env['HELIOGRAPH_A_SECRET'] = 'secret';
    const { output } = await shell('env', { env: { GIVEN: 'this' } });
    delete process.env['HELIOGRAPH_A_SECRET'];
    expect(output).toContain('GIVEN=this');
    expect(output).not.toContain('HELIOGRAPH');
  });

  it('cannot write a larger file', async () => {
    const { status } = await shell(`head -c 3000000 /dev/zero > ${dir}/large`);
    expect(status).not.toBe(0);
    expect((await stat(join(dir, 'large'))).size).toBeLessThanOrEqual(limits.fileBytes);
  });

  it('is ended when its time is over, with all that it started', async () => {
    const started = performance.now();
    const ended = await shell(`(sleep 3; touch ${dir}/late) & sleep 60`, { limits: { ...limits, seconds: 1 } });
    expect(ended).toMatchObject({ status: null, signalName: 'SIGKILL' });
    expect(reasonOf(ended, limits)).toMatch(/was ended by SIGKILL, as when it takes more than/);
    expect(performance.now() - started).toBeLessThan(10_000);
    await pause(3000);
    expect(existsSync(join(dir, 'late'))).toBe(false);
  });

  it('is ended with whoever wanted it, whose reason it gives', async () => {
    const stop = new AbortController();
    setTimeout(() => { stop.abort(new Error('not wanted any more')); }, 100);
    await expect(shell('sleep 60', { signal: stop.signal })).rejects.toThrow('not wanted any more');
  });

  it('may print without end, and no more than a little of it is kept', async () => {
    const { output } = await shell('yes | head -c 5000000');
    expect(output).toHaveLength(64 * 1024);
  });
});
