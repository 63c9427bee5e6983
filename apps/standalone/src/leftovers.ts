import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { runningCommand } from '#libs/embedded';
import type { Running } from './running.js';

/** Ends what an earlier launcher that was killed left running: only processes that it wrote down, and that still are what it wrote. */
export async function endLeftovers(runningFile: string, say: (line: string) => void): Promise<void> {
  const text = await readFile(runningFile, 'utf8').catch(() => '');
  if (text === '') return;
  const { processes } = JSON.parse(text) as Running;
  for (const [name, { pid, mark }] of Object.entries(processes)) {
    if (!(await isStill(pid, mark))) continue;
    say(`${name} is still running from last time (process ${pid}); ending it`);
    await end(pid, mark);
  }
}

async function end(pid: number, mark: string): Promise<void> {
  for (const [signal, waits] of [['SIGTERM', 100], ['SIGKILL', 20]] as const) {
    process.kill(pid, signal);
    for (let wait = 0; wait < waits; wait += 1) {
      if (!(await isStill(pid, mark))) return;
      await delay(100);
    }
  }
}

const isStill = async (pid: number, mark: string): Promise<boolean> => (await runningCommand(pid)).includes(mark);
