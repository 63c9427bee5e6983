import { specification } from '#libs/testing';
import { replicationDecider, type ReplicationCommand } from './replication.commands.js';
import type { PlannedImage, ReplicationEvent, ReplicationSettings } from './replication.js';

const id = '11111111-2222-4333-8444-555555555555';
const settings: ReplicationSettings = {
  name: 'golden images', direction: 'pull', remoteRegion: 'RegionOne', filter: { visibilities: ['public'], tags: [], properties: {} }, trigger: 'manual', concurrency: 2,
  carriesMetadata: true, carriesMembers: false, carriesDeletions: false, conflictRule: 'source', keepsIds: false,
};
const created: ReplicationEvent = { type: 'ReplicationPolicyCreated', data: { settings } };
const started: ReplicationEvent = { type: 'ReplicationExecutionStarted', data: { policyId: 'p', trigger: 'manual', isDryRun: false } };
const image = (sourceId: string): PlannedImage => ({ sourceId, name: sourceId, action: 'copy', sizeBytes: 3 });
const planned: ReplicationEvent = { type: 'ReplicationImagesPlanned', data: { images: [image('a'), image('b')], isTruncated: false } };
const ended = (sourceId: string, outcome: 'done' | 'failed' = 'done'): ReplicationEvent => ({ type: 'ReplicationImageEnded', data: { sourceId, outcome, sentBytes: 3 } });
const over = (outcome: 'succeeded' | 'failed', cause?: string): ReplicationEvent => ({ type: 'ReplicationExecutionEnded', data: { outcome, ...(cause === undefined ? {} : { cause }) } });
const command = (what: ReplicationCommand) => ({ id, command: what });
const given = specification(replicationDecider);

describe('A replication policy', () => {
  it('is created once, and its id is not used again', () => {
    given().when(command({ type: 'CreateReplicationPolicy', settings })).then(created);
    given(created).when(command({ type: 'CreateReplicationPolicy', settings })).refuses('ReplicationPolicyExists');
    given(created, { type: 'ReplicationPolicyDeleted', data: {} }).when(command({ type: 'CreateReplicationPolicy', settings })).refuses('ReplicationPolicyExists');
  });

  it('changes as a whole, and the same settings again change nothing', () => {
    const slower = { ...settings, bytesPerSecond: 1_000_000 };
    given(created).when(command({ type: 'ChangeReplicationPolicy', settings: slower })).then({ type: 'ReplicationPolicyChanged', data: { settings: slower } });
    given(created).when(command({ type: 'ChangeReplicationPolicy', settings })).nothing();
  });

  it('is paused and resumed, each once', () => {
    const paused: ReplicationEvent = { type: 'ReplicationPolicyPaused', data: {} };
    given(created).when(command({ type: 'PauseReplicationPolicy' })).then(paused);
    given(created, paused).when(command({ type: 'PauseReplicationPolicy' })).nothing();
    given(created, paused).when(command({ type: 'ResumeReplicationPolicy' })).then({ type: 'ReplicationPolicyResumed', data: {} });
    given(created).when(command({ type: 'ResumeReplicationPolicy' })).nothing();
  });

  it('that is not there can neither be changed nor deleted', () => {
    given().when(command({ type: 'DeleteReplicationPolicy' })).refuses('ReplicationPolicyNotFound');
    given(started).when(command({ type: 'PauseReplicationPolicy' })).refuses('ReplicationPolicyNotFound');
  });

  it.each<[string, Partial<ReplicationSettings>]>([
    ['no name', { name: '' }], ['a long name', { name: 'n'.repeat(256) }], ['no region', { remoteRegion: '' }], ['no concurrency', { concurrency: 0 }], ['too much of it', { concurrency: 33 }],
    ['a bandwidth that brings nothing', { bytesPerSecond: 1 }], ['a schedule without one', { trigger: 'schedule' }], ['a schedule that is not asked for', { schedule: '0 3 * * *' }],
    ['a schedule of seconds', { trigger: 'schedule', schedule: '* * * * * *' }], ['an empty pattern', { filter: { ...settings.filter, namePattern: '' } }],
    ['too many tags', { filter: { ...settings.filter, tags: Array.from({ length: 51 }, String) } }], ['sizes the wrong way round', { filter: { ...settings.filter, minSizeBytes: 2, maxSizeBytes: 1 } }],
  ])('is refused with %s', (_, wrong) => {
    given().when(command({ type: 'CreateReplicationPolicy', settings: { ...settings, ...wrong } })).refuses('InvalidRequest');
  });
});

describe('An execution of a policy', () => {
  const start: ReplicationCommand = { type: 'StartReplicationExecution', policyId: 'p', trigger: 'manual', isDryRun: false };

  it('starts once, however often it is started', () => {
    given().when(command(start)).then(started);
    given(started).when(command(start)).nothing();
    given(created).when(command(start)).refuses('ReplicationExecutionNotFound');
  });

  it('is planned once, for at most a thousand images', () => {
    const images = Array.from({ length: 1001 }, (_, at) => image(String(at)));
    given(started).when(command({ type: 'PlanReplication', images, isTruncated: false })).then({ type: 'ReplicationImagesPlanned', data: { images: images.slice(0, 1000), isTruncated: true } });
    given(started, planned).when(command({ type: 'PlanReplication', images: [], isTruncated: false })).nothing();
  });

  it('records what came of each image once', () => {
    const result = { sourceId: 'a', outcome: 'done', sentBytes: 3 } as const;
    given(started, planned).when(command({ type: 'RecordReplicatedImages', results: [result, result, { ...result, sourceId: 'x' }] })).then(ended('a'));
    given(started, planned, ended('a')).when(command({ type: 'RecordReplicatedImages', results: [{ ...result, outcome: 'failed' }] })).nothing();
    given(started, planned, over('succeeded')).when(command({ type: 'RecordReplicatedImages', results: [result] })).nothing();
  });

  it('succeeds where no image failed', () => {
    given(started, planned, ended('a'), ended('b')).when(command({ type: 'EndReplicationExecution' })).then(over('succeeded'));
    given(started, planned, ended('a'), ended('b', 'failed')).when(command({ type: 'EndReplicationExecution' })).then(over('failed', '1 of 2 images failed'));
    given(started).when(command({ type: 'EndReplicationExecution', cause: 'the region is away' })).then(over('failed', 'the region is away'));
    given(started, over('succeeded')).when(command({ type: 'EndReplicationExecution' })).nothing();
  });

  it('is paused, resumed and cancelled while it is open', () => {
    const paused: ReplicationEvent = { type: 'ReplicationExecutionPaused', data: {} };
    given(started).when(command({ type: 'PauseReplicationExecution' })).then(paused);
    given(started, planned, paused).when(command({ type: 'ResumeReplicationExecution' })).then({ type: 'ReplicationExecutionResumed', data: {} });
    given(started, planned, paused).when(command({ type: 'EndReplicationExecution' })).nothing();
    given(started, planned).when(command({ type: 'CancelReplicationExecution' })).then({ type: 'ReplicationExecutionCancelled', data: {} });
    for (const type of ['PauseReplicationExecution', 'ResumeReplicationExecution', 'CancelReplicationExecution'] as const) {
      given(started, over('succeeded')).when(command({ type })).refuses('ReplicationExecutionOver');
    }
  });

  it('takes up again what failed, and only that', () => {
    const failed = [started, planned, ended('a'), ended('b', 'failed'), over('failed', '1 of 2 images failed')];
    given(...failed).when(command({ type: 'RetryReplicationExecution' })).then({ type: 'ReplicationExecutionRetried', data: {} });
    given(...failed, { type: 'ReplicationExecutionRetried', data: {} }).when(command({ type: 'RecordReplicatedImages', results: [{ sourceId: 'a', outcome: 'done', sentBytes: 3 }, { sourceId: 'b', outcome: 'done', sentBytes: 3 }] })).then(ended('b'));
    given(started, planned, over('succeeded')).when(command({ type: 'RetryReplicationExecution' })).refuses('ReplicationExecutionNotFailed');
    given(started, over('failed', 'x')).when(command({ type: 'RetryReplicationExecution' })).refuses('ReplicationNothingToRetry');
  });

  it('that is not there is told of', () => {
    given().when(command({ type: 'CancelReplicationExecution' })).refuses('ReplicationExecutionNotFound');
    given(created).when(command({ type: 'EndReplicationExecution' })).refuses('ReplicationExecutionNotFound');
  });
});
