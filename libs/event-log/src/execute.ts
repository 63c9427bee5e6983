import { setTimeout as pause } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import {
  commitLimitBytes, encodeCommit, imageSubject, type Commit, type CommandContext, type ImageCommandAnswer, type ImageCommandMessage,
} from '#libs/contracts';
import { Problem, type Image, type ImageDecider, type ImageEvent, type ImageState } from '#libs/domain';
import {
  advance, BrokenChain, emptyAggregate, foldAggregate, imageFolding, loadAggregate, type Aggregate, type CommandTrace,
} from './aggregate.js';
import { crashPoint } from './crash-point.js';
import { WrongExpectedSequence, type EventLog } from './event-log.js';
import { keyedQueue } from './keyed-queue.js';
import type { Sealer } from './sealing.js';

export interface ExecutorOptions {
  readonly log: EventLog;
  readonly region: string;
  /** The service that appends: the last part of the commits' `source`. */
  readonly service: string;
  readonly decider: ImageDecider;
  readonly clock: () => Date;
  /** Seals personal values. Without it they are not written at all. */
  readonly sealer?: Pick<Sealer, 'seal'>;
  /** How many commits' worth of images stay in memory. */
  readonly cacheSize?: number;
  /** The most commits one image may have, but for those that end things. */
  readonly historyLimit?: number;
}

export interface Executor {
  /**
   * Carries out one command: load, decide, append. The commit is durable when this resolves. A command whose id the history knows
   * already changes nothing and gets the answer of its own commit. Refuses: what the decider refuses, Conflict after five lost races,
   * IdempotencyKeyReused, CommitTooLarge, HistoryTooLong, Unavailable (then repeat with the same command id).
   */
  execute(message: ImageCommandMessage): Promise<ImageCommandAnswer>;
  /** Drops what is remembered of images; needed after the log was repaired or replaced under our feet. */
  forget(): void;
}

type LoadedImage = Aggregate<ImageState>;
type Decision = { readonly events: readonly ImageEvent[] } | { readonly refusal: Problem };

const mostRaces = 5;
/** These must always be possible, or an image with a long history could neither be ended nor cleaned up. */
const endsThings: ReadonlySet<string> = new Set(['DeleteImage', 'FailImageDataUpload', 'RecordImageDataRemoved', 'DeactivateImage', 'RemoveMember']);

export function createExecutor(options: ExecutorOptions): Executor {
  const { log, region, decider, cacheSize = 100_000, historyLimit = 10_000 } = options;
  const inOrder = keyedQueue();
  const images = new LRUCache<string, LoadedImage>({ maxSize: cacheSize, sizeCalculation: ({ version }) => Math.max(1, version) });

  async function execute(message: ImageCommandMessage): Promise<ImageCommandAnswer> {
    const { imageId } = message.envelope;
    const subject = imageSubject(region, imageId);
    return inOrder(imageId, () => run(subject, message).catch((error: unknown) => {
      // After anything but a refusal it is unknown what the log holds: the next command reads it.
      if (!(error instanceof Problem) || error.code === 'Unavailable') images.delete(imageId);
      throw error;
    }));
  }

  async function run(subject: string, message: ImageCommandMessage): Promise<ImageCommandAnswer> {
    const { imageId } = message.envelope;
    let image = images.get(imageId) ?? await firstGuess(subject, message);
    let isFresh = false;
    for (let races = 0; ;) {
      const earlier = image.commands.get(message.context.commandId);
      if (earlier) return answerAgain(subject, image, earlier, message);
      const decision = decide(image, message);
      if ('refusal' in decision || decision.events.length === 0) {
        // What is remembered may be behind another catalog's commit: no refusal rests on it unless the leader agrees.
        if (isFresh) return nothingToWrite(decision, image);
        image = await catchUp(subject, image);
        isFresh = true;
        continue;
      }
      const appended = await tryAppend(subject, image, decision.events, message);
      if (appended) return answer(appended.sequence, appended);
      races += 1;
      if (races === mostRaces) throw new Problem('Conflict', { imageId });
      await pause(Math.random() * 4 * 2 ** races);
      image = await catchUp(subject, image, { wasBeaten: true });
      isFresh = true;
    }
  }

  /** A new image has no history to read: where there is one after all, the append finds out. */
  function firstGuess(subject: string, { envelope: { imageId, command } }: ImageCommandMessage): Promise<LoadedImage> | LoadedImage {
    return command.type === 'CreateImage' ? emptyAggregate(imageId, imageFolding) : loadAggregate(log, subject, imageId, imageFolding);
  }

  function decide(image: LoadedImage, { envelope }: ImageCommandMessage): Decision {
    try {
      const events = decider.decide(envelope, image.state);
      if (events.length > 0 && image.version >= historyLimit && !endsThings.has(envelope.command.type)) {
        throw new Problem('HistoryTooLong', { imageId: image.id, limit: historyLimit });
      }
      return { events };
    } catch (error) {
      if (error instanceof Problem) return { refusal: error };
      throw error;
    }
  }

  /** The image after its new commit; undefined where somebody else's commit came first. */
  async function tryAppend(subject: string, image: LoadedImage, events: readonly ImageEvent[], message: ImageCommandMessage): Promise<LoadedImage | undefined> {
    const bytes = encodeCommit(await commitOf(image, events, message));
    if (bytes.byteLength > commitLimitBytes) throw new Problem('CommitTooLarge', { limitBytes: commitLimitBytes });
    crashPoint('before-append');
    try {
      const { sequence } = await log.append(subject, bytes, {
        expectedLastSequence: image.sequence, messageId: `${image.id}:${message.context.commandId}`,
      });
      crashPoint('after-append');
      // Folded from the bytes, not from the events at hand: what is answered now is what every later reading of the log gives.
      return remember(advance(image, { sequence, subject, bytes }, imageFolding));
    } catch (error) {
      if (error instanceof WrongExpectedSequence) return undefined;
      throw error;
    }
  }

  async function commitOf(image: LoadedImage, events: readonly ImageEvent[], { envelope, context }: ImageCommandMessage): Promise<Commit> {
    const { commandId, requestId, requestHash, causationId, actor } = context;
    const sealed = await sealPersonal(context, `${image.id}:${commandId}`);
    return {
      aggregateId: image.id, region, service: options.service, at: notBefore(image.lastAt, options.clock()),
      version: image.version + 1, prevHash: image.hash, commandId, commandType: envelope.command.type, requestId,
      ...(requestHash === undefined ? {} : { requestHash }), ...(causationId === undefined ? {} : { causationId }),
      actor, ...(sealed === undefined ? {} : { sealed }), events,
    };
  }

  async function sealPersonal({ personal, actor }: CommandContext, commitId: string): Promise<string | undefined> {
    if (!options.sealer || !personal || Object.keys(personal).length === 0) return undefined;
    return options.sealer.seal(personal, { userId: actor.userId, commitId });
  }

  async function catchUp(subject: string, image: LoadedImage, { wasBeaten = false } = {}): Promise<LoadedImage> {
    const news = await log.read(subject, { after: image.sequence, consistent: true });
    // Beaten by nothing that can be read: the other commit is still in flight, or what is remembered is not what the log holds.
    if (news.length === 0) return wasBeaten ? reload(subject, image.id) : remember(image);
    try {
      return remember(news.reduce((before, stored) => advance(before, stored, imageFolding), image));
    } catch (error) {
      if (!(error instanceof BrokenChain)) throw error;
      return reload(subject, image.id);
    }
  }

  const reload = async (subject: string, imageId: string): Promise<LoadedImage> =>
    remember(await loadAggregate(log, subject, imageId, imageFolding, { consistent: true }));

  async function answerAgain(subject: string, image: LoadedImage, earlier: CommandTrace, { envelope, context }: ImageCommandMessage): Promise<ImageCommandAnswer> {
    if (earlier.requestHash !== context.requestHash || earlier.commandType !== envelope.command.type) throw new Problem('IdempotencyKeyReused');
    if (earlier.version === image.version) return answer(earlier.sequence, remember(image));
    const messages = await log.read(subject, { consistent: true });
    return answer(earlier.sequence, foldAggregate(image.id, messages.filter(({ sequence }) => sequence <= earlier.sequence), imageFolding));
  }

  function remember(image: LoadedImage): LoadedImage {
    // An id that nobody has used is not worth the place of an image.
    if (image.version > 0) images.set(image.id, image);
    return image;
  }

  return { execute, forget: () => images.clear() };
}

function nothingToWrite(decision: Decision, image: LoadedImage): ImageCommandAnswer {
  if ('refusal' in decision) throw decision.refusal;
  return answer(0, image);
}

function answer(sequence: number, { id, version, state }: LoadedImage): ImageCommandAnswer {
  if (!state.exists) throw new Error(`the commits of ${id} leave no image`);
  return { sequence, version, image: state satisfies Image };
}

/** The times of one image's commits never run backwards, whatever the clocks of the catalog's hosts do. */
const notBefore = (earliest: Date | undefined, now: Date): Date => earliest && earliest > now ? earliest : now;
