import { addressOf, commitsOf, type PastImagesAnswer } from '#libs/contracts';
import { Problem } from '#libs/domain';
import type { EventLog } from '#libs/event-log';
import type { PastQuery } from '#libs/read-model';
import { anything, count, fields, optional, text, uuid } from '../checks.js';
import { lookBack, type PastOptions } from './past-image.js';
import { untilIn, type Until } from './until.js';

export interface PastImagesOptions extends PastOptions {
  readonly log: Pick<EventLog, 'read' | 'at' | 'extent'>;
  /** Which images may have been there, from the read model, newest first. */
  candidates(query: PastQuery): Promise<readonly string[]>;
}

type Listed = PastImagesAnswer['images'][number];

const mostImages = 100;
/** An answer is one message of the bus: it must stay well under a megabyte. */
const mostBytes = 512 * 1024;
/** Candidates that were not there then take time too: a page may end before it is full. */
const mostLookedAt = 500;
/** Images whose histories are read at once. */
const atOnce = 8;
/** The clocks of catalogs differ, and the order of the log is not that of their times: so much earlier may a later commit say that it is. */
const clockDifferenceMs = 3_600_000;

/**
 * `ask.<region>.pastImages`: a page of the images that were there at a moment or after a sequence, newest first, as each was then. The read model says which may have been; what they
 * were, the commits of each say, so that a page costs as much as the histories on it. Refuses: InvalidRequest.
 */
export async function pastImagesFor(question: unknown, options: PastImagesOptions): Promise<PastImagesAnswer> {
  const { until: asked, owner, after, limit } = fields(question, 'the question', { until: anything, owner: optional(text(255)), after: optional(uuid), limit: count });
  const until = untilIn(asked, 'until');
  const query = { ...await placeOf(until, options.log), ...(owner === undefined ? {} : { owner }) };
  const wanted = Math.min(limit, mostImages);
  const images: Listed[] = [];
  let [end, bytes, lookedAt] = [after, 0, 0];
  for await (const { imageId, listed } of lookedBack(query, until, after, options)) {
    if (images.length >= wanted || bytes > mostBytes || lookedAt >= mostLookedAt) return { images, ...(end === undefined ? {} : { after: end }) };
    end = imageId;
    lookedAt += 1;
    if (!listed) continue;
    images.push(listed);
    bytes += Buffer.byteLength(JSON.stringify(listed));
  }
  return { images };
}

/** Each candidate in turn with what it was; a few of them are read at once. */
async function* lookedBack(query: Omit<PastQuery, 'limit'>, until: Until, from: string | undefined, options: PastImagesOptions) {
  for (let after = from; ;) {
    const ids = await options.candidates({ ...query, ...(after === undefined ? {} : { after }), limit: atOnce });
    if (ids.length === 0) return;
    yield* await Promise.all(ids.map(async (imageId) => ({ imageId, listed: await listedAt(imageId, until, options) })));
    after = ids.at(-1);
  }
}

async function listedAt(imageId: string, until: Until, options: PastOptions): Promise<Listed | undefined> {
  const told = await lookBack(imageId, until, options);
  if (!told?.was || told.was.image.status === 'deleted' || !told.today.after.exists) return undefined;
  return { imageId, owner: told.today.after.owner, ...told.was };
}

/** Which images can have been there, as the read model is asked it. */
async function placeOf(until: Until, log: PastImagesOptions['log']): Promise<Pick<PastQuery, 'at' | 'sequence'>> {
  if ('at' in until) return until;
  if ('version' in until) throw new Problem('InvalidRequest', { detail: 'A version is one of a single image. Ask for a list at a time or a sequence.' });
  const { sequence } = until;
  const message = await log.at(sequence);
  if (!message) throw new Problem('InvalidRequest', { detail: `There is no sequence ${sequence}: the log goes from 1 to ${(await log.extent()).lastSequence}.` });
  const { at } = commitsOf(addressOf(message.subject).kind).decode(message.bytes);
  return { at: new Date(at.getTime() + clockDifferenceMs), sequence };
}
