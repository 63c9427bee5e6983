import { setTimeout as pause } from 'node:timers/promises';
import { fedSubject } from '#libs/contracts';
import { auditOutlet, type AuditOutlet, type EventLog } from '#libs/event-log';
import type { ServiceParts } from '#libs/platform';
import { PositionMoved, type ReadModel } from '#libs/read-model';
import type { CatalogConfig } from '../config.js';
import { inTerms, type Terms } from '../in-terms.js';
import { fillFeed } from './fill-feed.js';

export interface FeedsParts extends Pick<ServiceParts<CatalogConfig>, 'config' | 'logger' | 'bus'> {
  readonly log: EventLog;
  readonly readModel: Pick<ReadModel, 'followerPosition' | 'moveFollower' | 'forgetFollower' | 'feedPosition' | 'restartFeed' | 'writeFeed'>;
  mayTell(): boolean;
}

const follower = 'audit';
const restMs = 50;

/** Marks where the audit stream begins before the first command is answered. Switched off, it forgets: what happens meanwhile is not in the stream later. */
export async function openFeeds({ config, logger, bus, log, readModel, mayTell }: FeedsParts): Promise<Terms> {
  const isAudited = config.auditDays > 0;
  if (!isAudited) await readModel.forgetFollower(follower);
  const outlet = lazyOutlet(() => auditOutlet(bus.connection, { region: bus.region, retention: { days: config.auditDays, maxBytes: config.auditMaxBytes } }));
  const filling = fillFeed({
    log, region: bus.region, feed: readModel,
    ...(isAudited ? {
      audit: {
        outlet, showsProperties: config.propertyProtectionFile === '',
        position: () => readModel.followerPosition(follower), moveTo: (position) => readModel.moveFollower(follower, position),
      },
    } : {}),
    rest: () => pause(restMs),
    announce: (fed) => { bus.tell(fedSubject(bus.region), fed); },
    onUnreadable: (sequence, error) => logger.error({ err: error, sequence }, 'a commit cannot be read, and no feed has it'),
  });
  await filling.begin();
  return inTerms({
    may: mayTell,
    async work(signal) {
      if (isAudited) await outlet.publish([]);
      if (mayTell()) await filling.run(signal);
    },
    onFailure(error) {
      if (!(error instanceof PositionMoved)) logger.warn({ err: error }, 'the feeds were interrupted and go on where they stopped');
    },
  });
}

/** Made when it is first needed, and again after a failure: a server that does not let us yet, or has lost the stream, keeps the feeds waiting, and nothing else. */
export function lazyOutlet(open: () => Promise<AuditOutlet>): AuditOutlet {
  let opened: Promise<AuditOutlet> | undefined;
  return {
    async publish(events) {
      opened ??= open();
      try {
        await (await opened).publish(events);
      } catch (error) {
        opened = undefined;
        throw error;
      }
    },
  };
}
