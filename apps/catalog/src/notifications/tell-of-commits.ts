import { addressOf, imageCommits, imageSubject, metadefCommits, metadefSubject, type Commit } from '#libs/contracts';
import type { ImageEvent, MetadefEvent } from '#libs/domain';
import { crashPoint, type EventLog, type NotificationOutlet, type Stored } from '#libs/event-log';
import {
  addressed, imageNotifications, isEnabled, messageOf, metadefNotifications, passCommit, passMetadefCommit, untoldImage, untoldNamespace,
  type Notification, type NotificationMessage, type NotificationSettings, type ToldImage, type ToldNamespace,
} from '#libs/notifications';
import type { FollowerPosition } from '#libs/read-model';
import { isOutage, statesBefore, type StateKind } from '../states-before.js';

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

/**
 * The log → notifications, at least once each and in its order. The position moves after what was told is kept: who dies in between tells it again,
 * under the same ids. A log that was made anew is told of from its end on.
 */
export function tellOfCommits(parts: TellingParts): Telling {
  const { log, settings, region } = parts;
  const tellOfImage = teller<ImageEvent, ToldImage>(log, {
    remembered: 10_000, subjectOf: (token) => imageSubject(region, token), commits: imageCommits, none: untoldImage, pass: passCommit, tell: imageNotifications,
  });
  const tellOfNamespace = teller<MetadefEvent, ToldNamespace>(log, {
    remembered: 100, subjectOf: (token) => metadefSubject(region, token), commits: metadefCommits, none: untoldNamespace, pass: passMetadefCommit, tell: metadefNotifications,
  });

  async function start(): Promise<FollowerPosition> {
    const { createdAt: logCreatedAt, lastSequence } = await log.extent();
    const kept = await parts.position();
    if (kept?.logCreatedAt === logCreatedAt && kept.sequence <= lastSequence) return kept;
    const beginning = { logCreatedAt, sequence: lastSequence };
    await parts.moveTo(beginning);
    return beginning;
  }

  async function messagesOf({ sequence, subject, bytes }: Stored): Promise<NotificationMessage[]> {
    const { kind, token } = addressOf(subject);
    if (kind !== 'image' && kind !== 'metadef') return [];
    const { at, notifications } = await (kind === 'image' ? tellOfImage : tellOfNamespace)(token, bytes);
    return notifications.filter((notification) => isEnabled(notification, settings))
      .map((notification, index) => messageOf(notification, { publisherId: settings.publisherId, origin: `${region}:${sequence}:${index}`, at }));
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

/** Tells of one kind of thing, by what it was before each commit. */
function teller<Event, Told extends { readonly version: number }>(log: Pick<EventLog, 'read'>, { tell, ...kind }: StateKind<Event, Told> & { tell(before: Told, commit: Commit<Event>): Notification[] }) {
  const states = statesBefore(log, kind);
  return async (token: string, bytes: Uint8Array): Promise<{ at: Date; notifications: Notification[] }> => {
    const commit = kind.commits.decode(bytes);
    const told = await states.at(token, commit.version - 1);
    states.remember(token, kind.pass(told, commit));
    return { at: commit.at, notifications: tell(told, commit) };
  };
}
