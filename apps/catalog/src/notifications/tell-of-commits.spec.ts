import { randomUUID } from 'node:crypto';
import { imageDecider, type ImageCommand } from '#libs/domain';
import { createExecutor, memoryEventLog, type EventLog, type OutgoingNotification } from '#libs/event-log';
import type { NotificationMessage } from '#libs/notifications';
import type { FollowerPosition } from '#libs/read-model';
import { tellOfCommits, type TellingParts } from './tell-of-commits.js';

const creation: ImageCommand = {
  type: 'CreateImage', visibility: 'private', tags: [], properties: {}, name: 'cirros', owner: 'p', isProtected: false, isHidden: false, containerFormat: null, diskFormat: null, minDisk: 0, minRam: 0,
};

/** A log, its executor, and telling that may be ended and begun again; `failsAt` are publications that fail. */
function aRegion({ disabled = [] as string[], failsAt = [] as number[] } = {}) {
  const log: EventLog = memoryEventLog();
  const executor = createExecutor({ log, region: 'RegionOne', service: 'catalog', decider: imageDecider({ properties: -1, tags: -1, members: -1 }), clock: () => new Date() });
  const published: OutgoingNotification[] = [];
  let publications = 0;
  let position: FollowerPosition | undefined;
  const parts: TellingParts = {
    log, region: 'RegionOne', settings: { drivers: ['messaging'], topics: ['notifications'], disabled, publisherId: 'image.localhost' },
    outlet: {
      publish: async (notifications) => {
        publications += 1;
        published.push(...notifications);
        await Promise.resolve();
        if (failsAt.includes(publications)) throw new Error('nobody knows whether they were kept');
      },
    },
    position: () => Promise.resolve(position), moveTo: (to) => { position = to; return Promise.resolve(); },
    write: () => undefined, onUnreadable: (_, error) => { throw error; },
  };
  const send = (imageId: string, command: ImageCommand) =>
    executor.execute({ envelope: { imageId, command }, context: { commandId: randomUUID(), requestId: 'req', actor: { userId: 'u', authMethod: 'password' } } });
  return { parts, send, published, events: () => published.map(({ body }) => (body as NotificationMessage).event_type) };
}

/** Tells until so many notifications are out, or it fails. */
async function tell(parts: TellingParts, published: readonly unknown[], count: number): Promise<void> {
  const stop = new AbortController();
  const running = tellOfCommits(parts).run(stop.signal).finally(() => { stop.abort(); });
  while (published.length < count && !stop.signal.aborted) await new Promise((resolve) => { setTimeout(resolve, 5); });
  stop.abort();
  await running;
}

describe('Telling of commits', () => {
  it('tells of what comes after it has begun, and nothing of what was before', async () => {
    const { parts, send, published, events } = aRegion();
    const imageId = randomUUID();
    await send(imageId, creation);
    await tellOfCommits(parts).begin();
    await send(imageId, { type: 'AddImageTag', tag: 'a' });
    await tell(parts, published, 1);
    expect(events()).toEqual(['image.update']);
    expect(published[0]).toMatchObject({ subject: 'notification.RegionOne.notifications.info', body: { payload: { name: 'cirros', tags: ['a'] } } });
  });

  it('goes on where it stopped, knowing what it has not seen itself', async () => {
    const { parts, send, published, events } = aRegion();
    await tellOfCommits(parts).begin();
    const imageId = randomUUID();
    await send(imageId, creation);
    await tell(parts, published, 1);
    await send(imageId, { type: 'AddImageTag', tag: 'b' });
    await send(imageId, { type: 'DeleteImage' });
    await tell(parts, published, 3);
    expect(events()).toEqual(['image.create', 'image.update', 'image.delete']);
    expect(published[2]).toMatchObject({ body: { payload: { name: 'cirros', tags: ['b'], deleted: true } } });
  });

  it('tells again, under the same ids, what may not have been kept', async () => {
    const { parts, send, published, events } = aRegion({ failsAt: [1] });
    await tellOfCommits(parts).begin();
    await send(randomUUID(), creation);
    await expect(tell(parts, published, 2)).rejects.toThrow('nobody knows');
    await tell(parts, published, 2);
    expect(events()).toEqual(['image.create', 'image.create']);
    expect(published[0]?.messageId).toBe(published[1]?.messageId);
  });

  it('leaves out what the operator does not want', async () => {
    const { parts, send, published, events } = aRegion({ disabled: ['image.create'] });
    await tellOfCommits(parts).begin();
    const imageId = randomUUID();
    await send(imageId, creation);
    await send(imageId, { type: 'DeleteImage' });
    await tell(parts, published, 1);
    expect(events()).toEqual(['image.delete']);
  });
});
