import { noReplication, replicationDecider, type ReplicationPolicy, type ReplicationSettings, type ReplicationState } from '#libs/domain';
import { memoryRegion, type MemoryRegion } from '../../test/memory-region.js';
import { driveReplication, type DriverParts } from './driver.js';
import type { News } from './heard-news.js';
import { RegionFailure } from './image-api.js';
import { byDownload } from './replicate-image.js';
import type { Kept } from './remembered.js';
import { command } from './run-execution.js';

const policyId = '00000000-0000-4000-8000-00000000aaaa';
const imageId = '11111111-0000-4000-8000-000000000001';
const start = new Date('2026-01-01T00:00:30Z');
const silence: DriverParts['news'] = { take: () => undefined, placeOf: () => undefined, missed: () => undefined, wake: () => undefined, heard: () => new Promise(() => undefined) };

describe('Who drives policies', () => {
  let one: MemoryRegion;
  let two: MemoryRegion;
  let states: Map<string, ReplicationState>;
  let now: Date;
  let isMine: boolean;
  let stop: AbortController;
  let running: Promise<void>;
  let looks: number;
  let places: Map<string, Kept>;
  beforeEach(() => {
    one = memoryRegion('One', () => [two]);
    two = memoryRegion('Two', () => [one]);
    [states, now, isMine, stop, looks, places] = [new Map(), start, true, new AbortController(), 0, new Map()];
    one.onCall = (call) => { if (call === 'list') looks += 1; };
  });
  const end = async (): Promise<void> => {
    stop.abort(new Error('it is killed'));
    await running;
    stop = new AbortController();
  };
  afterEach(end);

  const execute: DriverParts['desk']['execute'] = ({ envelope }) => {
    const events = replicationDecider.decide(envelope, states.get(envelope.id) ?? noReplication());
    states.set(envelope.id, events.reduce((state, event) => replicationDecider.evolve(state, event, start), states.get(envelope.id) ?? noReplication()));
    return Promise.resolve({ sequence: 1, version: 1, replication: states.get(envelope.id) ?? noReplication() });
  };
  const executions = () => [...states.values()].filter((state) => state.exists && state.kind === 'execution');
  const open = () => [...states].flatMap(([id, state]) => (state.exists && state.kind === 'execution' && ['waiting', 'running', 'paused'].includes(state.status) ? [{ id, execution: state }] : []));

  async function drive(trigger: ReplicationSettings['trigger'], more: Partial<DriverParts> = {}, schedule?: string, carriesDeletions = false): Promise<void> {
    const settings: ReplicationSettings = {
      name: 'p', direction: 'pull', remoteRegion: 'One', filter: { visibilities: [], tags: [], properties: {} }, trigger, ...(schedule === undefined ? {} : { schedule }), concurrency: 1,
      carriesMetadata: true, carriesMembers: false, carriesDeletions, conflictRule: 'source', keepsIds: false,
    };
    if (!states.has(policyId)) await execute(command(policyId, { type: 'CreateReplicationPolicy', settings }));
    const ends = { source: one, target: two };
    running = driveReplication({
      desk: { execute, load: (id) => Promise.resolve(states.get(id) ?? noReplication()) }, mayDrive: () => Promise.resolve(isMine), logger: { info: () => undefined, warn: () => undefined },
      toDrive: () => Promise.resolve({ policies: [{ id: policyId, policy: states.get(policyId) as ReplicationPolicy, openExecutions: open() }] }),
      carriage: () => Promise.resolve({ ends, carryData: byDownload(ends, { source: 'public', target: 'public' }) }),
      news: silence, places: { read: (id) => Promise.resolve(places.get(id)), keep: (id, kept) => Promise.resolve(void places.set(id, kept)) },
      changed: () => new Promise(() => undefined), clock: () => now, pollMs: 20, wholeLookMs: 60_000, ...more,
    }, stop.signal);
  }
  async function eventually(holds: () => boolean): Promise<void> {
    for (const deadline = Date.now() + 90_000; !holds();) {
      if (Date.now() > deadline) throw new Error(`not in time: ${JSON.stringify([...states]).slice(0, 2000)}`);
      await new Promise((resolve) => { setTimeout(resolve, 20); });
    }
  }
  const aWhile = (): Promise<void> => new Promise((resolve) => { setTimeout(resolve, 300); });

  it('begins an execution where the source has something new, and none where it has not', async () => {
    await drive('event');
    await eventually(() => looks === 1);
    await aWhile();
    expect([looks, executions()]).toEqual([1, []]);
    one.add({ id: imageId });
    await eventually(() => executions().some((state) => state.exists && state.kind === 'execution' && state.status === 'succeeded'));
    expect([...two.images.values()]).toMatchObject([{ status: 'active' }]);
    await aWhile();
    expect(executions()).toHaveLength(1);
  });

  it('compares both regions as a whole now and then, also where nothing seems new', async () => {
    await drive('event');
    await eventually(() => looks === 1);
    now = new Date(start.getTime() + 61_000);
    await eventually(() => looks === 2);
  });

  it('looks at the images alone of which something was heard, and brings, changes and deletes their copies', async () => {
    let news: News = { imageIds: [], hasGap: false };
    const heard: DriverParts['news'] = { ...silence, take: () => {
      const taken = news;
      news = { imageIds: [], hasGap: false };
      return taken;
    } };
    await drive('event', { news: heard }, undefined, true);
    await eventually(() => looks === 1);
    one.add({ id: imageId });
    await aWhile();
    expect([looks, two.images.size]).toEqual([1, 0]);
    news = { imageIds: [imageId], hasGap: false };
    await eventually(() => [...two.images.values()].some(({ status }) => status === 'active'));
    one.add({ id: imageId, name: 'changed' });
    now = new Date(start.getTime() + 1000);
    news = { imageIds: [imageId], hasGap: false };
    await eventually(() => [...two.images.values()].some(({ name }) => name === 'changed'));
    expect(looks).toBe(1);
    one.images.delete(imageId);
    now = new Date(start.getTime() + 2000);
    news = { imageIds: [imageId], hasGap: false };
    await eventually(() => two.images.size === 0);
    expect(looks).toBe(1);
  });

  it('looks at everything where something may have been missed', async () => {
    let news: News = { imageIds: [], hasGap: false };
    await drive('event', { news: { ...silence, take: () => news } });
    await eventually(() => looks === 1);
    one.add({ id: imageId });
    news = { imageIds: [], hasGap: true };
    await eventually(() => [...two.images.values()].some(({ status }) => status === 'active'));
    news = { imageIds: [], hasGap: false };
    expect(looks).toBeGreaterThan(1);
  });

  it('goes on where the one before was, and looks at nothing that he has looked at', async () => {
    const heard = { what: 'all of One', sequence: 7 };
    const taken: unknown[] = [];
    const news: DriverParts['news'] = { ...silence, placeOf: () => heard, take: (_, __, kept) => { taken.push(kept); return { imageIds: [], hasGap: false }; } };
    await drive('event', { news });
    await eventually(() => places.get(policyId)?.heard?.sequence === 7);
    expect([looks, taken[0]]).toEqual([1, undefined]);
    await end();
    taken.splice(0);
    await drive('event', { news });
    await eventually(() => taken.length > 3);
    expect([looks, taken[0]]).toEqual([1, heard]);
    await execute(command(policyId, { type: 'ChangeReplicationPolicy', settings: { ...(states.get(policyId) as ReplicationPolicy).settings, concurrency: 2 } }));
    states.set(policyId, { ...states.get(policyId) as ReplicationPolicy, updatedAt: new Date(start.getTime() + 1) });
    await eventually(() => looks === 2);
  });

  it('keeps no place that is ahead of what was put into an execution, and is true of what was left undone, too', async () => {
    const news = (imageIds: string[], sequence: number): DriverParts['news'] => ({ ...silence, placeOf: () => ({ what: 'all of One', sequence }), take: () => ({ imageIds: imageIds.splice(0), hasGap: false }) });
    await drive('event', { news: news([], 1) });
    await eventually(() => places.get(policyId)?.heard?.sequence === 1);
    await end();
    one.add({ id: imageId });
    let refusals = 0;
    const desk: DriverParts['desk'] = { load: (id) => Promise.resolve(states.get(id) ?? noReplication()), execute: (message) => {
      if (message.envelope.command.type !== 'PlanReplication') return execute(message);
      refusals += 1;
      return Promise.reject(new Error('the log cannot be written'));
    } };
    await drive('event', { desk, news: news([imageId], 2) });
    await eventually(() => refusals > 0);
    await end();
    expect(places.get(policyId)?.heard?.sequence).toBe(1);
    two.onCall = (call) => { if (call === 'create') throw new RegionFailure('Two', 413, 'there is no room'); };
    await drive('event', { news: news([imageId], 2) });
    await eventually(() => places.get(policyId)?.heard?.sequence === 2);
    await end();
    expect(executions()).toMatchObject([{ status: 'failed', images: [{ sourceId: imageId, status: 'failed' }] }]);
    two.onCall = () => undefined;
    await drive('event', { news: news([], 2) });
    await aWhile();
    expect(executions()).toHaveLength(1);
    now = new Date(start.getTime() + 61_000);
    await eventually(() => [...two.images.values()].some(({ status }) => status === 'active'));
  });

  it('looks for the rest at once where an execution could not take on all that was found', async () => {
    for (const number of [1, 2, 3]) one.add({ id: `11111111-0000-4000-8000-00000000000${number}` });
    const desk: DriverParts['desk'] = { load: (id) => Promise.resolve(states.get(id) ?? noReplication()), execute: (message) => {
      now = new Date(now.getTime() + 1);
      const { envelope: { id, command: what } } = message;
      return execute(what.type === 'PlanReplication' ? command(id, { ...what, images: what.images.slice(0, 1), isTruncated: what.images.length > 1 }) : message);
    } };
    await drive('event', { desk, news: { ...silence, take: () => ({ imageIds: [], hasGap: false }) } });
    await eventually(() => two.images.size === 3);
  });

  it('does not try again at once what could not be done, and then again', async () => {
    one.add({ id: imageId });
    two.onCall = (call) => { if (call === 'create') throw new RegionFailure('Two', 413, 'there is no room'); };
    await drive('event');
    await eventually(() => executions().some((state) => state.exists && state.kind === 'execution' && state.status === 'failed'));
    await aWhile();
    expect(executions()).toHaveLength(1);
    now = new Date(start.getTime() + 61_000);
    await eventually(() => executions().length === 2);
  });

  it('begins an execution at the moments of a schedule, once each, however many look', async () => {
    one.add({ id: imageId });
    await drive('schedule', {}, '* * * * *');
    await aWhile();
    expect(executions()).toEqual([]);
    now = new Date('2026-01-01T00:01:00Z');
    await eventually(() => executions().length === 1);
    await aWhile();
    expect(executions()).toHaveLength(1);
    now = new Date('2026-01-01T00:03:30Z');
    await eventually(() => executions().length === 2);
  });

  it('takes up what somebody asked for by hand, and drives nothing that is paused or another one drives', async () => {
    one.add({ id: imageId });
    isMine = false;
    await drive('manual');
    await execute(command(imageId, { type: 'StartReplicationExecution', policyId, trigger: 'manual', isDryRun: false }));
    await aWhile();
    expect(two.images.size).toBe(0);
    await execute(command(imageId, { type: 'PauseReplicationExecution' }));
    isMine = true;
    await aWhile();
    expect(two.images.size).toBe(0);
    await execute(command(imageId, { type: 'ResumeReplicationExecution' }));
    await eventually(() => executions().some((state) => state.exists && state.kind === 'execution' && state.status === 'succeeded'));
  });

  it('goes on at once with an execution that has waited for another', async () => {
    let wake = (): void => undefined;
    const heard = (): Promise<void> => new Promise((resolve) => { wake = resolve; });
    for (const id of [imageId, policyId.replace('aaaa', 'bbbb')]) await execute(command(id, { type: 'StartReplicationExecution', policyId, trigger: 'manual', isDryRun: false }));
    await drive('manual', { news: { ...silence, heard, wake: () => { wake(); } }, pollMs: 3_600_000 });
    await eventually(() => executions().length === 2 && executions().every((state) => state.exists && state.kind === 'execution' && state.status === 'succeeded'));
  });

  it('ends an execution, and says why, where the regions have no account', async () => {
    await drive('manual', { carriage: () => Promise.reject(new RegionFailure('One', 0, 'the operator has given no account for it')) });
    await execute(command(imageId, { type: 'StartReplicationExecution', policyId, trigger: 'manual', isDryRun: false }));
    await eventually(() => executions().some((state) => state.exists && state.kind === 'execution' && state.status === 'failed' && state.cause === 'region One cannot be reached: the operator has given no account for it'));
  });

  it('tells by an execution that failed why it cannot look, once, where that lasts', async () => {
    let [isThere, tries] = [false, 0];
    const ends = { source: one, target: two };
    const failed = () => executions().filter((state) => state.exists && state.kind === 'execution' && state.status === 'failed');
    const triedAgain = async (): Promise<void> => {
      const before = tries;
      await eventually(() => tries > before + 1);
    };
    await drive('event', { carriage: () => {
      tries += 1;
      return isThere ? Promise.resolve({ ends, carryData: byDownload(ends, { source: 'public', target: 'public' }) }) : Promise.reject(new RegionFailure('One', 0, 'nobody is there'));
    } });
    await triedAgain();
    expect(executions()).toEqual([]);
    for (const minutes of [1, 2, 3]) {
      now = new Date(start.getTime() + minutes * 61_000);
      await triedAgain();
      expect(executions()).toMatchObject([{ status: 'failed', trigger: 'event', images: [], cause: 'region One cannot be reached: nobody is there' }]);
    }
    isThere = true;
    one.add({ id: imageId });
    await eventually(() => [...two.images.values()].some(({ status }) => status === 'active'));
    isThere = false;
    now = new Date(start.getTime() + 4 * 61_000);
    await triedAgain();
    expect(failed()).toHaveLength(1);
    now = new Date(start.getTime() + 6 * 61_000);
    await eventually(() => failed().length === 2);
  });
});
