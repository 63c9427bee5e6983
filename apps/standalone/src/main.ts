import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { BadArguments, readArguments, type Arguments } from './arguments.js';
import { UnusableDataDir } from './data-dir.js';
import { runDetached, type Told } from './detach.js';
import { watchDisk } from './disk-watch.js';
import { farewell } from './farewell.js';
import { launch, processesOf } from './launch.js';
import { watchLog, type LogState } from './log-watch.js';
import { takeRegions } from './regions.js';
import type { Part, Running } from './running.js';
import { createSupervisor, type Supervisor } from './supervise.js';

const startedAt = Date.now() - Number(process.env['HELIOGRAPH_STARTED_MS_AGO'] ?? 0);

function tell(told: Told): void {
  if (process.connected) process.send?.(told, undefined, undefined, () => undefined);
}

function print(text: string): void {
  process.stdout.write(text);
  tell({ line: text });
}

const say = (line: string): void => print(`[${((Date.now() - startedAt) / 1000).toFixed(1).padStart(5)} s] ${line}\n`);

/** Runs until it is told to stop. Resolves to the exit status. */
async function run(args: Arguments): Promise<number> {
  const regions = await takeRegions(args);
  const [{ dataDir: site }] = regions;
  let running: Running | undefined;
  let isReady = false;
  let written = Promise.resolve();
  // One after another, and never a reason to end: what runs goes on also where the disk is full.
  const save = (state: object): Promise<void> => (written = written.then(() => site.save('heliograph.json', JSON.stringify(state, null, 2)))
    .catch((error: Error) => say(`heliograph.json could not be written: ${error.message}`)));
  const write = () => save({ ...running, pid: process.pid, isReady, processes: processesOf(supervisor) });
  const supervisor = createSupervisor({ restart: args.restart, say, onChange: write });
  const stop = async (): Promise<void> => {
    say('stopping');
    await supervisor.stop();
    await save({ pid: process.pid, isReady: false, processes: {} });
    for (const { dataDir } of regions.toReversed()) await dataDir.release();
    say('stopped');
  };
  const stopRequest = new AbortController();
  const { signal } = stopRequest;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stopRequest.abort());
  try {
    running = await launch({ args, regions, supervisor, say, signal });
  } catch (error) {
    await stop();
    if (signal.aborted) return 0;
    throw error;
  }
  let hasGreeted = false;
  const trusted = new Map<string, boolean>();
  const onChange = async (name: string, { isTrusted, words }: LogState): Promise<void> => {
    trusted.set(name, isTrusted);
    if (!isTrusted) print(`\n${words}\n\n`);
    else if (hasGreeted) say(words);
    if (trusted.size < regions.length) return;
    isReady = [...trusted.values()].every(Boolean);
    await write();
    if (isReady && !hasGreeted) {
      hasGreeted = true;
      say('ready');
      print(farewell(running as Running, args));
    }
    tell({ over: isReady ? 'ready' : 'degraded' });
  };
  await Promise.all(regions.map(({ name, nameOf, dataDir }) => {
    void watchDisk({ dataDir: dataDir.path, nats: args.restart ? partOf(supervisor, nameOf('nats')) : undefined, signal, say });
    const operationsPort = partOf(supervisor, nameOf('catalog'))?.operationsPort ?? 0;
    return watchLog({ operationsPort, dataDir: dataDir.path, signal, onChange: (state) => onChange(name, state) });
  }));
  await stop();
  return 0;
}

const partOf = (supervisor: Supervisor, wanted: string): Part | undefined => supervisor.parts().find(({ name }) => name === wanted);

function explain(error: unknown): string {
  if (error instanceof BadArguments || error instanceof UnusableDataDir) return error.message;
  const { message, stack } = error as Error;
  if (/ENOSPC|No space left/.test(message)) return `${message}\nThe disk is full. Free some space, or choose another directory with --data.`;
  return error instanceof TypeError ? String(stack) : message;
}

// What cannot be written down, on a full disk or to a terminal that is gone, ends nothing.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
const argv = process.argv.slice(2);
try {
  const args = readArguments(argv);
  if (args.detach) mkdirSync(join(args.dataDir, 'logs'), { recursive: true });
  process.exitCode = args.detach ? await runDetached(argv, join(args.dataDir, 'logs', 'launcher.log'), (text) => process.stdout.write(text)) : await run(args);
} catch (error) {
  const text = `\n${explain(error)}\n`;
  process.stderr.write(text);
  tell({ line: text });
  process.exitCode = 1;
}
process.exit();
