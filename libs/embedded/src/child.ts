import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, copyFileSync, openSync, readSync, statSync, truncateSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

export interface ChildOptions {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly uid?: number;
  readonly gid?: number;
  /** Standard output and error are appended here. */
  readonly logFile: string;
  /** Resolves to true as soon as it works, until then to false or to what is missing; asked again and again. */
  isReady(): Promise<boolean | string>;
  readonly readyWithinMs?: number;
  /** Gives the start up: the child is stopped. */
  readonly signal?: AbortSignal;
  /** The signal that asks it to end well. */
  readonly stopSignal?: NodeJS.Signals;
}

export interface Ending { readonly code: number | null; readonly signal: NodeJS.Signals | null }

export interface Child {
  readonly name: string;
  readonly pid: number;
  readonly exited: Promise<Ending>;
  isRunning(): boolean;
  /** Asks it to end, and kills it where that takes longer than `graceMs`. */
  stop(graceMs?: number): Promise<Ending>;
  /** Kills it at once, as a power cut would (SIGKILL). */
  kill(): Promise<Ending>;
}

/** A child that never became ready; `logTail` is the end of what it said. */
export class StartFailed extends Error {
  override readonly name = 'StartFailed';
  constructor(readonly child: string, readonly reason: string, readonly logTail: string) {
    super(`${child} ${reason}${logTail ? `; it said:\n${logTail.replaceAll(/^/gm, '  | ')}` : ''}`);
  }
}

/** Starts a process and waits until it is ready. Throws `StartFailed`, and leaves nothing running then. */
export async function startChild(options: ChildOptions): Promise<Child> {
  const logStart = sizeOf(options.logFile);
  const child = childOf(options, await spawnLogged(options));
  const { readyWithinMs = 30_000, signal } = options;
  const deadline = performance.now() + readyWithinMs;
  const failed = (reason: string) => new StartFailed(options.name, reason, tailOf(options.logFile, logStart));
  for (let pauseMs = 10; ; pauseMs = Math.min(pauseMs * 1.5, 100)) {
    const readiness = await options.isReady();
    if (readiness === true) return child;
    if (!child.isRunning()) throw failed(`ended before it was ready (${describeEnding(await child.exited)})`);
    if (signal?.aborted || performance.now() > deadline) {
      await child.stop(2000);
      throw failed(signal?.aborted ? 'was stopped before it was ready' : lateness(readyWithinMs, readiness));
    }
    await Promise.race([delay(pauseMs), child.exited]);
  }
}

const lateness = (readyWithinMs: number, missing: string | false): string =>
  `was not ready after ${readyWithinMs / 1000} s${missing === false ? '' : ` (${missing})`}`;

export const describeEnding = ({ code, signal }: Ending): string => (signal === null ? `exit status ${code}` : `signal ${signal}`);

/** Keeps a log file below `limitBytes`: what it holds goes to `<file>.1` and it begins anew. The writer has it open for appending. */
export function boundLog(file: string, limitBytes = 16 * 2 ** 20): void {
  if (sizeOf(file) <= limitBytes) return;
  copyFileSync(file, `${file}.1`);
  truncateSync(file);
}

/** The last few lines of a log, from `start` on. */
export function tailOf(file: string, start = 0, limitBytes = 2000): string {
  const end = sizeOf(file);
  const from = Math.max(start > end ? 0 : start, end - limitBytes);
  if (end === 0) return '';
  const handle = openSync(file, 'r');
  try {
    const bytes = Buffer.alloc(end - from);
    return bytes.toString('utf8', 0, readSync(handle, bytes, 0, bytes.length, from)).trim();
  } finally {
    closeSync(handle);
  }
}

async function spawnLogged({ command, args, env, cwd, uid, gid, logFile }: ChildOptions): Promise<ChildProcess> {
  const log = openSync(logFile, 'a', 0o600);
  try {
    const spawned = spawn(command, [...args], {
      stdio: ['ignore', log, log], env: env ?? process.env,
      // A group of its own: Ctrl-C in a terminal reaches the launcher alone, which then stops its children in order.
      detached: true,
      ...(cwd === undefined ? {} : { cwd }), ...(uid === undefined ? {} : { uid }), ...(gid === undefined ? {} : { gid }),
    });
    await new Promise<void>((resolve, reject) => { spawned.once('spawn', resolve).once('error', reject); });
    return spawned;
  } finally {
    closeSync(log);
  }
}

function childOf({ name, stopSignal = 'SIGTERM' }: ChildOptions, process: ChildProcess): Child {
  let ending: Ending | undefined;
  const exited = new Promise<Ending>((resolve) => {
    process.once('exit', (code, signal) => resolve((ending = { code, signal })));
  });
  const kill = async (): Promise<Ending> => {
    if (!ending) process.kill('SIGKILL');
    return exited;
  };
  const stop = async (graceMs = 10_000): Promise<Ending> => {
    if (ending) return ending;
    process.kill(stopSignal);
    const done = new AbortController();
    const timeUp = delay(graceMs, undefined, { signal: done.signal }).catch(() => undefined);
    const ended = await Promise.race([exited, timeUp]);
    done.abort();
    return ended ?? kill();
  };
  return { name, pid: process.pid ?? 0, exited, isRunning: () => ending === undefined, stop, kill };
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
