import { notificationOutlet, type EventLog } from '#libs/event-log';
import { isTold, notificationSettings } from '#libs/notifications';
import type { ServiceParts } from '#libs/platform';
import type { ReadModel } from '#libs/read-model';
import type { CatalogConfig } from '../config.js';
import { inTerms, type Terms } from '../in-terms.js';
import { tellOfCommits } from './tell-of-commits.js';

export interface NotificationParts extends Pick<ServiceParts<CatalogConfig>, 'config' | 'logger' | 'bus'> {
  readonly log: EventLog;
  readonly readModel: Pick<ReadModel, 'followerPosition' | 'moveFollower' | 'forgetFollower'>;
  /** Whether this process is the one that tells, and the log can be trusted. */
  mayTell(): boolean;
}

const follower = 'notifications';

/** Marks where telling begins before the first command is answered. Switched off, it forgets: what happens meanwhile is told to nobody later. */
export async function openNotifications({ config, logger, bus, log, readModel, mayTell }: NotificationParts): Promise<Terms> {
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
  return inTerms({
    may: mayTell, work: (signal) => telling.run(signal),
    onFailure: (error) => { logger.warn({ err: error }, 'notifications were interrupted and go on where they stopped'); },
  });
}
