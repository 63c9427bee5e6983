import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { commandSubject, imageFromJson, isLowerUuid, questionSubject, type HistoryAnswer, type ImageCommandAnswer, type ImageCommandMessage, type PastAnswer, type PastImagesAnswer, type PastImagesQuestion, type PastUntil, type UsageAnswer } from '#libs/contracts';
import { Problem, type Image, type ImageCommand, type ImageCommandEnvelope } from '#libs/domain';
import { crashPoint } from '#libs/event-log';
import type { Bus } from '#libs/platform';
import type { ImageRecord, ReadModel } from '#libs/read-model';
import type { SentAs } from '#libs/transfers';
import type { AddressRules } from '../edge/address.js';
import { commandContext, senderOf } from '../edge/command-context.js';
import type { Request } from '../edge/request.js';
import { commandIdentity, type CommandIdentity } from './idempotency.js';
import type { AskedImage, Permissions } from './permissions.js';
import type { Acknowledged } from './acknowledged.js';

export interface ImagesParts {
  readonly bus: Pick<Bus, 'ask' | 'region'>;
  readonly readModel: Pick<ReadModel, 'imageById'>;
  readonly permissions: Permissions;
  readonly acknowledged: Acknowledged;
  readonly address: AddressRules;
}

export interface Change {
  readonly request: Request;
  readonly imageId: string;
  /** What is to be done; asked for once the caller may. */
  readonly command: () => ImageCommand;
  /** Asks the policy about the image as it is; asked again where owner or visibility changed under way. */
  readonly check: (asked: AskedImage) => void;
  /** The body that an Idempotency-Key vouches for. */
  readonly body?: Buffer;
}

/** How the gateway reads and changes images. Ids come from paths and may be anything; what is no UUID is no image. */
export interface Images {
  /** The image, if the caller may see it. Refuses: ImageNotFound. */
  visible(imageId: string, request: Request): Promise<ImageRecord>;
  /** Sends one command, whose sender has asked the policy, and returns the image after it. Refuses what the catalog refuses. Each command gets an id of its own unless one is given. */
  send(request: Request, envelope: ImageCommandEnvelope, identity?: SentAs): Promise<Image>;
  /** Sends a command on an image that the caller may see and `check` allows, and returns the image after it. */
  change(change: Change): Promise<Image>;
  /** Who a command comes from, for the service that sends it in our place. */
  senderOf(request: Request): ReturnType<typeof senderOf>;
  /** What a project uses of its limits. */
  usage(projectId: string): Promise<UsageAnswer>;
  history(imageId: string, page: { afterVersion: number; limit: number }): Promise<HistoryAnswer>;
  /** As they were then, whoever asks: what may be told is the caller's to judge. Refuses: ImageNotFound. */
  past(imageId: string, until: PastUntil): Promise<PastAnswer>;
  pastImages(question: PastImagesQuestion): Promise<PastImagesAnswer>;
}

const maxChecks = 3;
/** An owner that no image has: text from outside never holds this character. */
const nobody = '\0';

export function images({ bus, readModel, permissions, acknowledged, address }: ImagesParts): Images {
  async function find(imageId: string): Promise<ImageRecord> {
    const id = imageId.toLowerCase();
    const record = isLowerUuid(id) ? await readModel.imageById(id, { atLeast: acknowledged.sequence() }) : undefined;
    // What is on its way to be an image is none yet, to anybody.
    if (!record || record.image.arriving) throw new Problem('ImageNotFound', { imageId });
    return record;
  }

  async function visible(imageId: string, request: Request): Promise<ImageRecord> {
    const record = await find(imageId);
    permissions.requireVisible(record, request.caller);
    return record;
  }

  async function send(request: Request, envelope: ImageCommandEnvelope, identity: SentAs = { commandId: randomUUID() }): Promise<Image> {
    const message: ImageCommandMessage = { envelope, context: commandContext(request, identity, address) };
    const answer = await bus.ask<ImageCommandAnswer>(commandSubject(bus.region, 'image'), message);
    acknowledged.advance(answer.sequence);
    return imageFromJson(answer.image);
  }

  /** A repeated request may find its image gone, by itself perhaps: its commit still answers, and nothing new can be decided for `nobody`. */
  async function repeated(request: Request, imageId: string, command: ImageCommand, identity: CommandIdentity): Promise<Image> {
    try {
      return await send(request, { imageId, command, authorizedFor: { owner: nobody, visibility: 'private' } }, identity);
    } catch (error) {
      throw error instanceof Problem && error.code === 'AuthorizationStale' ? new Problem('ImageNotFound', { imageId }) : error;
    }
  }

  async function attempt({ request, imageId, command, check }: Change, identity: CommandIdentity): Promise<Image> {
    let record: ImageRecord;
    try {
      record = await visible(imageId, request);
    } catch (error) {
      const mayBeRepeated = identity.requestHash !== undefined && isLowerUuid(imageId.toLowerCase());
      if (mayBeRepeated && error instanceof Problem && error.code === 'ImageNotFound') return repeated(request, imageId.toLowerCase(), command(), identity);
      throw error;
    }
    check(record);
    const { owner, visibility } = record.image;
    return send(request, { imageId: record.imageId, command: command(), authorizedFor: { owner, visibility } }, identity);
  }

  return {
    visible,
    senderOf: (request) => senderOf(request, address),
    send,
    async change(change) {
      const identity = commandIdentity(change.request, pathOf(change.request), change.body);
      for (let checks = 1; ; checks += 1) {
        try {
          const image = await attempt(change, identity);
          crashPoint('before-acknowledgement');
          return image;
        } catch (error) {
          if (!(error instanceof Problem) || error.code !== 'AuthorizationStale') throw error;
          if (checks >= maxChecks) throw new Problem('Conflict', { imageId: change.imageId }, { cause: error });
          await pause(20 * checks);
        }
      }
    },
    usage: (projectId) => bus.ask<UsageAnswer>(questionSubject(bus.region, 'usage'), { projectId }),
    async past(imageId, until) {
      const id = imageId.toLowerCase();
      if (!isLowerUuid(id)) throw new Problem('ImageNotFound', { imageId });
      const answer = await bus.ask<PastAnswer>(questionSubject(bus.region, 'past'), { imageId: id, until });
      acknowledged.advance(answer.sequence);
      return answer;
    },
    pastImages: (question) => bus.ask<PastImagesAnswer>(questionSubject(bus.region, 'pastImages'), question, { timeoutMs: 10_000 }),
    async history(imageId, page) {
      const id = imageId.toLowerCase();
      if (!isLowerUuid(id)) throw new Problem('ImageNotFound', { imageId });
      const answer = await bus.ask<HistoryAnswer>(questionSubject(bus.region, 'history'), { imageId: id, ...page });
      acknowledged.advance(answer.sequence);
      return answer;
    },
  };
}

/** The path as it is routed, the same whichever version prefix a client uses. */
export const pathOf = (request: Request): string => (request.raw.url ?? '').split('?')[0] ?? '';
