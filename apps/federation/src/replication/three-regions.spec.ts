import { lineageOf, noReplication, planReplication, replicationDecider, type ReplicationSettings, type ReplicationState } from '#libs/domain';
import { memoryRegion, type MemoryRegion } from '../../test/memory-region.js';
import { byDownload } from './replicate-image.js';
import { command, runExecution } from './run-execution.js';
import { seeRegions } from './see-regions.js';

const id = (number: number): string => `11111111-0000-4000-8000-${String(number).padStart(12, '0')}`;
interface Policy { readonly id: string; readonly source: MemoryRegion; readonly target: MemoryRegion; readonly settings: ReplicationSettings }

describe('Policies between three regions, from the first to the second, from there to the third, and from the first to the third', () => {
  let one: MemoryRegion;
  let two: MemoryRegion;
  let three: MemoryRegion;
  let policies: Policy[];
  let states: Map<string, ReplicationState>;
  let runs: number;
  beforeEach(() => {
    [one, two, three] = ['One', 'Two', 'Three'].map((name) => memoryRegion(name, () => [one, two, three])) as [MemoryRegion, MemoryRegion, MemoryRegion];
    [states, runs] = [new Map(), 0];
    const policy = (number: number, source: MemoryRegion, target: MemoryRegion, changed: Partial<ReplicationSettings> = {}): Policy => ({ id: id(80_000 + number), source, target, settings: {
      name: `${source.region} to ${target.region}`, direction: 'pull', remoteRegion: source.region, filter: { visibilities: [], tags: [], properties: {} }, trigger: 'manual', concurrency: 2,
      carriesMetadata: true, carriesMembers: false, carriesDeletions: true, conflictRule: 'source', keepsIds: false, ...changed,
    } });
    policies = [policy(1, one, two), policy(2, two, three), policy(3, one, three)];
  });

  const execute = ({ envelope }: ReturnType<typeof command>) => {
    const events = replicationDecider.decide(envelope, states.get(envelope.id) ?? noReplication());
    states.set(envelope.id, events.reduce((state, event) => replicationDecider.evolve(state, event, new Date(0)), states.get(envelope.id) ?? noReplication()));
    return Promise.resolve({ sequence: 1, version: 1, replication: states.get(envelope.id) ?? noReplication() });
  };
  /** What an execution of the policy did. */
  async function run({ id: policyId, source, target, settings }: Policy): Promise<string[]> {
    const [executionId, ends] = [id(90_000 + (runs += 1)), { source, target }];
    await execute(command(executionId, { type: 'StartReplicationExecution', policyId, trigger: 'manual', isDryRun: false }));
    const state = await runExecution(executionId, {
      desk: { execute, load: (of) => Promise.resolve(states.get(of) ?? noReplication()) }, policyId, settings, ends, carryData: byDownload(ends, { source: 'public', target: 'public' }), signal: new AbortController().signal,
    });
    return state.exists && state.kind === 'execution' ? state.images.map(({ action, status }) => `${settings.name}: ${action} ${status}`) : [];
  }
  const all = (): Promise<string[]> => Promise.all(policies.map(run)).then((done) => done.flat());
  const oneByOne = async (order: readonly Policy[]): Promise<string[]> => {
    const done: string[] = [];
    for (const policy of order) done.push(...await run(policy));
    return done;
  };
  const origins = ({ images }: MemoryRegion): string[] => [...images.values()].map(({ name, properties }) => {
    const { originRegion, originId } = lineageOf(properties) ?? { originRegion: '', originId: '' };
    return `${name ?? ''} ${originRegion}${originId && ` ${originId}`}`;
  }).toSorted();
  /** Rounds until nobody finds anything more to do. */
  async function settle(round: () => Promise<string[]>): Promise<number> {
    for (let rounds = 0; rounds < 10; rounds += 1) if ((await round()).length === 0) return rounds;
    const left = await Promise.all(policies.map(async ({ id: policyId, source, target, settings }) => planReplication({ ...await seeRegions(policyId, settings, { source, target }), settings })));
    throw new Error(`it goes round and round: ${JSON.stringify(left)}`);
  }

  it.each([['in this order', [0, 1, 2]], ['in the opposite order', [2, 1, 0]], ['the last first', [2, 0, 1]]] as const)('bring each image once, with the first as its origin, and come to rest, %s', async (_, order) => {
    for (const number of [1, 2, 3]) one.add({ id: id(number), name: `image ${number}` });
    await settle(() => oneByOne(order.map((each) => policies[each] as Policy)));
    const expected = [1, 2, 3].map((number) => `image ${number} One ${id(number)}`);
    expect([origins(two), origins(three)]).toEqual([expected, expected]);
    await one.change(id(1), [{ op: 'replace', path: '/name', value: 'changed' }]);
    await settle(() => oneByOne(order.map((each) => policies[each] as Policy)));
    const later = [`changed One ${id(1)}`, ...expected.slice(1)];
    expect([origins(two), origins(three)]).toEqual([later, later]);
  });

  it('delete the copies that they made of what is gone at the first; what came through the second stays in the third', async () => {
    const [toTwo, fromTwo, toThree] = policies as [Policy, Policy, Policy];
    for (const number of [1, 2]) one.add({ id: id(number), name: `image ${number}` });
    await settle(() => oneByOne([toThree, toTwo, fromTwo]));
    one.add({ id: id(3), name: 'image 3' });
    await settle(() => oneByOne([toTwo, fromTwo, toThree]));
    for (const number of [1, 3]) await one.remove(id(number));
    await settle(() => oneByOne([toThree, toTwo, fromTwo]));
    expect([origins(two), origins(three)]).toEqual([[`image 2 One ${id(2)}`], [`image 2 One ${id(2)}`, `image 3 One ${id(3)}`]]);
  });

  it('do so, too, where all look and work at the same time', async () => {
    for (const number of [1, 2, 3]) one.add({ id: id(number), name: `image ${number}` });
    await run(policies[0] as Policy);
    await settle(all);
    const expected = [1, 2, 3].map((number) => `image ${number} One ${id(number)}`);
    expect([origins(two), origins(three)]).toEqual([expected, expected]);
  });

  it('leave the newer state where the older comes later, and rest where a copy on the way was changed by hand', async () => {
    one.add({ id: id(1), name: 'image 1' });
    await settle(() => oneByOne(policies));
    const [middle] = [...two.images.values()];
    await two.change(middle?.id ?? '', [{ op: 'replace', path: '/name', value: 'changed by hand' }]);
    policies = policies.map((policy) => (policy.target === two ? { ...policy, settings: { ...policy.settings, conflictRule: 'copy' } } : policy));
    await settle(all);
    await one.change(id(1), [{ op: 'replace', path: '/name', value: 'newer' }]);
    await settle(() => oneByOne([...policies].reverse()));
    expect(origins(three)).toEqual([`newer One ${id(1)}`]);
  });

  it('bring nothing back where the third sends to the first, too', async () => {
    const back: Policy = { id: id(80_009), source: three, target: one, settings: { ...(policies[0] as Policy).settings, name: 'Three to One' } };
    policies.push(back);
    one.add({ id: id(1), name: 'image 1' });
    two.add({ id: id(2), name: 'of two' });
    await settle(() => oneByOne(policies));
    expect([origins(one), origins(two), origins(three)]).toEqual([['image 1 ', `of two Two ${id(2)}`], [`image 1 One ${id(1)}`, 'of two '], [`image 1 One ${id(1)}`, `of two Two ${id(2)}`]]);
  });
});
