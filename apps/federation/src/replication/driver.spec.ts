import { noReplication, replicationDecider, type ReplicationPolicy, type ReplicationSettings, type ReplicationState } from '#libs/domain';
import { memoryRegion, type MemoryRegion } from '../../test/memory-region.js';
import { driveReplication, type DriverParts } from './driver.js';
import type { News } from './heard-news.js';
import { RegionFailure } from './image-api.js';
import { byDownload } from './replicate-image.js';
import { command } from './run-execution.js';

const policyId = '00000000-0000-4000-8000-00000000aaaa';
const imageId = '11111111-0000-4000-8000-000000000001';
const start = new Date('2026-01-01T00:00:30Z');

describe('Who drives policies', () => {
  let one: MemoryRegion;
  let two: MemoryRegion;
  let states: Map<string, ReplicationState>;
  let now: Date;
  let isMine: boolean;
  let stop: AbortController;
  let running: Promise<void>;
  let looks: number;
  beforeEach(() => {
    one = memoryRegion('One', () => [two]);
    two = memoryRegion('Two', () => [one]);
    [states, now, isMine, stop, looks] = [new Map(), start, true, new AbortController(), 0];
    one.onCall = (call) => { if (call === 'list') looks += 1; };
  });
  afterEach(async () => {
    stop.abort(new Error('the test is over'));
    await running;
  });

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
    await execute(command(policyId, { type: 'CreateReplicationPolicy', settings }));
    const ends = { source: one, target: two };
    running = driveReplication({
      desk: { execute, load: (id) => Promise.resolve(states.get(id) ?? noReplication()) }, mayDrive: () => Promise.resolve(isMine), logger: { info: () => undefined, warn: () => undefined },
      toDrive: () => Promise.resolve({ policies: [{ id: policyId, policy: states.get(policyId) as ReplicationPolicy, openExecutions: open() }] }),
      carriage: () => Promise.resolve({ ends, carryData: byDownload(ends, { source: 'public', target: 'public' }) }),
      news: { take: () => undefined, missed: () => undefined, wake: () => undefined, heard: () => new Promise(() => undefined) },
      changed: () => new Promise(() => undefined), clock: () => now, pollMs: 20, wholeLookMs: 60_000, ...more,
    }, stop.signal);
  }
  async function eventually(holds: () => boolean): Promise<void> {
    for (const deadline = Date.now() + 90_000; !holds();) {
      if (Date.now() > deadline) throw new Error(`not in time: ${JSON.stringify([...states])}`);
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
    const heard: DriverParts['news'] = { missed: () => undefined, wake: () => undefined, heard: () => new Promise(() => undefined), take: () => {
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
    await drive('event', { news: { missed: () => undefined, wake: () => undefined, heard: () => new Promise(() => undefined), take: () => news } });
    await eventually(() => looks === 1);
    one.add({ id: imageId });
    news = { imageIds: [], hasGap: true };
    await eventually(() => [...two.images.values()].some(({ status }) => status === 'active'));
    news = { imageIds: [], hasGap: false };
    expect(looks).toBeGreaterThan(1);
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

  it('ends an execution, and says why, where the regions have no account', async () => {
    await drive('manual', { carriage: () => Promise.reject(new RegionFailure('One', 0, 'the operator has given no account for it')) });
    await execute(command(imageId, { type: 'StartReplicationExecution', policyId, trigger: 'manual', isDryRun: false }));
    await eventually(() => executions().some((state) => state.exists && state.kind === 'execution' && state.status === 'failed' && state.cause === 'region One cannot be reached: the operator has given no account for it'));
  });
});
