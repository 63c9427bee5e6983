import { spawn, type ChildProcess } from 'node:child_process';
import { setInterval } from 'node:timers';

export interface ProgramLimits {
  /** Of the clock, and of the processor. */
  readonly seconds: number;
  /** Of address space, as far as the system bounds it. */
  readonly memoryBytes: number;
  /** The largest file that it may write. */
  readonly fileBytes: number;
  /** How many files it may have open. */
  readonly openFiles: number;
}

export interface ProgramRun {
  readonly command: string;
  readonly args: readonly string[];
  readonly limits: ProgramLimits;
  /** Ends it with the signal's reason. */
  readonly signal: AbortSignal;
  /** Besides PATH and LANG, all of its environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** What it reads as its standard input: an open file; nothing unless given. */
  readonly stdin?: number;
  /** Called about once a second while it runs. */
  onAlive?(): void;
  /** Called with what it prints, as it comes. */
  onOutput?(text: string): void;
}

export interface ProgramEnd {
  /** Null where it was ended by a signal, as by a limit. */
  readonly status: number | null;
  readonly signalName: string | null;
  /** The first 64 KiB of each. */
  readonly output: string;
  readonly complaint: string;
}

const mostPrinted = 64 * 1024;

/**
 * Runs a program of somebody else's on data that nobody trusts: with bounds that the system keeps, in a process group of its own that goes with
 * it, without our environment. Resolves when it has ended, however it did. Rejects with the signal's reason, and where it cannot be started.
 * The shell sets the bounds and becomes the program: `ulimit` is in every POSIX system, and prlimit is not.
 */
export function runBounded({ command, args, limits, signal, env = {}, stdin, onAlive, onOutput }: ProgramRun): Promise<ProgramEnd> {
  signal.throwIfAborted();
  const child = startBounded({ command, args, limits, env }, stdin ?? 'ignore');
  const printed = { output: '', complaint: '' };
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    printed.output = (printed.output + text).slice(0, mostPrinted);
    onOutput?.(text);
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => { printed.complaint = (printed.complaint + text).slice(0, mostPrinted); });
  const kill = (): void => { if (child.pid !== undefined) endGroup(child.pid); };
  const clock = setTimeout(kill, limits.seconds * 1000);
  const ticking = setInterval(() => { onAlive?.(); }, 1000);
  signal.addEventListener('abort', kill, { once: true });
  return new Promise<ProgramEnd>((resolve, reject) => {
    child.on('error', reject);
    // What it started itself and left behind goes with it, and lets go of our pipes.
    child.on('exit', kill);
    child.on('close', (status, signalName) => {
      if (signal.aborted) reject(signal.reason as Error);
      else resolve({ status, signalName, ...printed });
    });
  }).finally(() => {
    clearTimeout(clock);
    clearInterval(ticking);
    signal.removeEventListener('abort', kill);
  });
}

/** Starts it; whoever does so ends its group. */
export const startBounded = ({ command, args, limits, env = {} }: Pick<ProgramRun, 'command' | 'args' | 'limits' | 'env'>, stdin: number | 'ignore' | 'pipe'): ChildProcess =>
  spawn('/bin/sh', ['-c', `${boundsOf(limits)} exec "$@"`, 'sh', command, ...args], {
    detached: true, env: { PATH: process.env['PATH'] ?? '', LANG: 'C', ...env }, stdio: [stdin, 'pipe', 'pipe'],
  });

/** A bound that this system does not know is left out: the others still hold. */
const boundsOf = ({ seconds, memoryBytes, fileBytes, openFiles }: ProgramLimits): string => [
  `ulimit -t ${Math.ceil(seconds)}`, `ulimit -v ${Math.ceil(memoryBytes / 1024)}`, `ulimit -f ${Math.ceil(fileBytes / 512)}`, `ulimit -n ${openFiles}`, 'ulimit -c 0',
].map((bound) => `${bound} 2>/dev/null;`).join(' ');

/** Ends a program with all that it started. */
export function endGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended by itself.
  }
}

/** Why a program did not end well, in one printable line. */
export function reasonOf({ status, signalName, complaint }: ProgramEnd, limits: ProgramLimits): string {
  const last = complaint.trim().split('\n').at(-1) ?? '';
  const said = last.replaceAll(/[^\x20-\x7e]/g, '?').slice(0, 200);
  if (said !== '') return said;
  return status === null ? `it was ended by ${signalName ?? 'a signal'}, as when it takes more than ${limits.seconds} seconds or ${limits.memoryBytes} bytes of memory` : `it ended with status ${status}`;
}
