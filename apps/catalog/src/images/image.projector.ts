import { setTimeout as pause } from 'node:timers/promises';
import { crashPoint, type EventLog } from '#libs/event-log';
import { rememberImages, type Applied, type ReadModel } from '#libs/read-model';
import type { LogGuard } from '../log-guard.js';
import type { Reached } from '#libs/platform';

export interface ProjectorOptions {
  readonly log: Pick<EventLog, 'follow' | 'extent'>;
  readonly readModel: Pick<ReadModel, 'applyBatch' | 'position' | 'tryBecomeProjector'>;
  readonly guard: Pick<LogGuard, 'check'>;
  readonly reached: Reached;
  /** Tells everybody how far the read model has come. */
  announce(sequence: number): void;
  onLead(leads: boolean): void;
  onParked(parked: Applied['parked']): void;
  onTrouble(error: unknown): void;
}

export interface Projector {
  /** Whether this process is the region's one active projector. */
  leads(): boolean;
  /** Begins anew from the position in PostgreSQL, once the guard trusts the log: what was read over a broken connection is not believed. */
  interrupt(): void;
  /** Projects whenever it may, until `signal` aborts; no outage ends it. Resolves when the seat is given up and nothing is in flight. */
  run(signal: AbortSignal): Promise<void>;
}

const batchSize = 1000;
const retryMs = 250;
/** Processes that begin to listen learn the position without asking for it. */
const announceEveryMs = 1000;

/**
 * Log → read model. Of all catalog processes the holder of PostgreSQL's advisory lock follows the log from the position that stands beside the
 * rows and applies it in groups; the others wait for the seat. Position, rows and guard change in one transaction, so a kill at any moment neither skips nor repeats.
 */
export function createProjector(options: ProjectorOptions): Projector {
  const { log, readModel, guard, reached } = options;
  let leads = false;
  let interruption = new AbortController();

  function setLeads(now: boolean): void {
    if (now === leads) return;
    leads = now;
    options.onLead(now);
  }

  async function lead(signal: AbortSignal): Promise<void> {
    const lost = new AbortController();
    const seat = await readModel.tryBecomeProjector(() => lost.abort());
    if (!seat) return;
    try {
      const term = AbortSignal.any([signal, lost.signal]);
      setLeads(true);
      while (!term.aborted) {
        interruption = new AbortController();
        await project(AbortSignal.any([term, interruption.signal]));
        await rest(term);
      }
    } finally {
      setLeads(false);
      await seat.release();
    }
  }

  async function project(signal: AbortSignal): Promise<void> {
    // Compared while we hold the seat, so that nobody moves what is compared.
    if ((await guard.check()).is !== 'trusted') return;
    const { createdAt } = await log.extent();
    let position = (await readModel.position()).sequence;
    reached.restart(position);
    options.announce(position);
    const remembered = rememberImages();
    const ticks = setInterval(() => options.announce(position), announceEveryMs);
    try {
      await log.follow({ after: position, batchSize, signal }, async (batch) => {
        crashPoint('before-projection-commit');
        const applied = await readModel.applyBatch(batch, { after: position, logCreatedAt: createdAt }, remembered);
        crashPoint('after-projection-commit');
        position = applied.position;
        reached.advance(position);
        options.announce(position);
        if (applied.parked.length > 0) options.onParked(applied.parked);
      });
    } finally {
      clearInterval(ticks);
    }
  }

  return {
    leads: () => leads,
    interrupt: () => interruption.abort(),
    async run(signal) {
      while (!signal.aborted) {
        try {
          await lead(signal);
        } catch (error) {
          options.onTrouble(error);
        }
        await rest(signal);
      }
    },
  };
}

const rest = (signal: AbortSignal): Promise<void> => pause(retryMs, undefined, { signal }).then(() => undefined, () => undefined);
