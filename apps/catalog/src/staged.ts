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
  const { unchangedSince, limit } = fields(question, 'the question', { unchangedSince: moment, limit: count });
  const most = Math.min(limit, mostAtOnce);
  const candidates = (await options.candidates(unchangedSince, most)).map((imageId) => ({ imageId }));
  return {
    staged: await confirmed(candidates, options, (image) => (image.updatedAt < unchangedSince ? waitingAttempt(image) : undefined)),
    uploads: await confirmed(await options.uploads(unchangedSince, most), options, openUpload),
  };
}

/** Those of which the log's leader says the same, with the attempt that it names. */
async function confirmed<Candidate extends { readonly imageId: string }>(
  candidates: readonly Candidate[], { imageFromLeader, onUnreadable }: StagedOptions, attemptOf: (image: Image, candidate: Candidate) => string | undefined,
): Promise<StagedAnswer['staged']> {
  const all: { imageId: string; attemptId: string }[] = [];
  for (const candidate of candidates) {
    const { imageId } = candidate;
    try {
      const image = await imageFromLeader(imageId);
      const attemptId = image.exists ? attemptOf(image, candidate) : undefined;
      if (attemptId !== undefined) all.push({ imageId, attemptId });
    } catch (error) {
      onUnreadable(imageId, error);
    }
  }
  return all;
}

const waitingAttempt = ({ staged, importing }: Image): string | undefined => (importing === null ? staged?.attemptId : undefined);

const openUpload = ({ attempts }: Image, wanted: { readonly attemptId: string }): string | undefined =>
  attempts.find(({ attemptId, state, isResumable }) => attemptId === wanted.attemptId && state === 'open' && isResumable === true)?.attemptId;

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
