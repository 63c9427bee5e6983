import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePort, isPortFree, projectDir } from '#libs/embedded';
import { signIn, type Client } from './client.js';

export interface Outcome { readonly status: number; readonly output: string; readonly seconds: number }

/** Runs one of the project's own programs, as `npm start` and its like do, and tells how it ended. It has three minutes. */
export function runProgram(file: string, ...args: string[]): Promise<Outcome> {
  const startedAt = performance.now();
  return new Promise((resolve) => {
    execFile(process.execPath, [join(projectDir(), file), ...args], { timeout: 180_000, env: { ...process.env, NATS_URL: '' } }, (error, stdout, stderr) => {
      resolve({ status: error ? Number(error.code ?? 1) : 0, output: stdout + stderr, seconds: (performance.now() - startedAt) / 1000 });
    });
  });
}

/** The same, for what has to succeed. */
export async function runToSuccess(file: string, ...args: string[]): Promise<string> {
  const { status, output } = await runProgram(file, ...args);
  if (status !== 0) throw new Error(`${file} ended with ${status}: ${output}`);
  return output;
}

/** The user demo, at what `npm start` brought up in this directory. */
export async function demoAt(data: string): Promise<Client> {
  const { endpoint, identityUrl } = JSON.parse(await readFile(join(data, 'heliograph.json'), 'utf8')) as { endpoint: string; identityUrl: string };
  return signIn({ url: endpoint, identityUrl, password: 'secret' });
}

/** The first of two ports in a row, as `npm start -- --regions 2` takes them. */
export async function twoFreePorts(): Promise<number> {
  for (;;) {
    const port = await freePort();
    if (port < 65_535 && await isPortFree(port + 1)) return port;
  }
}

/** What `ask` gives, once it holds; asked less and less often. */
export async function until<Value>(what: string, ask: () => Promise<Value>, holds: (value: Value) => boolean, withinMs = 90_000): Promise<Value> {
  const deadline = Date.now() + withinMs;
  for (let pauseMs = 50; ; pauseMs = Math.min(pauseMs * 1.5, 500)) {
    const value = await ask();
    if (holds(value)) return value;
    if (Date.now() > deadline) throw new Error(`not in time: ${what}; at last ${JSON.stringify(value).slice(0, 2000)}`);
    await pause(pauseMs);
  }
}
