import { questionSubject, type ReplicationsAnswer } from '#libs/contracts';
import { followRegion, jetStreamPlaces, tellFollowers } from '#libs/event-log';
import type { ServiceParts } from '#libs/platform';
import type { FederationConfig } from '../config.js';
import { openCarriage } from './carriage.js';
import { readClouds } from './clouds.js';
import { driveReplication } from './driver.js';
import { followersIn } from './followers.js';
import { hearNews } from './heard-news.js';
import type { Kept } from './remembered.js';
import type { ReplicationDesk } from './replication-desk.js';
import { createTurns } from './turns.js';

/** Drives the region's policies, until the service stops. Without accounts nothing is driven but what an operator asks for, which then says what is missing. Gives how images of a policy travel. */
export async function openReplication({ config, bus, logger, shutdown }: ServiceParts<FederationConfig>, desk: ReplicationDesk): Promise<ReturnType<typeof openCarriage>> {
  const clouds = await readClouds(config.replicationClouds);
  const stop = new AbortController();
  const mayDrive = await createTurns(bus);
  const carriage = openCarriage({ region: bus.region, clouds, totalTimeoutMs: config.glanceDownloadTimeout * 1000 });
  const { connection, region } = bus;
  await tellFollowers({
    connection, region, followers: followersIn(config.replicationFollowers, region),
    onRefused: (follower, reason) => logger.warn({ follower, reason }, 'another region may not follow this one'), onFault: (error) => logger.error({ err: error }, 'who follows this region cannot be told'),
  });
  const clock = (): Date => new Date();
  const pollMs = config.replicationPollSeconds * 1000;
  const news = hearNews({
    region, links: config.replicationLinks, logger, clock, forgetAfterMs: Math.max(120_000, 5 * pollMs),
    follow: (options, signal) => followRegion({ connection, region, ...options }, signal),
  });
  const running = driveReplication({
    desk, logger, mayDrive, news, changed: (signal) => desk.changed(signal), clock, pollMs, wholeLookMs: config.replicationWholeLookSeconds * 1000,
    toDrive: () => bus.ask<ReplicationsAnswer>(questionSubject(bus.region, 'replications'), {}),
    places: await jetStreamPlaces<Kept>(connection, { region }), carriage,
  }, stop.signal);
  shutdown.add('replication', async () => {
    stop.abort(new Error('The federation service stops.'));
    await running;
    await news.close();
  });
  return carriage;
}
