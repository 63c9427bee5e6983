import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** Runs the file itself in a process of its own, since it would end this one. */
function hit(crashAt: string | undefined, points: readonly string[]) {
  const script = `import { crashPoint } from ${JSON.stringify(join(import.meta.dirname, 'crash-point.ts'))};
    for (const point of ${JSON.stringify(points)}) { crashPoint(point); console.log(point); }`;
  const { HELIOGRAPH_CRASH_AT: _, ...env } = process.env;
  const { signal, status, stdout, stderr } = spawnSync(process.execPath, ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script], {
    env: { ...env, ...(crashAt === undefined ? {} : { HELIOGRAPH_CRASH_AT: crashAt }) }, encoding: 'utf8',
  });
  return { signal, status, passed: stdout.split('\n').filter(Boolean), stderr };
}

describe('a crash point', () => {
  it('does nothing where none is set', () => {
    expect(hit(undefined, ['before-append', 'after-append'])).toMatchObject({ status: 0, passed: ['before-append', 'after-append'] });
  });

  it('kills the process at the named point', () => {
    expect(hit('after-append', ['before-append', 'after-append', 'before-reply'])).toMatchObject({ signal: 'SIGKILL', passed: ['before-append'] });
  });

  it('kills the process at the given hit', () => {
    expect(hit('before-append:3', Array<string>(5).fill('before-append'))).toMatchObject({ signal: 'SIGKILL', passed: ['before-append', 'before-append'] });
  });

  it('refuses to start with a point that does not exist, naming those that do', () => {
    const { status, stderr } = hit('before-lunch', []);
    expect(status).toBe(1);
    expect(stderr).toContain('give one of before-append, after-append');
  });
});
