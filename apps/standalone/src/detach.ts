import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';

/** What the launcher in the background tells the one in the foreground. */
export type Told = { readonly line: string } | { readonly over: 'ready' | 'degraded' };

/** Starts this program again in the background and repeats what it says, until it is ready (exit status 0), runs
 *  but accepts no change (2: the one in the background stays up and goes on trying), or has failed (1). */
export async function runDetached(argv: readonly string[], logFile: string, print: (text: string) => void): Promise<number> {
  const log = openSync(logFile, 'a', 0o600);
  const child = spawn(process.execPath, [...process.execArgv, process.argv[1] ?? '', ...argv.filter((arg) => arg !== '--detach')], {
    detached: true, stdio: ['ignore', log, log, 'ipc'],
  });
  closeSync(log);
  const forward = (signal: NodeJS.Signals) => child.kill(signal);
  process.on('SIGINT', forward).on('SIGTERM', forward);
  return new Promise((resolve) => {
    child.once('exit', (code) => resolve(code ?? 1));
    child.on('message', (told: Told) => {
      if ('line' in told) return print(told.line);
      child.disconnect();
      child.unref();
      return resolve(told.over === 'ready' ? 0 : 2);
    });
  });
}
