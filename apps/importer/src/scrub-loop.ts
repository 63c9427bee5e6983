import { setTimeout as pause } from 'node:timers/promises';
import { Problem } from '#libs/domain';
import type { Logger } from '#libs/platform';
import { scrubStores, type Scrubbed, type ScrubParts } from '#libs/transfers';

export interface ScrubSchedule {
  /** How long a copy that was found sound is believed to be so. */
  readonly intervalMs: number;
  readonly bytesPerSecond: number;
  readonly signal: AbortSignal;
}

/** So often what is due is looked for, and sooner where the interval is short. */
const longestPauseMs = 3_600_000;

/** Scrubs what is due, pass after pass, until the signal: quiet where all is well, loud about what a person must look at. Never rejects. */
export async function scrubAgainAndAgain(open: () => Promise<ScrubParts>, { intervalMs, bytesPerSecond, signal }: ScrubSchedule, logger: Pick<Logger, 'info' | 'warn' | 'error'>): Promise<void> {
  while (!signal.aborted) {
    try {
      const parts = await open();
      const uncheckedSince = new Date(parts.clock().getTime() - intervalMs);
      for await (const scrubbed of scrubStores(parts, { bytesPerSecond, signal, uncheckedSince })) tell(scrubbed, logger);
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof Problem) logger.warn({ err: error }, 'stored data could not be looked through; trying again later');
      else logger.error({ err: error }, 'a scrub of the stores failed');
    }
    await pause(Math.min(longestPauseMs, Math.max(1000, intervalMs / 10)), undefined, { signal }).catch(() => undefined);
  }
}

function tell({ imageId, storeId, attemptId, verdict, detail, done, error }: Scrubbed, logger: Pick<Logger, 'info' | 'warn' | 'error'>): void {
  const facts = { image_id: imageId, store: storeId, attempt_id: attemptId, verdict, detail, ...(error === undefined ? {} : { err: error }) };
  if (verdict === 'sound') return;
  if (verdict === 'unreadable') logger.warn(facts, 'a copy of an image could not be read; trying again later');
  else if (done === 'healed') logger.warn(facts, 'a copy of an image was bad and has been replaced by a sound one');
  else if (done === 'hopeless') logger.error(facts, 'a copy of an image is bad, and no store has a sound one');
  else logger.error(facts, 'a copy of an image is bad and could not be replaced');
}
