import { questionSubject, type ReplicationsAnswer } from '#libs/contracts';
import type { ServiceParts } from '#libs/platform';
import type { FederationConfig } from '../config.js';
import { openCarriage } from './carriage.js';
import { readClouds } from './clouds.js';
import { driveReplication } from './driver.js';
import type { ReplicationDesk } from './replication-desk.js';
import { createTurns } from './turns.js';

/** Drives the region's policies, until the service stops. Without accounts nothing is driven but what an operator asks for, which then says what is missing. Gives how images of a policy travel. */
export async function openReplication({ config, bus, logger, shutdown }: ServiceParts<FederationConfig>, desk: ReplicationDesk): Promise<ReturnType<typeof openCarriage>> {
  const clouds = await readClouds(config.replicationClouds);
  const stop = new AbortController();
  const mayDrive = await createTurns(bus);
  const carriage = openCarriage({ region: bus.region, clouds, totalTimeoutMs: config.glanceDownloadTimeout * 1000 });
  const running = driveReplication({
    desk, logger, mayDrive, changed: (signal) => desk.changed(signal), clock: () => new Date(), pollMs: config.replicationPollSeconds * 1000, wholeLookMs: config.replicationWholeLookSeconds * 1000,
    toDrive: () => bus.ask<ReplicationsAnswer>(questionSubject(bus.region, 'replications'), {}),
    carriage,
  }, stop.signal);
  shutdown.add('replication', async () => {
    stop.abort(new Error('The federation service stops.'));
    await running;
  });
  return carriage;
}
