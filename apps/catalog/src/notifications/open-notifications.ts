import { setTimeout as pause } from 'node:timers/promises';
import { notificationOutlet, type EventLog } from '#libs/event-log';
import { isTold, notificationSettings } from '#libs/notifications';
import type { ServiceParts } from '#libs/platform';
import type { ReadModel } from '#libs/read-model';
import type { CatalogConfig } from '../config.js';
import { tellOfCommits } from './tell-of-commits.js';

export interface Notifications {
  /** Tells whenever `mayTell` says so, until `signal` aborts; no outage ends it. */
  run(signal: AbortSignal): Promise<void>;
  /** Stops telling until `mayTell` says so again: another process does it, or the log is in doubt. */
  interrupt(): void;
}

export interface NotificationParts extends Pick<ServiceParts<CatalogConfig>, 'config' | 'logger' | 'bus'> {
  readonly log: EventLog;
  readonly readModel: Pick<ReadModel, 'followerPosition' | 'moveFollower' | 'forgetFollower'>;
  /** Whether this process is the one that tells, and the log can be trusted. */
  mayTell(): boolean;
}

const follower = 'notifications';
const retryMs = 250;

/** Marks where telling begins before the first command is answered. Switched off, it forgets: what happens meanwhile is told to nobody later. */
export async function openNotifications({ config, logger, bus, log, readModel, mayTell }: NotificationParts): Promise<Notifications> {
  const settings = notificationSettings(config);
  if (!isTold(settings)) {
    await readModel.forgetFollower(follower);
    return { run: () => Promise.resolve(), interrupt: () => undefined };
  }
  const telling = tellOfCommits({
    log, region: bus.region, settings, outlet: await notificationOutlet(bus.connection, { region: bus.region }),
    position: () => readModel.followerPosition(follower),
    moveTo: (position) => readModel.moveFollower(follower, position),
    write: (message) => logger.info({ notification: message }, message.event_type),
    onUnreadable: (sequence, error) => logger.error({ err: error, sequence }, 'a commit cannot be read, and nobody is notified of it'),
  });
  await telling.begin();
  let term = new AbortController();
  return {
    interrupt: () => { term.abort(); },
    async run(signal) {
      while (!signal.aborted) {
        term = new AbortController();
        try {
          if (mayTell()) await telling.run(AbortSignal.any([signal, term.signal]));
        } catch (error) {
          logger.warn({ err: error }, 'notifications were interrupted and go on where they stopped');
        }
        await pause(retryMs, undefined, { signal }).catch(() => undefined);
      }
    },
  };
}
