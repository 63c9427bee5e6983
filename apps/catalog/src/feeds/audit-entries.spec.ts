import { randomUUID } from 'node:crypto';
import type { Commit } from '#libs/contracts';
import { noImage, type ImageEvent, type ImageState } from '#libs/domain';
import { auditEntries, type AuditEntry } from './audit-entries.js';

const imageId = randomUUID();
const commitOf = (version: number, events: readonly ImageEvent[], projectId = 'alpha'): Commit => ({
  aggregateId: imageId, region: 'RegionOne', service: 'catalog', at: new Date(`2026-01-01T00:00:0${version % 10}Z`), version, prevHash: '', commandId: randomUUID(), commandType: 'Something',
  requestId: `req-${version}`, actor: { userId: `user-of-${projectId}`, projectId, authMethod: 'password' }, sealed: 'c2VhbGVk', events,
});
const created = (more: object = {}): ImageEvent =>
  ({ type: 'ImageCreated', data: { name: 'cirros', owner: 'alpha', visibility: 'shared', tags: [], properties: { secret: 'of alpha' }, ...more } });
const changed = (attributes: object, more: object = {}): ImageEvent => ({ type: 'ImagePropertiesChanged', data: { attributes, cleared: [], set: {}, removed: [], ...more } });
const visible = (visibility: 'public' | 'private' | 'shared' | 'community'): ImageEvent => ({ type: 'ImageVisibilityChanged', data: { visibility } });

/** What everybody is told of a life, commit by commit. */
function told(...commits: (readonly ImageEvent[] | Commit)[]): AuditEntry[][] {
  let state: ImageState = noImage();
  return commits.map((given, index) => {
    const commit = 'events' in given ? { ...given, version: index + 1 } : commitOf(index + 1, given);
    const { after, entries } = auditEntries(state, commit, index + 1);
    state = after;
    return [...entries];
  });
}
const whom = (entries: readonly AuditEntry[] | undefined) => entries?.map(({ receiver, event: { audience, type } }) => [receiver, audience, type]);
const textFor = (entries: readonly (readonly AuditEntry[])[], receiver: string | null) => JSON.stringify(entries.flat().filter((entry) => entry.receiver === receiver));

describe('Who is told what of an event', () => {
  it('the owner is told all of it: what changed, in which request, and by whom', () => {
    const [, second] = told([created()], [changed({ name: 'other' }), { type: 'ImageTagAdded', data: { tag: 'x' } }]);
    expect(second?.map(({ event }) => [event.id, event.data.changes])).toEqual([
      ['2-0', [{ name: 'name', from: 'cirros', to: 'other' }]], ['2-1', [{ name: 'tags', from: [], to: ['x'] }]],
    ]);
    expect(second?.[0]?.event).toMatchObject({
      specversion: '1.0', source: '/heliograph/RegionOne', subject: imageId, version: 2, audience: 'owner', actorid: 'user-of-alpha', requestid: 'req-2', data: { status: 'queued', owner: 'alpha', name: 'other' },
    });
  });

  it('a member is told of its own membership and of nothing else, whatever happens to the image', () => {
    const life = told(
      [created()], [{ type: 'MemberAdded', data: { memberId: 'beta' } }], [{ type: 'MemberAdded', data: { memberId: 'gamma' } }], commitOf(4, [{ type: 'MemberAccepted', data: { memberId: 'beta' } }], 'beta'),
      [changed({ name: 'private now' })], [visible('private')], [{ type: 'MemberRemoved', data: { memberId: 'beta' } }], [{ type: 'ImageDeleted', data: {} }],
    );
    const ofBeta = life.flat().filter(({ receiver }) => receiver === 'beta').map(({ event }) => event);
    expect(ofBeta.map(({ type, data: { status } }) => [type, status])).toEqual([['MemberAdded', 'pending'], ['MemberAccepted', 'accepted'], ['MemberRemoved', 'removed']]);
    expect(textFor(life, 'beta')).not.toMatch(/gamma|cirros|private now|of alpha|user-of-alpha|alpha/);
    expect(ofBeta[1]).toMatchObject({ actorid: 'user-of-beta', actorprojectid: 'beta' });
    expect(ofBeta[0]?.actorid).toBeUndefined();
  });

  it('an image that changes its owner goes from one feed to the other, and neither learns more than that', () => {
    const life = told([created()], commitOf(2, [changed({ owner: 'beta', name: 'of beta' })], 'admin'), commitOf(3, [changed({ name: 'still of beta' })], 'beta'));
    expect(life.map(whom)).toEqual([
      [['alpha', 'owner', 'ImageCreated']], [['beta', 'owner', 'ImagePropertiesChanged'], ['alpha', 'former', 'ImagePropertiesChanged']], [['beta', 'owner', 'ImagePropertiesChanged']],
    ]);
    expect(textFor(life, 'alpha')).not.toMatch(/beta|admin/);
    expect(life[1]?.[1]?.event.data).toEqual({ status: 'queued', changes: [{ name: 'owner', from: 'alpha' }] });
  });

  it('everybody is told of a public image, while it is public, without what was before and without what is its owner\'s alone', () => {
    const life = told(
      [created({ visibility: 'private' })], [changed({ name: 'hidden name' })], [visible('public')], [changed({ name: 'seen' }), { type: 'ImageDataInspected', data: { attemptId: randomUUID(), findings: [] } }],
      [visible('private')], [changed({ name: 'hidden again' })],
    );
    expect(life.map((entries) => whom(entries.filter(({ event }) => event.audience === 'public')))).toEqual([
      [], [], [[null, 'public', 'ImageVisibilityChanged']], [[null, 'public', 'ImagePropertiesChanged']], [[null, 'public', 'ImageVisibilityChanged']], [],
    ]);
    expect(textFor(life, null)).not.toMatch(/hidden again|user-of-alpha|"from":"(?!public)/);
    expect(life[4]?.at(-1)?.event.data).toEqual({ status: 'queued', changes: [{ name: 'visibility', from: 'public' }] });
  });

  it('nobody else is told of a public image before it has its data, nor that it came to nothing', () => {
    const arriving = created({ visibility: 'public', arrival: { actionType: 'import', imageProperties: {} } });
    const everybody = (life: ReturnType<typeof told>) => life.map((entries) => whom(entries.filter(({ event }) => event.audience === 'public')));
    expect(everybody(told([arriving], [{ type: 'ImageActivated', data: {} }]))).toEqual([[], [[null, 'public', 'ImageActivated']]]);
    expect(everybody(told([arriving], [{ type: 'ImageDeleted', data: {} }]))).toEqual([[], []]);
  });

  it('nobody is told a personal value, sealed or open', () => {
    expect(JSON.stringify(told([created({ visibility: 'public' })], [{ type: 'MemberAdded', data: { memberId: 'beta' } }]))).not.toMatch(/sealed|c2VhbGVk/);
  });

  it('the owner of a failed import is told why, and nobody where it came from', () => {
    const importId = randomUUID();
    const life = told(
      [created()],
      [{ type: 'ImageImportRequested', data: { importId, method: 'web-download', storeIds: ['fast'], allStoresMustSucceed: true, sourceUri: 'https://somewhere.example/image' } }],
      [{ type: 'ImageImportFailed', data: { importId, reason: 'it was not there' } }],
    );
    expect(life[2]?.[0]?.event.data.detail).toEqual({ import_id: importId, reason: 'it was not there' });
    expect(JSON.stringify(life)).not.toContain('somewhere.example');
  });
});
