import { randomUUID } from 'node:crypto';
import { imageDecider, type ImageCommand } from '#libs/domain';
import { createExecutor, memoryEventLog, type EventLog, type OutgoingAudit } from '#libs/event-log';
import { PositionMoved, type FeedPosition, type FeedRow, type FollowerPosition } from '#libs/read-model';
import { fillFeed, type FeedParts } from './fill-feed.js';
import { lazyOutlet } from './open-feeds.js';

const creation = (owner: string): ImageCommand => ({
  type: 'CreateImage', visibility: 'private', tags: [], properties: { color: 'red' }, name: 'cirros', owner, isProtected: false, isHidden: false, containerFormat: null, diskFormat: null, minDisk: 0, minRam: 0,
});
const owned = (owner: string): ImageCommand => ({ type: 'ChangeImageProperties', changes: [{ of: 'attribute', name: 'owner', value: owner }] });

/** A log, its executor, and a feed that may be left and taken up again; `failsAt` are publications that fail after they were kept. */
function aRegion({ showsProperties = true, failsAt = [] as number[], clock = () => new Date() } = {}) {
  const log: EventLog = memoryEventLog();
  const executor = createExecutor({ log, region: 'RegionOne', service: 'catalog', decider: imageDecider({ properties: -1, tags: -1, members: -1 }), clock });
  const published: OutgoingAudit[] = [];
  const rows: FeedRow[] = [];
  const nothing: FeedPosition = { sequence: 0, logCreatedAt: '', moment: '1970-01-01T00:00:00.000Z' };
  let [position, audited, publications] = [nothing, undefined as FollowerPosition | undefined, 0];
  const parts: FeedParts = {
    log, region: 'RegionOne', announce: () => undefined, onUnreadable: (_, error) => { throw error; },
    feed: {
      feedPosition: () => Promise.resolve(position),
      restartFeed: (logCreatedAt) => { position = { ...nothing, logCreatedAt }; rows.length = 0; return Promise.resolve(position); },
      writeFeed: ({ after, to, rows: more, owners }) => {
        if (after.sequence !== position.sequence) return Promise.reject(new PositionMoved(after.sequence));
        rows.push(...more);
        for (const row of rows) if (row.audience === 'owner') row.receiver = owners.get(row.image_id) ?? row.receiver;
        position = to;
        return Promise.resolve();
      },
    },
    audit: {
      showsProperties, position: () => Promise.resolve(audited), moveTo: (to) => { audited = to; return Promise.resolve(); },
      outlet: {
        publish: (events) => {
          publications += 1;
          published.push(...events);
          return failsAt.includes(publications) ? Promise.reject(new Error('nobody knows whether they were kept')) : Promise.resolve();
        },
      },
    },
  };
  const send = (imageId: string, command: ImageCommand) =>
    executor.execute({ envelope: { imageId, command }, context: { commandId: randomUUID(), requestId: 'req', actor: { userId: 'u', authMethod: 'password' } } });
  /** Fills until everything that is in the log is in the feed, or it fails. */
  async function fill(): Promise<void> {
    const stop = new AbortController();
    const { lastSequence } = await log.extent();
    const running = fillFeed(parts).run(stop.signal).finally(() => { stop.abort(); });
    while (position.sequence < lastSequence && !stop.signal.aborted) await new Promise((resolve) => { setTimeout(resolve, 5); });
    stop.abort();
    await running;
  }
  return { parts, send, fill, published, rows, forget: () => { position = nothing; rows.length = 0; } };
}

describe('Filling the feed', () => {
  it('has every event once, from the first commit on, and the stream those that came after it was begun', async () => {
    const { parts, send, fill, published, rows } = aRegion();
    const imageId = randomUUID();
    await send(imageId, creation('alpha'));
    await fillFeed(parts).begin();
    await send(imageId, { type: 'AddImageTag', tag: 'a' });
    await fill();
    await fill();
    expect(rows.map(({ sequence, ordinal, type, receiver }) => [sequence, ordinal, type, receiver])).toEqual([[1, 0, 'ImageCreated', 'alpha'], [2, 0, 'ImageTagAdded', 'alpha']]);
    expect(published.map(({ subject }) => subject)).toEqual([`audit.RegionOne.project.${Buffer.from('alpha').toString('base64url')}.image.ImageTagAdded`]);
  });

  it('goes on where it stopped, knowing what it has not seen itself', async () => {
    const { parts, send, fill, published } = aRegion();
    await fillFeed(parts).begin();
    const imageId = randomUUID();
    await send(imageId, creation('alpha'));
    await fill();
    await send(imageId, { type: 'AddImageTag', tag: 'b' });
    await fill();
    expect(published.at(-1)?.body).toMatchObject({ id: '2-0', data: { name: 'cirros', changes: [{ name: 'tags', from: [], to: ['b'] }] } });
  });

  it('sends again, under the same ids, what may not have been kept, and writes no row before', async () => {
    const { parts, send, fill, published, rows } = aRegion({ failsAt: [1] });
    await fillFeed(parts).begin();
    await send(randomUUID(), creation('alpha'));
    await expect(fill()).rejects.toThrow('nobody knows');
    expect(rows).toEqual([]);
    await fill();
    expect(published).toHaveLength(2);
    expect(published[0]?.messageId).toBe(published[1]?.messageId);
    expect(rows).toHaveLength(1);
  });

  it('fills the feed of a rebuilt catalogue again, and sends nothing twice for it', async () => {
    const { parts, send, fill, published, rows, forget } = aRegion();
    await fillFeed(parts).begin();
    const imageId = randomUUID();
    await send(imageId, creation('alpha'));
    await fill();
    forget();
    await send(imageId, { type: 'AddImageTag', tag: 'c' });
    await fill();
    expect(rows.map(({ type }) => type)).toEqual(['ImageCreated', 'ImageTagAdded']);
    expect(published.map(({ messageId }) => messageId)).toEqual(['1-0:owner', '2-0:owner']);
  });

  it('gives the whole past of an image to who owns it now', async () => {
    const { send, fill, rows } = aRegion();
    const imageId = randomUUID();
    await send(imageId, creation('alpha'));
    await send(imageId, owned('beta'));
    await fill();
    expect(rows.map(({ receiver, audience }) => [receiver, audience])).toEqual([['beta', 'owner'], ['beta', 'owner'], ['alpha', 'former']]);
  });

  it('leaves additional properties out of the stream where they are protected', async () => {
    const { parts, send, fill, published, rows } = aRegion({ showsProperties: false });
    await fillFeed(parts).begin();
    await send(randomUUID(), creation('alpha'));
    await fill();
    expect(JSON.stringify(published)).not.toMatch(/color|red/);
    expect(JSON.stringify(published)).toContain('cirros');
    expect(JSON.stringify(rows)).toContain('red');
  });

  it('never goes back in time, whatever the clocks of the catalogs say', async () => {
    const times = ['2026-01-01T00:00:05.000Z', '2026-01-01T00:00:02.000Z', '2026-01-01T00:00:07.000Z'];
    const { send, fill, rows } = aRegion({ clock: () => new Date(times.shift() ?? 0) });
    for (let count = 0; count < 3; count += 1) await send(randomUUID(), creation('alpha'));
    await fill();
    expect(rows.map(({ moment }) => moment)).toEqual(['2026-01-01T00:00:05.000Z', '2026-01-01T00:00:05.000Z', '2026-01-01T00:00:07.000Z']);
  });
});

describe('The outlet of the audit stream', () => {
  it('is made when it is first needed, and again after it failed: the stream may have to be made again', async () => {
    let [made, isBroken] = [0, false];
    const outlet = lazyOutlet(() => {
      made += 1;
      return Promise.resolve({ publish: () => (isBroken ? Promise.reject(new Error('no stream')) : Promise.resolve()) });
    });
    await outlet.publish([]);
    await outlet.publish([]);
    isBroken = true;
    await expect(outlet.publish([])).rejects.toThrow('no stream');
    isBroken = false;
    await outlet.publish([]);
    expect(made).toBe(2);
  });
});
