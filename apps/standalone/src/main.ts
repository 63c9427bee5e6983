import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { BadArguments, readArguments, type Arguments } from './arguments.js';
import { UnusableDataDir, takeDataDir } from './data-dir.js';
import { runDetached, type Told } from './detach.js';
import { watchDisk } from './disk-watch.js';
import { launch, processesOf } from './launch.js';
import { watchLog, type LogState } from './log-watch.js';
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

function farewell({ endpoint, region, identityUrl }: Running, { dataDir, keystone }: Arguments): string {
  const first = keystone
    ? [`  source ${join(dataDir, 'openrc')}    # and set OS_USERNAME, OS_PASSWORD, OS_PROJECT_NAME`]
    : [`  source ${join(dataDir, 'openrc')}`];
  return [
    '', `Heliograph serves the Image API of ${region} at ${endpoint}`, '', 'Try it:', ...first,
    '  openstack image create --disk-format raw --container-format bare --file README.md first', '  openstack image list', '',
    ...(keystone ? [] : [
      'Without the openstack client:',
      `  TOKEN=$(curl -si ${identityUrl}/auth/tokens -H 'Content-Type: application/json' -d '{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"demo","domain":{"id":"default"},"password":"'"$OS_PASSWORD"'"}}},"scope":{"project":{"name":"demo","domain":{"id":"default"}}}}}' | tr -d '\\r' | sed -n 's/^x-subject-token: //Ip')`,
      `  curl -s ${endpoint}/v2/images -H "X-Auth-Token: $TOKEN"`, '',
    ]),
    `Everything is kept in ${dataDir}; the services write their logs to ${join(dataDir, 'logs')}.`,
    keystone ? '' : 'The development identity is not for production: it knows fixed users and listens on loopback only.', '',
  ].join('\n');
}

/** Runs until it is told to stop. Resolves to the exit status. */
async function run(args: Arguments): Promise<number> {
  const dataDir = await takeDataDir(args.dataDir);
  let running: Running | undefined;
  let isReady = false;
  let written = Promise.resolve();
  // One after another, and never a reason to end: what runs goes on also where the disk is full.
  const save = (state: object): Promise<void> => (written = written.then(() => dataDir.save('heliograph.json', JSON.stringify(state, null, 2)))
    .catch((error: Error) => say(`heliograph.json could not be written: ${error.message}`)));
  const write = () => save({ ...running, pid: process.pid, isReady, processes: processesOf(supervisor) });
  const supervisor = createSupervisor({ restart: args.restart, say, onChange: write });
  const stop = async (): Promise<void> => {
    say('stopping');
    await supervisor.stop();
    await save({ pid: process.pid, isReady: false, processes: {} });
    await dataDir.release();
    say('stopped');
  };
  const stopRequest = new AbortController();
  const { signal } = stopRequest;
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stopRequest.abort());
  try {
    running = await launch({ args, dataDir, supervisor, say, signal });
  } catch (error) {
    await stop();
    if (signal.aborted) return 0;
    throw error;
  }
  let hasGreeted = false;
  const onChange = async ({ isTrusted, words }: LogState): Promise<void> => {
    isReady = isTrusted;
    await write();
    if (!isTrusted) print(`\n${words}\n\n`);
    else if (hasGreeted) say(words);
    else {
      hasGreeted = true;
      say('ready');
      print(farewell(running as Running, args));
    }
    tell({ over: isTrusted ? 'ready' : 'degraded' });
  };
  const nats = args.restart ? partOf(supervisor, 'nats') : undefined;
  void watchDisk({ dataDir: args.dataDir, nats, signal, say });
  await watchLog({ operationsPort: partOf(supervisor, 'catalog')?.operationsPort ?? 0, dataDir: args.dataDir, signal, onChange });
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
