import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';

const exec = promisify(execFile);

/** Runs a program to its end and gives what it printed. Rejects with the end of its complaint. */
export async function run(command: string, args: readonly string[], options: { timeoutMs: number; env?: NodeJS.ProcessEnv }): Promise<string> {
  try {
    const { stdout } = await exec(command, [...args], { timeout: options.timeoutMs, env: options.env ?? process.env, maxBuffer: 2 ** 24 });
    return stdout;
  } catch (error) {
    const { stderr, killed, message } = error as { stderr?: string; killed?: boolean; message: string };
    if (killed) throw new Error(`${command} took longer than ${options.timeoutMs} ms`, { cause: error });
    const complaint = (stderr ?? '').trim().split('\n').slice(-3).join(' ');
    throw new Error(complaint === '' ? message : `${command}: ${complaint}`, { cause: error });
  }
}

/** Where a program lies on PATH; undefined where it does not. */
export async function onPath(name: string, path = process.env['PATH'] ?? ''): Promise<string | undefined> {
  for (const dir of path.split(delimiter).filter((each) => each !== '')) {
    const file = join(dir, name);
    if (await access(file, constants.X_OK).then(() => true, () => false)) return file;
  }
  return undefined;
}

/** The command line of a running process; empty where no such process runs. */
export async function runningCommand(pid: number): Promise<string> {
  return run('ps', ['-ww', '-o', 'args=', '-p', String(pid)], { timeoutMs: 5000 }).catch(() => '');
}
