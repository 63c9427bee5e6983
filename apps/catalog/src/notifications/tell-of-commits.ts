import { LRUCache } from 'lru-cache';
import { addressOf, decodeCommit, imageSubject, metadefCommits, metadefSubject, type Commit } from '#libs/contracts';
import type { MetadefEvent } from '#libs/domain';
import { crashPoint, type EventLog, type NotificationOutlet, type Stored } from '#libs/event-log';
import {
  addressed, imageNotifications, isEnabled, messageOf, metadefNotifications, passCommit, passMetadefCommit, untoldImage, untoldNamespace,
  type Notification, type NotificationMessage, type NotificationSettings, type ToldImage, type ToldNamespace,
} from '#libs/notifications';
import type { FollowerPosition } from '#libs/read-model';

export interface TellingParts {
  readonly log: Pick<EventLog, 'follow' | 'read' | 'extent'>;
  readonly region: string;
  readonly settings: NotificationSettings;
  readonly outlet: NotificationOutlet;
  /** How far telling has come: kept where a restart finds it. */
  position(): Promise<FollowerPosition | undefined>;
  moveTo(position: FollowerPosition): Promise<void>;
  /** For driver `log`. */
  write(message: NotificationMessage): void;
  /** A commit that cannot be read is told of by nobody. */
  onUnreadable(sequence: number, error: unknown): void;
}

export interface Telling {
  /** Marks where telling begins, unless it has begun before: nothing that comes after is left out. */
  begin(): Promise<void>;
  /** Tells of every commit, in their order, from where it stopped on, until `signal` aborts. Rejects where the log, the outlet or the position cannot be reached. */
  run(signal: AbortSignal): Promise<void>;
}

const batchSize = 100;
const remembered = 10_000;

/**
 * The log → notifications, at least once each and in its order. The position moves after what was told is kept: who dies in between tells it again,
 * under the same ids. A log that was made anew is told of from its end on.
 */
export function tellOfCommits(parts: TellingParts): Telling {
  const { log, settings, region } = parts;
  const images = new LRUCache<string, ToldImage>({ max: remembered });
  const namespaces = new LRUCache<string, ToldNamespace>({ max: 100 });

  async function start(): Promise<FollowerPosition> {
    const { createdAt: logCreatedAt, lastSequence } = await log.extent();
    const kept = await parts.position();
    if (kept?.logCreatedAt === logCreatedAt && kept.sequence <= lastSequence) return kept;
    const beginning = { logCreatedAt, sequence: lastSequence };
    await parts.moveTo(beginning);
    return beginning;
  }

  async function imageBefore(imageId: string, version: number): Promise<ToldImage> {
    const known = images.get(imageId);
    if (known?.version === version) return known;
    const earlier = version === 0 ? [] : (await log.read(imageSubject(region, imageId), { consistent: true })).map(({ bytes }) => decodeCommit(bytes));
    return earlier.filter((commit) => commit.version <= version).reduce(passCommit, untoldImage);
  }

  async function namespaceBefore(token: string, version: number): Promise<ToldNamespace> {
    const known = namespaces.get(token);
    if (known?.version === version) return known;
    const earlier = version === 0 ? [] : (await log.read(metadefSubject(region, token), { consistent: true })).map(({ bytes }) => metadefCommits.decode(bytes));
    return earlier.filter((commit) => commit.version <= version).reduce(passMetadefCommit, untoldNamespace);
  }

  async function ofImage(imageId: string, commit: Commit): Promise<Notification[]> {
    const before = await imageBefore(imageId, commit.version - 1);
    images.set(imageId, passCommit(before, commit));
    return imageNotifications(before, commit);
  }

  async function ofNamespace(token: string, commit: Commit<MetadefEvent>): Promise<Notification[]> {
    const before = await namespaceBefore(token, commit.version - 1);
    namespaces.set(token, passMetadefCommit(before, commit));
    return metadefNotifications(before, commit);
  }

  async function messagesOf({ sequence, subject, bytes }: Stored): Promise<NotificationMessage[]> {
    const { kind, token } = addressOf(subject);
    if (kind !== 'image' && kind !== 'metadef') return [];
    const commit = kind === 'image' ? decodeCommit(bytes) : metadefCommits.decode(bytes);
    const told = kind === 'image' ? await ofImage(token, commit as Commit) : await ofNamespace(token, commit as Commit<MetadefEvent>);
    return told.filter((notification) => isEnabled(notification, settings))
      .map((notification, index) => messageOf(notification, { publisherId: settings.publisherId, origin: `${region}:${sequence}:${index}`, at: commit.at }));
  }

  async function readable(stored: Stored): Promise<NotificationMessage[]> {
    try {
      return await messagesOf(stored);
    } catch (error) {
      if (isOutage(error)) throw error;
      parts.onUnreadable(stored.sequence, error);
      return [];
    }
  }

  return {
    async begin() {
      await start();
    },
    async run(signal) {
      const { logCreatedAt, sequence: after } = await start();
      await log.follow({ after, batchSize, signal }, async (batch) => {
        const messages: NotificationMessage[] = [];
        for (const stored of batch) messages.push(...await readable(stored));
        if (settings.drivers.includes('log')) messages.forEach((message) => { parts.write(message); });
        await parts.outlet.publish(messages.flatMap((message) => addressed(region, settings, message)));
        crashPoint('after-notification');
        await parts.moveTo({ logCreatedAt, sequence: batch.at(-1)?.sequence ?? after });
      });
    },
  };
}

const isOutage = (error: unknown): boolean => error instanceof Error && 'code' in error && error.code === 'Unavailable';
