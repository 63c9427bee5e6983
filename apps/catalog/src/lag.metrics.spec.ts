import { randomUUID } from 'node:crypto';
import { imageDecider, type ImageCommand } from '#libs/domain';
import { createExecutor, memoryEventLog } from '#libs/event-log';
import { lags, type LagParts } from './lag.metrics.js';

const creation: ImageCommand = {
  type: 'CreateImage', visibility: 'private', tags: [], properties: {}, name: 'cirros', owner: 'p', isProtected: false, isHidden: false, containerFormat: null, diskFormat: null, minDisk: 0, minRam: 0,
};
const second = (seconds: number): Date => new Date(Date.UTC(2026, 0, 1) + seconds * 1000);

/** A log with a commit at each of these seconds, looked at at second 100. */
async function lagsOf(seconds: readonly number[], { projected, followers = {}, oldest }: { projected: number; followers?: Record<string, { sequence: number; logCreatedAt?: string }>; oldest?: Date }) {
  const log = memoryEventLog();
  let now = 0;
  const executor = createExecutor({ log, region: 'RegionOne', service: 'catalog', decider: imageDecider({ properties: -1, tags: -1, members: -1 }), clock: () => second(now) });
  for (now of seconds) {
    await executor.execute({ envelope: { imageId: randomUUID(), command: creation }, context: { commandId: randomUUID(), requestId: 'req', actor: { userId: 'u', authMethod: 'password' } } });
  }
  const { createdAt } = await log.extent();
  const readModel: LagParts['readModel'] = {
    position: () => Promise.resolve({ sequence: projected, logCreatedAt: createdAt }),
    followerPositions: () => Promise.resolve(new Map(Object.entries(followers).map(([name, { sequence, logCreatedAt = createdAt }]) => [name, { sequence, logCreatedAt }]))),
    importsUnderWay: () => Promise.resolve({ byStatus: { pending: 1, processing: 2 }, ...(oldest ? { oldestSince: oldest } : {}) }),
  };
  return lags({ log, readModel, clock: () => second(100) });
}

describe('How far what follows the log is behind it', () => {
  it('is nothing where everything was seen', async () => {
    expect(await lagsOf([10, 20], { projected: 2, followers: { notifications: { sequence: 2 } } })).toMatchObject({
      log_last_sequence: 2, projection_lag_commits: 0, projection_lag_seconds: 0, follower_lag_commits: { notifications: 0 }, follower_lag_seconds: { notifications: 0 },
    });
  });

  it('is counted in commits, and in seconds since the first of those that were not seen', async () => {
    expect(await lagsOf([10, 20, 30], { projected: 1, followers: { notifications: { sequence: 0 } } })).toMatchObject({
      projection_lag_commits: 2, projection_lag_seconds: 80, follower_lag_commits: { notifications: 3 }, follower_lag_seconds: { notifications: 90 },
    });
  });

  it('is not told of who followed another log', async () => {
    expect(await lagsOf([10], { projected: 1, followers: { gone: { sequence: 0, logCreatedAt: 'before' } } })).toMatchObject({ follower_lag_commits: {}, follower_lag_seconds: {} });
  });

  it('says how old the oldest import under way is, 0 where there is none', async () => {
    expect(await lagsOf([], { projected: 0, oldest: second(40) })).toMatchObject({ imports_under_way: { pending: 1, processing: 2 }, import_oldest_seconds: 60 });
    expect(await lagsOf([], { projected: 0 })).toMatchObject({ import_oldest_seconds: 0 });
  });
});
