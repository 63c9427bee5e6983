import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { hashOfCommit, policySubject, replicationCommits } from '#libs/contracts';
import { noReplication, Problem, replicationDecider, type ReplicationCommand, type ReplicationSettings, type ReplicationState } from '#libs/domain';
import { startTestStack, type TestStack } from '#libs/embedded';
import { migrate, openReadModel, type LogMessage, type ReadModel } from './index.js';
import { applyTo, besideRebuild } from './some-catalogue.suite.js';
import { idOf } from './some-log.suite.js';

let stack: TestStack;
let url: string;
let readModel: ReadModel;
beforeAll(async () => { stack = await startTestStack({ withNats: false }); });
afterAll(() => stack.stop());
beforeEach(async () => {
  url = await freshDatabase();
  readModel = await openReadModel({ url, poolSize: 4 });
});
afterEach(() => readModel.close());

async function freshDatabase(): Promise<string> {
  const name = `r_${randomUUID().slice(0, 8)}`;
  await stack.postgres.createDatabase(name);
  await migrate({ url: stack.postgres.url(name) });
  return stack.postgres.url(name);
}

/** A log of policies and executions, decided as federation does. */
function policyLog() {
  const messages: LogMessage[] = [];
  const states = new Map<string, ReplicationState>();
  const heads = new Map<string, { version: number; hash: string }>();
  const raw = (id: string, bytes: Uint8Array) => messages.push({ sequence: messages.length + 1, subject: policySubject('RegionTest', id), bytes });
  return {
    messages, states, raw,
    send(id: string, command: ReplicationCommand) {
      try {
        const events = replicationDecider.decide({ id, command }, states.get(id) ?? noReplication());
        if (events.length === 0) return;
        const at = new Date(Date.parse('2026-03-01T00:00:00.000Z') + messages.length * 7);
        const { version, hash } = heads.get(id) ?? { version: 0, hash: '' };
        const bytes = replicationCommits.encode({
          aggregateId: id, region: 'RegionTest', service: 'federation', at, version: version + 1, prevHash: hash, commandId: `command-${messages.length}`, commandType: command.type, requestId: 'req-1',
          actor: { userId: 'user', authMethod: 'token' }, events,
        });
        heads.set(id, { version: version + 1, hash: hashOfCommit(bytes) });
        states.set(id, events.reduce((before, event) => replicationDecider.evolve(before, event, at), states.get(id) ?? noReplication()));
        raw(id, bytes);
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
      }
    },
  };
}

const apply = (messages: readonly LogMessage[], to: Parameters<typeof applyTo>[0] = readModel, sizes?: readonly number[]) => applyTo(to, messages, sizes);

const settings = (name: string): ReplicationSettings => ({
  name, direction: 'pull', remoteRegion: 'RegionTwo', filter: { visibilities: [], tags: ['été'], properties: { __proto__x: '🛰️' } }, trigger: 'event', concurrency: 2,
  carriesMetadata: true, carriesMembers: false, carriesDeletions: false, conflictRule: 'source', keepsIds: false,
});
const images = [1, 2, 3].map((number) => ({ sourceId: idOf(0x100 + number), name: `image ${number}`, action: 'copy', sizeBytes: number }) as const);
const onPolicies: fc.Arbitrary<ReplicationCommand> = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom('a', 'b').map((name) => ({ type: 'CreateReplicationPolicy', settings: settings(name) }) as const) },
  { weight: 2, arbitrary: fc.constantFrom('a', 'b').map((name) => ({ type: 'ChangeReplicationPolicy', settings: settings(name) }) as const) },
  { weight: 1, arbitrary: fc.constantFrom<ReplicationCommand>({ type: 'PauseReplicationPolicy' }, { type: 'ResumeReplicationPolicy' }, { type: 'DeleteReplicationPolicy' }) },
);
const onExecutions: fc.Arbitrary<ReplicationCommand> = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ type: 'StartReplicationExecution', policyId: idOf(1), trigger: 'manual', isDryRun: false } as const) },
  { weight: 2, arbitrary: fc.constant({ type: 'PlanReplication', images, isTruncated: false } as const) },
  { weight: 3, arbitrary: fc.tuple(fc.constantFrom(...images), fc.constantFrom('done', 'failed')).map(([{ sourceId }, outcome]) => ({ type: 'RecordReplicatedImages', results: [{ sourceId, outcome, sentBytes: 1 }] }) as const) },
  { weight: 2, arbitrary: fc.constantFrom<ReplicationCommand>(
    { type: 'PauseReplicationExecution' }, { type: 'ResumeReplicationExecution' }, { type: 'RetryReplicationExecution' }, { type: 'CancelReplicationExecution' }, { type: 'EndReplicationExecution' },
  ) },
);
const steps = fc.array(fc.oneof(fc.tuple(fc.constantFrom(idOf(1), idOf(2)), onPolicies), fc.tuple(fc.constantFrom(idOf(11), idOf(12)), onExecutions)), { minLength: 1, maxLength: 60 });

describe('Replication in the read model', () => {
  it('is what the log folds to, however it is cut into batches, and the same in a catalogue that is rebuilt from it', async () => {
    await fc.assert(fc.asyncProperty(steps, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 }), async (sent, sizes) => {
      const log = policyLog();
      for (const [id, command] of sent) log.send(id, command);
      const own = { url: await freshDatabase() };
      await besideRebuild(own, async (live, rebuild) => {
        expect(await apply(log.messages, live, sizes)).toEqual([]);
        for (const [id, state] of log.states) {
          const found = await live.replicationPolicy(id) ?? await live.replicationExecution(id);
          expect(found && 'policy' in found ? found.policy : found).toEqual(state.exists ? state : undefined);
        }
        await apply(log.messages, rebuild);
        await rebuild.buildIndexes();
        expect(await live.compareWith('catalog_next')).toEqual([]);
      });
    }), { numRuns: 4 });
  }, 240_000);

  it('tells who drives it which policies there are, with what of them is not over', async () => {
    const log = policyLog();
    log.send(idOf(1), { type: 'CreateReplicationPolicy', settings: settings('a') });
    log.send(idOf(2), { type: 'CreateReplicationPolicy', settings: settings('b') });
    for (const number of [11, 12]) log.send(idOf(number), { type: 'StartReplicationExecution', policyId: idOf(1), trigger: 'manual', isDryRun: number === 12 });
    log.send(idOf(11), { type: 'CancelReplicationExecution' });
    await apply(log.messages);
    expect(await readModel.replicationsToDrive()).toMatchObject({ policies: [
      { id: idOf(1), policy: { settings: { name: 'a' } }, openExecutions: [{ id: idOf(12), execution: { status: 'waiting', isDryRun: true } }] }, { id: idOf(2), openExecutions: [] },
    ] });
  });

  it('lists the executions of a policy, newest first, with how far their images are', async () => {
    const log = policyLog();
    log.send(idOf(1), { type: 'CreateReplicationPolicy', settings: settings('a') });
    for (const number of [11, 12, 13]) log.send(idOf(number), { type: 'StartReplicationExecution', policyId: idOf(1), trigger: 'manual', isDryRun: false });
    log.send(idOf(11), { type: 'PlanReplication', images, isTruncated: false });
    log.send(idOf(11), { type: 'RecordReplicatedImages', results: [{ sourceId: images[0]?.sourceId ?? '', outcome: 'done', sentBytes: 5 }, { sourceId: images[1]?.sourceId ?? '', outcome: 'failed', sentBytes: 1, cause: 'x' }] });
    await apply(log.messages);
    const page = await readModel.replicationExecutions(idOf(1), { limit: 2 });
    expect(page?.map(({ id }) => id)).toEqual([idOf(13), idOf(12)]);
    expect(await readModel.replicationExecutions(idOf(1), { limit: 2, marker: idOf(12) })).toMatchObject([{ id: idOf(11), counts: { pending: 1, done: 1, skipped: 0, failed: 1 }, sentBytes: 6, totalBytes: 6, execution: { status: 'running' } }]);
    expect(await readModel.replicationExecutions(idOf(1), { limit: 2, marker: idOf(2) })).toBeUndefined();
    expect(await readModel.replicationPolicies({ limit: 2, marker: idOf(13) })).toBeUndefined();
  });

  it('is parked one by one where its commits cannot be read or written, and holds up nothing else', async () => {
    const log = policyLog();
    log.send(idOf(1), { type: 'CreateReplicationPolicy', settings: settings('a') });
    log.raw(idOf(2), Buffer.from('{}'));
    log.send(idOf(3), { type: 'CreateReplicationPolicy', settings: settings('nul \u0000') });
    log.send(idOf(4), { type: 'CreateReplicationPolicy', settings: settings('b') });
    expect(await apply(log.messages)).toMatchObject([{ replication_id: idOf(2), sequence: 2 }, { replication_id: idOf(3), sequence: 3 }]);
    expect((await readModel.replicationPolicies({ limit: 9 }))?.map(({ id }) => id)).toEqual([idOf(1), idOf(4)]);
    log.send(idOf(3), { type: 'PauseReplicationPolicy' });
    expect(await apply(log.messages)).toEqual([]);
    expect(await readModel.replicationPolicy(idOf(3))).toBeUndefined();
  });
});
