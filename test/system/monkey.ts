import { setTimeout as pause } from 'node:timers/promises';
import type { Random } from './random.js';
import type { ProcessName, Region } from './region.js';

/** In the order in which they are brought back: a service is ready when what it stands on is. */
export const victimsOf = ({ names }: Region): readonly ProcessName[] => ['postgres', 'nats', ...names];

export interface Kills {
  readonly of: Readonly<Record<string, number>>;
  /** Services that ended though nobody killed them, with the end of their logs. */
  readonly ownDeaths: readonly string[];
}

/** What a specification of kills rests on: everybody was killed, and nobody ended by itself. */
export function expectKillsOnly({ of, ownDeaths }: Kills): void {
  expect(Object.entries(of).filter(([, times]) => times === 0)).toEqual([]);
  expect(ownDeaths).toEqual([]);
}

/**
 * Kills a process, or two at once, every second or so, and brings them back, until `signal` aborts and `isEnough` of what is disturbed was done, however
 * slow the machine; everything runs when it resolves.
 */
export async function runMonkey(region: Region, random: Random, signal: AbortSignal, victims: readonly ProcessName[], isEnough = () => true): Promise<Kills> {
  const of = Object.fromEntries(victims.map((name) => [name, 0]));
  const ownDeaths: string[] = [];
  // Everybody's turn comes before anybody's second, and nobody is left out, however slow the machine.
  let turns: ProcessName[] = [];
  const next = (): ProcessName => {
    if (turns.length === 0) turns = [...victims];
    const name = random.pick(turns);
    turns = turns.filter((each) => each !== name);
    return name;
  };
  const goesOn = (): boolean => !signal.aborted || Object.values(of).includes(0) || !isEnough();
  while (goesOn()) {
    await pause(300 + random.below(1400));
    const dead = new Set(random.chance(0.25) ? [next(), next()] : [next()]);
    await Promise.all([...dead].map((name) => region.kill(name)));
    for (const name of dead) of[name] = (of[name] ?? 0) + 1;
    await pause(random.below(800));
    for (const name of victims) if (dead.has(name)) await region.restart(name);
    for (const name of region.names) {
      if (region.isRunning(name)) continue;
      ownDeaths.push(`${name} ended by itself: ${region.logOf(name)}`);
      await region.restart(name);
    }
  }
  return { of, ownDeaths };
}
