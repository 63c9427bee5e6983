import { setTimeout as pause } from 'node:timers/promises';
import type { Random } from './random.js';
import { serviceNames, type ProcessName, type Region } from './region.js';

const victims: readonly ProcessName[] = ['gateway', 'catalog', 'nats', 'postgres'];

export interface Kills {
  readonly of: Readonly<Record<ProcessName, number>>;
  /** Services that ended though nobody killed them, with the end of their logs. */
  readonly ownDeaths: readonly string[];
}

/** Kills a process, or two at once, every second or so, and brings them back; everything runs when it resolves. */
export async function runMonkey(region: Region, random: Random, signal: AbortSignal): Promise<Kills> {
  const of: Record<ProcessName, number> = { gateway: 0, catalog: 0, nats: 0, postgres: 0 };
  const ownDeaths: string[] = [];
  // Everybody's turn comes before anybody's second, so that a short run leaves nobody out.
  let turns: ProcessName[] = [];
  const next = (): ProcessName => {
    if (turns.length === 0) turns = [...victims];
    const [name] = turns.splice(random.below(turns.length), 1);
    return name ?? 'gateway';
  };
  while (!signal.aborted) {
    await pause(300 + random.below(1400), undefined, { signal }).catch(() => undefined);
    if (signal.aborted) break;
    const dead = new Set(random.chance(0.25) ? [next(), next()] : [next()]);
    await Promise.all([...dead].map((name) => region.kill(name)));
    for (const name of dead) of[name] += 1;
    await pause(random.below(800));
    // Foundations first: a service is ready when what it stands on is.
    for (const name of [...victims].reverse()) if (dead.has(name)) await region.restart(name);
    for (const name of serviceNames) {
      if (region.isRunning(name)) continue;
      ownDeaths.push(`${name} ended by itself: ${region.logOf(name)}`);
      await region.restart(name);
    }
  }
  return { of, ownDeaths };
}
