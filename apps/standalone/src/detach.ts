import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';

/** What the launcher in the background tells the one in the foreground. */
export type Told = { readonly line: string } | { readonly over: 'ready' | 'failed' };

/** Starts this program again in the background and repeats what it says, until it is ready or has failed. Resolves to the exit status. */
export async function runDetached(argv: readonly string[], logFile: string, print: (text: string) => void): Promise<number> {
  const log = openSync(logFile, 'a', 0o600);
  const child = spawn(process.execPath, [process.argv[1] ?? '', ...argv.filter((arg) => arg !== '--detach')], {
    detached: true, stdio: ['ignore', log, log, 'ipc'],
  });
  closeSync(log);
  const forward = (signal: NodeJS.Signals) => child.kill(signal);
  process.on('SIGINT', forward).on('SIGTERM', forward);
  return new Promise((resolve) => {
    child.once('exit', (code) => resolve(code ?? 1));
    child.on('message', (told: Told) => {
      if ('line' in told) return print(told.line);
      if (told.over === 'failed') return undefined;
      child.disconnect();
      child.unref();
      return resolve(0);
    });
  });
}
