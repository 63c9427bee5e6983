import { lineageOf, lineageProperties, noReplication, replicationDecider, type ReplicationExecution, type ReplicationSettings, type ReplicationState } from '#libs/domain';
import { memoryRegion, type MemoryRegion } from '../../test/memory-region.js';
import { byDownload } from './replicate-image.js';
import { command, runExecution } from './run-execution.js';

const policyId = '00000000-0000-4000-8000-00000000aaaa';
const settings: ReplicationSettings = {
  name: 'all', direction: 'pull', remoteRegion: 'One', filter: { visibilities: [], tags: [], properties: {} }, trigger: 'manual', concurrency: 2,
  carriesMetadata: true, carriesMembers: false, carriesDeletions: true, conflictRule: 'source', keepsIds: false,
};
const id = (number: number): string => `11111111-0000-4000-8000-${String(number).padStart(12, '0')}`;

describe('An execution between two regions', () => {
  let one: MemoryRegion;
  let two: MemoryRegion;
  let states: Map<string, ReplicationState>;
  let runs: number;
  beforeEach(() => {
    one = memoryRegion('One', () => [two]);
    two = memoryRegion('Two', () => [one]);
    states = new Map();
    runs = 0;
  });

  const execute = ({ envelope }: ReturnType<typeof command>) => {
    const events = replicationDecider.decide(envelope, states.get(envelope.id) ?? noReplication());
    states.set(envelope.id, events.reduce((state, event) => replicationDecider.evolve(state, event, new Date(0)), states.get(envelope.id) ?? noReplication()));
    return Promise.resolve({ sequence: 1, version: 1, replication: states.get(envelope.id) ?? noReplication() });
  };
  const desk = { execute, load: (of: string) => Promise.resolve(states.get(of) ?? noReplication()) };

  async function begin(changed: Partial<ReplicationSettings> = {}, isDryRun = false): Promise<{ executionId: string; wanted: ReplicationSettings }> {
    const [executionId, wanted] = [id(90_000 + (runs += 1)), { ...settings, ...changed }];
    if (!states.has(policyId)) await execute(command(policyId, { type: 'CreateReplicationPolicy', settings: wanted }));
    await execute(command(executionId, { type: 'StartReplicationExecution', policyId, trigger: 'manual', isDryRun }));
    return { executionId, wanted };
  }
  async function goOn(executionId: string, wanted: ReplicationSettings, signal = new AbortController().signal): Promise<ReplicationExecution> {
    const ends = { source: one, target: two };
    const state = await runExecution(executionId, { desk, policyId, settings: wanted, ends, carryData: byDownload(ends, { source: 'public', target: 'public' }), signal });
    if (!state.exists || state.kind !== 'execution') throw new Error('there is no execution');
    return state;
  }
  async function run(changed: Partial<ReplicationSettings> = {}, isDryRun = false): Promise<ReplicationExecution> {
    const { executionId, wanted } = await begin(changed, isDryRun);
    return goOn(executionId, wanted);
  }
  const copies = () => [...two.images.values()].filter((image) => lineageOf(image.properties));
  const outcomes = ({ images }: ReplicationExecution) => images.map(({ action, status }) => `${action} ${status}`);

  it('brings what is not there with its lineage, and then finds nothing more to do', async () => {
    one.add({ id: id(1), name: 'ubuntu', tags: ['x'], properties: { os_type: 'linux', os_glance_failed_import: '' } });
    expect(await run()).toMatchObject({ status: 'succeeded', images: [{ sourceId: id(1), status: 'done', sentBytes: one.images.get(id(1))?.sizeBytes }] });
    expect(copies()).toMatchObject([{ name: 'ubuntu', tags: ['x'], status: 'active', owner: 'red', hash: one.images.get(id(1))?.hash }]);
    expect(copies()[0]?.properties).toEqual({
      os_type: 'linux', heliograph_origin_region: 'One', heliograph_origin_id: id(1), heliograph_origin_version: one.images.get(id(1))?.updatedAt, heliograph_origin_hash: one.images.get(id(1))?.hash,
    });
    expect((await run()).images).toEqual([]);
  });

  it('does nothing in a dry run but say what it would do', async () => {
    one.add({ id: id(1) });
    expect(await run({}, true)).toMatchObject({ status: 'succeeded', images: [{ action: 'copy', status: 'pending' }] });
    expect(copies()).toEqual([]);
  });

  it('carries changes, the end of them too, and closes what was closed', async () => {
    one.add({ id: id(1), properties: { gone: 'soon', os_type: 'linux' } });
    await run();
    await one.change(id(1), [{ op: 'replace', path: '/name', value: 'new' }, { op: 'remove', path: '/gone' }, { op: 'add', path: '/added', value: 'x' }]);
    await one.act(id(1), 'deactivate');
    expect(outcomes(await run())).toEqual(['update done']);
    expect(copies()).toMatchObject([{ name: 'new', status: 'deactivated', properties: { os_type: 'linux', added: 'x' } }]);
    expect(copies()[0]?.properties).not.toHaveProperty('gone');
    await one.act(id(1), 'reactivate');
    await run();
    expect(copies()).toMatchObject([{ status: 'active' }]);
    expect((await run()).images).toEqual([]);
  });

  it('carries who an image is shared with', async () => {
    one.add({ id: id(1), visibility: 'shared' });
    one.membersOf.set(id(1), ['blue', 'green']);
    await run({ carriesMembers: true });
    one.membersOf.set(id(1), ['green', 'white']);
    expect(outcomes(await run({ carriesMembers: true }))).toEqual(['update done']);
    expect(two.membersOf.get(copies()[0]?.id ?? '')?.toSorted()).toEqual(['green', 'white']);
  });

  it('deletes the copies of what is gone, and of nothing that is there', async () => {
    one.add({ id: id(1) });
    one.add({ id: id(2) });
    await run();
    await one.remove(id(1));
    expect(outcomes(await run())).toEqual(['delete done']);
    expect(copies().map((copy) => lineageOf(copy.properties)?.originId)).toEqual([id(2)]);
  });

  it('fails as a whole where a region cannot be listed to its end, and deletes nothing', async () => {
    one.add({ id: id(1) });
    await run();
    one.images.clear();
    one.failures = 1;
    expect(await run()).toMatchObject({ status: 'failed', images: [], cause: 'region One cannot be reached: the connection failed' });
    expect(copies()).toHaveLength(1);
  });

  it('brings again what was deleted at the target, under another id', async () => {
    one.add({ id: id(1) });
    await run();
    const [first] = copies();
    await two.remove(first?.id ?? '');
    expect(outcomes(await run())).toEqual(['copy done']);
    expect(copies()).toHaveLength(1);
    expect(copies()[0]?.id).not.toBe(first?.id);
  });

  it('keeps ids where the policy says so and they are free', async () => {
    one.add({ id: id(1) });
    one.add({ id: id(2) });
    two.add({ id: id(2), name: 'theirs' });
    await run({ keepsIds: true });
    expect(copies().filter((copy) => copy.id === id(1))).toHaveLength(1);
    expect(copies()).toHaveLength(2);
    expect(two.images.get(id(2))?.name).toBe('theirs');
  });

  it('gives no data to who made an image of the id that is kept, and says that it is the copy', async () => {
    const { hash } = one.add({ id: id(1), visibility: 'private' });
    const properties = lineageProperties({ originRegion: 'One', originId: id(1), originVersion: '', originHash: hash });
    await two.create({ id: id(1), owner: 'mallory', visibility: 'private', ...properties });
    await run({ keepsIds: true });
    expect(two.images.get(id(1))).toMatchObject({ owner: 'mallory', status: 'queued', hash: '' });
    expect(copies().filter(({ owner }) => owner === 'red')).toMatchObject([{ status: 'active', hash }]);
    await one.remove(id(1));
    await run({ keepsIds: true });
    expect(copies().map(({ owner }) => owner)).toEqual(['mallory']);
  });

  it('copies inside of the region the bytes that it has already', async () => {
    one.add({ id: id(1) }, 'the same bytes');
    two.add({ id: id(7) }, 'the same bytes');
    expect((await run()).images).toMatchObject([{ status: 'done', sentBytes: 0 }]);
    expect(two.broughtBytes).toBe(0);
  });

  it('says of each image why it failed, and takes up those alone again', async () => {
    one.add({ id: id(1) });
    one.add({ id: id(2) });
    two.onCall = (call) => { if (call === 'create') two.failures = two.images.size === 0 ? 1 : 0; };
    const { executionId, wanted } = await begin({ concurrency: 1 });
    const failed = await goOn(executionId, wanted);
    expect(failed).toMatchObject({ status: 'failed', cause: expect.stringContaining('images failed') as string });
    two.onCall = () => undefined;
    two.failures = 0;
    await execute(command(executionId, { type: 'RetryReplicationExecution' }));
    expect(await goOn(executionId, wanted)).toMatchObject({ status: 'succeeded', cause: null });
    expect(copies()).toHaveLength(2);
  });

  it('is gone on with by the next one, wherever the first was killed, and brings no image twice', async () => {
    for (let number = 1; number <= 4; number += 1) one.add({ id: id(number) });
    for (let killedAt = 1; killedAt <= 24; killedAt += 1) {
      two.images.clear();
      states.clear();
      const { executionId, wanted } = await begin();
      const killer = new AbortController();
      let calls = 0;
      two.onCall = () => {
        calls += 1;
        if (calls < killedAt) return;
        killer.abort(new Error('killed'));
        throw killer.signal.reason as Error;
      };
      await goOn(executionId, wanted, killer.signal).catch(() => undefined);
      two.onCall = () => undefined;
      expect(await goOn(executionId, wanted)).toMatchObject({ status: 'succeeded' });
      expect(copies().map((copy) => [lineageOf(copy.properties)?.originId, copy.status]).toSorted()).toEqual([1, 2, 3, 4].map((number) => [id(number), 'active']));
    }
  });

  it('stops where it is cancelled, and leaves the rest', async () => {
    for (let number = 1; number <= 3; number += 1) one.add({ id: id(number) });
    const { executionId, wanted } = await begin({ concurrency: 1 });
    two.onCall = (call) => { if (call === 'create' && two.images.size === 1) void execute(command(executionId, { type: 'CancelReplicationExecution' })); };
    const state = await goOn(executionId, wanted);
    expect(state.status).toBe('cancelled');
  });
});
