import { appendFile, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StartFailed, boundLog, startChild } from './child.js';

describe('a child process', () => {
  let dir: string;
  beforeAll(async () => { dir = await mkdtemp(join(tmpdir(), 'heliograph-child-')); });
  afterAll(() => rm(dir, { recursive: true }));

  const node = (name: string, program: string, more: { isReady?: () => Promise<boolean | string>; readyWithinMs?: number; signal?: AbortSignal } = {}) =>
    startChild({ name, command: process.execPath, args: ['-e', program], logFile: join(dir, `${name}.log`), isReady: () => Promise.resolve(true), ...more });

  it('that ends before it is ready fails the start with what it said', async () => {
    const failed = node('short', 'console.error("out of paper"); process.exit(3)', { isReady: () => Promise.resolve(false) });
    await expect(failed).rejects.toThrow(/short ended before it was ready \(exit status 3\); it said:\n {2}\| out of paper/);
  });

  it('that is not ready in time is ended, and what was missing is told', async () => {
    const failed = node('slow', 'setInterval(() => undefined, 1000)', { isReady: () => Promise.resolve('no keystone'), readyWithinMs: 50 });
    await expect(failed).rejects.toThrow('slow was not ready after 0.05 s (no keystone)');
  });

  it('whose start is given up is ended', async () => {
    const failed = node('unwanted', 'setInterval(() => undefined, 1000)', { isReady: () => Promise.resolve(false), signal: AbortSignal.timeout(50) });
    await expect(failed).rejects.toBeInstanceOf(StartFailed);
  });

  it('may end well within the grace, and is killed after it', async () => {
    const polite = await node('polite', 'process.on("SIGTERM", () => process.exit(7)); setInterval(() => undefined, 1000); console.log("up")', {
      isReady: () => readFile(join(dir, 'polite.log'), 'utf8').then((text) => text.includes('up')),
    });
    expect(await polite.stop(10_000)).toEqual({ code: 7, signal: null });
    const stubborn = await node('stubborn', 'process.on("SIGTERM", () => undefined); setInterval(() => undefined, 1000); console.log("up")', {
      isReady: () => readFile(join(dir, 'stubborn.log'), 'utf8').then((text) => text.includes('up')),
    });
    expect(await stubborn.stop(100)).toEqual({ code: null, signal: 'SIGKILL' });
    expect(stubborn.isRunning()).toBe(false);
  });

  it('has a log of bounded size, whose older half is kept', async () => {
    const file = join(dir, 'long.log');
    await appendFile(file, 'x'.repeat(100));
    boundLog(file, 99);
    await appendFile(file, 'y');
    expect((await stat(`${file}.1`)).size).toBe(100);
    expect(await readFile(file, 'utf8')).toBe('y');
  });
});
