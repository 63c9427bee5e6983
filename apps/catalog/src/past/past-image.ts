import { imageSubject, type PastAnswer, type PastImage } from '#libs/contracts';
import { Problem } from '#libs/domain';
import type { EventLog } from '#libs/event-log';
import { anything, fields, uuid } from '../checks.js';
import { stepsOf, type Step } from '../images/history-steps.js';
import { stepAt, untilIn, type Until } from './until.js';

export interface PastOptions {
  readonly log: Pick<EventLog, 'read'>;
  readonly region: string;
}

/**
 * `ask.<region>.past`: an image as it was at a moment, after a sequence of the log or after one of its versions, from the commits themselves; also of one that is deleted
 * by now. `was` is absent where it did not exist yet. Refuses: InvalidRequest, ImageNotFound for an image that never was.
 */
export async function pastFor(question: unknown, options: PastOptions): Promise<PastAnswer> {
  const { imageId, until } = fields(question, 'the question', { imageId: uuid, until: anything });
  const told = await lookBack(imageId, untilIn(until, 'until'), options);
  if (!told) throw new Problem('ImageNotFound', { imageId });
  const { today, was } = told;
  return { sequence: today.sequence, owner: today.after.exists ? today.after.owner : null, ...(was ? { was } : {}) };
}

/** An image today and then, both from the log's leader; undefined where there never was one. */
export async function lookBack(imageId: string, until: Until, { log, region }: PastOptions): Promise<{ readonly today: Step; readonly was: PastImage | undefined } | undefined> {
  const steps = stepsOf(imageId, await log.read(imageSubject(region, imageId), { consistent: true }));
  const today = steps.at(-1);
  const then = stepAt(steps, until);
  return today && { today, was: then?.after.exists ? { version: then.commit.version, sequence: then.sequence, at: then.commit.at.toISOString(), image: then.after } : undefined };
}
