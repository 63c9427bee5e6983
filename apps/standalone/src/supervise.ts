import { setTimeout as delay } from 'node:timers/promises';
import { boundLog, describeEnding } from '#libs/embedded';
import type { Part } from './running.js';

export interface Supervisor {
  /** Watches a part from now on: it is stopped with the others, and brought back when it dies. */
  watch(part: Part): void;
  parts(): readonly Part[];
  /** Stops everything, last started first. */
  stop(): Promise<void>;
}

export interface SupervisorOptions {
  readonly restart: boolean;
  say(line: string): void;
  /** A part has another process now. */
  onChange(): Promise<void>;
}

const calmMs = 60_000;
const longestPauseMs = 10_000;

/** What systemd or an orchestrator does in production: a part that died is started again, after ever longer pauses while it keeps dying. */
export function createSupervisor({ restart, say, onChange }: SupervisorOptions): Supervisor {
  const parts: Part[] = [];
  const stopping = new AbortController();
  const { signal } = stopping;
  const logs = setInterval(() => parts.forEach(({ logFile }) => boundLog(logFile)), 10_000);
  logs.unref();

  async function keepAlive(part: Part): Promise<void> {
    for (let pauseMs = 250; !signal.aborted;) {
      const since = performance.now();
      const ending = await part.child.exited;
      if (signal.aborted) return;
      if (!restart) return say(`${part.name} ended (${describeEnding(ending)}); it is left so, as --no-restart says`);
      pauseMs = performance.now() - since > calmMs ? 250 : Math.min(pauseMs * 2, longestPauseMs);
      say(`${part.name} ended (${describeEnding(ending)}); starting it again`);
      await delay(pauseMs, undefined, { signal }).catch(() => undefined);
      if (!signal.aborted) await bringBack(part);
    }
  }

  async function bringBack(part: Part): Promise<void> {
    try {
      part.child = await part.startAgain();
      say(`${part.name} is back`);
      await onChange();
    } catch (error) {
      say(`${part.name} does not start: ${(error as Error).message}`);
    }
  }

  return {
    watch(part) {
      parts.push(part);
      void keepAlive(part);
    },
    parts: () => parts,
    async stop() {
      stopping.abort();
      clearInterval(logs);
      for (const layer of layersOf(parts)) await Promise.all(layer.map((part) => part.child.stop(part.stopWithinMs)));
    },
  };
}

/** Services first, all at once; then what they stand on. */
function layersOf(parts: readonly Part[]): Part[][] {
  const ofKind = (wanted: Part['kind']): Part[] => parts.filter(({ kind }) => kind === wanted);
  return [ofKind('service'), ofKind('catalog'), ofKind('foundation').toReversed()];
}
