import { lineageOf, lineageProperties, noReplication, planReplication, replicationDecider, viaNames, type PlannedImage, type ReplicationSettings, type ReplicationState, type ShownImage } from '#libs/domain';
import { memoryRegion, type MemoryRegion } from '../../test/memory-region.js';
import { byDownload } from './replicate-image.js';
import { command, runExecution } from './run-execution.js';
import { seeImages, seeRegions } from './see-regions.js';

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
  async function run({ id: policyId, source, target, settings }: Policy, found?: readonly PlannedImage[]): Promise<string[]> {
    const [executionId, ends] = [id(90_000 + (runs += 1)), { source, target }];
    await execute(command(executionId, { type: 'StartReplicationExecution', policyId, trigger: 'manual', isDryRun: false }));
    const state = await runExecution(executionId, {
      desk: { execute, load: (of) => Promise.resolve(states.get(of) ?? noReplication()) }, policyId, settings, ends, carryData: byDownload(ends, { source: 'public', target: 'public' }), signal: new AbortController().signal,
      ...(found ? { found } : {}),
    });
    return state.exists && state.kind === 'execution' ? state.images.map(({ action, status }) => `${settings.name}: ${action} ${status}`) : [];
  }
  /** What it did for images of which it has heard. */
  const runFor = async (policy: Policy, heard: readonly string[]): Promise<string[]> =>
    run(policy, planReplication({ ...await seeImages(policy.id, policy.settings, policy, heard), settings: policy.settings }));
  const copyIn = ({ images }: MemoryRegion, originId: string): ShownImage => {
    const found = [...images.values()].find(({ properties }) => lineageOf(properties)?.originId === originId);
    if (!found) throw new Error(`there is no copy of ${originId}`);
    return found;
  };
  const all = (): Promise<string[]> => Promise.all(policies.map((policy) => run(policy))).then((done) => done.flat());
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

  it.each([['in this order', [0, 1, 2]], ['in the opposite order', [2, 1, 0]], ['the last first', [2, 0, 1]]] as const)('delete the copies of what is gone at the first, by whichever way they came, %s', async (_, order) => {
    const [toTwo, fromTwo, toThree] = policies as [Policy, Policy, Policy];
    for (const number of [1, 2]) one.add({ id: id(number), name: `image ${number}` });
    await settle(() => oneByOne([toThree, toTwo, fromTwo]));
    one.add({ id: id(3), name: 'image 3' });
    await settle(() => oneByOne([toTwo, fromTwo, toThree]));
    for (const number of [1, 3]) await one.remove(id(number));
    await settle(() => oneByOne(order.map((each) => policies[each] as Policy)));
    expect([origins(two), origins(three)]).toEqual([[`image 2 One ${id(2)}`], [`image 2 One ${id(2)}`]]);
    await one.remove(id(2));
    await settle(() => oneByOne(order.map((each) => policies[each] as Policy)));
    expect([two.images.size, three.images.size]).toEqual([0, 0]);
  });

  it.each([[false], [true]])('delete the copy of a copy when they hear that this is gone, with ids kept: %s', async (keepsIds) => {
    const [toTwo, fromTwo] = policies.map((policy) => ({ ...policy, settings: { ...policy.settings, keepsIds } })) as [Policy, Policy];
    one.add({ id: id(1), name: 'image 1' });
    await oneByOne([toTwo, fromTwo]);
    const { id: between } = copyIn(two, id(1));
    expect([between === id(1), copyIn(three, id(1)).id === id(1)]).toEqual([keepsIds, keepsIds]);
    await one.remove(id(1));
    expect(await runFor(fromTwo, [between])).toEqual([]);
    expect(await runFor(toTwo, [id(1)])).toEqual(['One to Two: delete done']);
    expect(await runFor(fromTwo, [between])).toEqual(['Two to Three: delete done']);
    expect([two.images.size, three.images.size]).toEqual([0, 0]);
  });

  it('leave the copy of a copy where this was brought anew under another id, and where the policy carries no deletions', async () => {
    const [toTwo, fromTwo] = policies as [Policy, Policy];
    one.add({ id: id(1), name: 'image 1' });
    await oneByOne([toTwo, fromTwo]);
    const { id: before } = copyIn(two, id(1));
    const { id: there } = copyIn(three, id(1));
    await two.remove(before);
    await run(toTwo);
    expect(copyIn(two, id(1)).id).not.toBe(before);
    expect([await runFor(fromTwo, [before]), await run(fromTwo)]).toEqual([[], []]);
    await one.remove(id(1));
    await run(toTwo);
    const without: Policy = { ...fromTwo, settings: { ...fromTwo.settings, carriesDeletions: false } };
    expect([await runFor(without, [before]), await run(without), [...three.images.keys()]]).toEqual([[], [], [there]]);
    expect(await run(fromTwo)).toEqual(['Two to Three: delete done']);
  });

  it('look once more before they delete: what is brought anew in that moment keeps its copy', async () => {
    const [toTwo, fromTwo] = policies as [Policy, Policy];
    one.add({ id: id(1), name: 'image 1' });
    await oneByOne([toTwo, fromTwo]);
    await two.remove(copyIn(two, id(1)).id);
    const found = planReplication({ ...await seeRegions(fromTwo.id, fromTwo.settings, fromTwo), settings: fromTwo.settings });
    expect(found).toMatchObject([{ action: 'delete' }]);
    await run(toTwo);
    expect(await run(fromTwo, found)).toEqual(['Two to Three: delete skipped']);
    expect(three.images.size).toBe(1);
  });

  it.each([[false], [true]])('delete no image that somebody made himself and says is a copy of a copy, with ids kept: %s', async (keepsIds) => {
    const fromTwo = { ...policies[1] as Policy, settings: { ...(policies[1] as Policy).settings, keepsIds } };
    const properties = { ...lineageProperties({ originRegion: 'One', originId: id(1), originVersion: '', originHash: '' }), [viaNames.region]: 'Two', [viaNames.id]: id(2) };
    three.add({ id: id(2), owner: 'mallory', properties });
    three.add({ id: id(3), owner: 'mallory', properties: lineageProperties({ originRegion: 'Two', originId: id(3), originVersion: '', originHash: '' }) });
    expect([await run(fromTwo), await runFor(fromTwo, [id(2), id(3)])]).toEqual([[], []]);
    expect(three.images.size).toBe(2);
  });

  it('bring nothing back to the region that it was brought from, where it is deleted there first', async () => {
    const [toTwo, fromTwo] = policies as [Policy, Policy];
    const back: Policy = { id: id(80_009), source: three, target: two, settings: { ...fromTwo.settings, name: 'Three to Two' } };
    one.add({ id: id(1), name: 'image 1' });
    await oneByOne([toTwo, fromTwo, back]);
    await one.remove(id(1));
    await run(toTwo);
    expect(await run(back)).toEqual([]);
    await settle(() => oneByOne([back, fromTwo, toTwo]));
    expect([two.images.size, three.images.size]).toEqual([0, 0]);
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

  it.each([8, 27, 71, 108])('delete every copy of what is gone where each of four regions sends to each other one, in whatever order they look, seed %i', async (seed) => {
    const all: MemoryRegion[] = [];
    for (const name of ['One', 'Two', 'Three', 'Four']) all.push(memoryRegion(name, () => all));
    const { settings } = policies[0] as Policy;
    policies = all.flatMap((source, from) => all.filter((target) => target !== source).map((target, to) => ({ id: id(80_100 + from * 10 + to), source, target, settings: { ...settings, name: `${source.region} to ${target.region}` } })));
    let state = seed;
    const below = (limit: number): number => (state = (state * 1_103_515_245 + 12_345) % 2_147_483_648) % limit;
    const someRuns = async (count: number): Promise<void> => { for (let each = 0; each < count; each += 1) await run(policies[below(97) % policies.length] as Policy); };
    const shuffled = (): Policy[] => policies.map((policy) => ({ policy, at: below(1_000_003) })).toSorted((before, after) => before.at - after.at).map(({ policy }) => policy);
    for (const [number, region] of all.entries()) region.add({ id: id(number), name: `image ${number}` });
    await someRuns(below(20));
    await all[0]?.remove(id(0));
    await someRuns(below(9));
    await settle(() => oneByOne(shuffled()));
    expect(all.map(({ images }) => images.size)).toEqual([3, 3, 3, 3]);
  });
});
