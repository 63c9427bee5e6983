import type { AttemptsAnswer, StagedAnswer } from '#libs/contracts';
import type { Image, ImageState } from '#libs/domain';
import { count, fields, list, moment, record, uuid } from './checks.js';

export interface StagedOptions {
  /** Images that the read model shows with staged data, no import under way, and no change since; those that wait longest first. */
  candidates(unchangedSince: Date, limit: number): Promise<readonly string[]>;
  /** Uploads that the read model shows as open and resumable, and that began before; oldest first. */
  uploads(startedBefore: Date, limit: number): Promise<readonly { readonly imageId: string; readonly attemptId: string }[]>;
  /** The image as the log's leader tells it. */
  imageFromLeader(imageId: string): Promise<ImageState>;
  onUnreadable(imageId: string, error: unknown): void;
}

const mostAtOnce = 500;

/** `ask.<region>.staged`: staged data that has waited too long. The read model only proposes; the log's leader decides. Refuses: InvalidRequest. */
export async function stagedFor(question: unknown, options: StagedOptions): Promise<StagedAnswer> {
  const { candidates, imageFromLeader, onUnreadable } = options;
  const { unchangedSince, limit } = fields(question, 'the question', { unchangedSince: moment, limit: count });
  const staged: { imageId: string; attemptId: string }[] = [];
  for (const imageId of await candidates(unchangedSince, Math.min(limit, mostAtOnce))) {
    try {
      const image = await imageFromLeader(imageId);
      if (image.exists && waits(image) && image.updatedAt < unchangedSince) staged.push({ imageId, attemptId: image.staged?.attemptId ?? '' });
    } catch (error) {
      onUnreadable(imageId, error);
    }
  }
  return { staged, uploads: await openUploads(options, unchangedSince, limit) };
}

async function openUploads({ uploads, imageFromLeader, onUnreadable }: StagedOptions, startedBefore: Date, limit: number): Promise<StagedAnswer['uploads']> {
  const open: { imageId: string; attemptId: string }[] = [];
  for (const { imageId, attemptId } of await uploads(startedBefore, Math.min(limit, mostAtOnce))) {
    try {
      const image = await imageFromLeader(imageId);
      if (image.exists && image.attempts.some((attempt) => attempt.attemptId === attemptId && attempt.state === 'open' && attempt.isResumable === true)) open.push({ imageId, attemptId });
    } catch (error) {
      onUnreadable(imageId, error);
    }
  }
  return open;
}

const waits = ({ staged, importing }: Image): boolean => staged !== null && importing === null;

/** `ask.<region>.attempts`: what the log's leader knows of attempts whose bytes somebody has found. Refuses: InvalidRequest. */
export async function attemptsFor(question: unknown, { imageFromLeader, onUnreadable }: Pick<StagedOptions, 'imageFromLeader' | 'onUnreadable'>): Promise<AttemptsAnswer> {
  const { attempts } = fields(question, 'the question', { attempts: list(mostAtOnce, record({ imageId: uuid, attemptId: uuid })) });
  const found: AttemptsAnswer['attempts'][number][] = [];
  for (const { imageId, attemptId } of attempts) {
    try {
      found.push(fateOf(await imageFromLeader(imageId), attemptId));
    } catch (error) {
      onUnreadable(imageId, error);
      found.push({ state: 'unreadable' });
    }
  }
  return { attempts: found };
}

/** An attempt leaves the image when its bytes are recorded as removed; one that the log never knew looks the same, and nothing refers to either. */
function fateOf(image: ImageState, attemptId: string): AttemptsAnswer['attempts'][number] {
  if (!image.exists) return { state: 'unknown' };
  const attempt = image.attempts.find((candidate) => candidate.attemptId === attemptId);
  if (!attempt) return { state: 'gone' };
  return { state: attempt.state, isImporting: image.importing !== null, unchangedSince: image.updatedAt.toISOString() };
}
