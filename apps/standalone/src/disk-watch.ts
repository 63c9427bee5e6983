import { statSync } from 'node:fs';
import { statfs } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { tailOf } from '#libs/embedded';
import type { Part } from './running.js';

export interface DiskWatchOptions {
  readonly dataDir: string;
  /** The NATS server; undefined where it is not ours to restart. */
  readonly nats: Part | undefined;
  readonly signal: AbortSignal;
  say(line: string): void;
}

const intervalMs = 2000;
/** The catalog refuses changes below it (`heliograph.log_reserve_bytes`). */
const fullBelowBytes = 32 * 2 ** 20;
/** Less than what one write may want. */
const usedUpBelowBytes = 2 ** 20;

/**
 * Says when the disk is full and when it has room again. A NATS server that met a full disk writes nothing more until it is restarted,
 * whatever room is made: it is ended then, and the supervisor brings it back.
 */
export async function watchDisk({ dataDir, nats, signal, say }: DiskWatchOptions): Promise<void> {
  let isFull = false;
  let wasUsedUp = false;
  let seen = endOf(nats);

  function judge(free: number): void {
    if (free < usedUpBelowBytes) wasUsedUp = true;
    if (free < fullBelowBytes === isFull) return;
    isFull = !isFull;
    say(isFull ? fullness(dataDir) : 'the disk has room again');
  }

  async function mend(part: Part): Promise<void> {
    // Its log tells of what went by between two looks, unless the log itself had no room.
    if (!wasUsedUp && !tailOf(part.logFile, seen, 2 ** 16).includes('no space left on device')) return;
    say('nats met the full disk and would store nothing more; starting it anew');
    await part.child.stop(part.stopWithinMs);
    seen = endOf(part);
    wasUsedUp = false;
  }

  while (!signal.aborted) {
    await pause(intervalMs, undefined, { signal }).catch(() => undefined);
    const free = await freeBytes(dataDir);
    if (signal.aborted || free === undefined) continue;
    judge(free);
    if (!isFull && nats) await mend(nats);
  }
}

const fullness = (dataDir: string): string =>
  `THE DISK THAT HOLDS ${dataDir} IS FULL: uploads and changes are refused, reads and deletions go on. Free some space; then everything goes on by itself.`;

const endOf = (nats: Part | undefined): number => (nats && statSync(nats.logFile, { throwIfNoEntry: false })?.size) ?? 0;

const freeBytes = (path: string): Promise<number | undefined> => statfs(path).then(({ bavail, bsize }) => bavail * bsize, () => undefined);
