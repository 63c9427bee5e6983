import type { Commit } from '#libs/contracts';
import type { ImageEvent } from '#libs/domain';
import { anImage, attemptId, someData } from '#libs/testing';
import { imageNotifications, passCommit, sentNotification, untoldImage } from './image.notifications.js';
import type { Notification } from './notification.js';

const imageId = '11111111-2222-4333-8444-555555555555';
const importId = '00000000-0000-4000-8000-0000000000b1';

/** Each list of events is one commit, a minute after the one before it; what the last one tells. */
function told(...commits: readonly (readonly ImageEvent[])[]): Notification[] {
  let state = untoldImage;
  let all: Notification[] = [];
  commits.forEach((events, index) => {
    const commit: Commit = {
      aggregateId: imageId, region: 'RegionOne', service: 'catalog', at: new Date(Date.UTC(2026, 0, 1, 0, index)), version: index + 1, prevHash: '', commandId: 'c', commandType: 'Any',
      requestId: 'r', actor: { userId: 'u', projectId: 'asker', authMethod: 'password' }, events,
    };
    all = imageNotifications(state, commit);
    state = passCommit(state, commit);
  });
  return all;
}
const types = (all: readonly Notification[]) => all.map(({ eventType, priority }) => (priority === 'INFO' ? eventType : `${eventType} ${priority}`));
const queued = anImage({ name: 'cirros', tags: ['a'], properties: { os_distro: 'cirros' } });
const start: ImageEvent = { type: 'ImageDataUploadStarted', data: { attemptId, storeId: 'fast' } };
const stored: ImageEvent[] = [{ type: 'ImageDataInspected', data: { attemptId, findings: [] } }, { type: 'ImageDataStored', data: { attemptId, storeId: 'fast', ...someData } }, { type: 'ImageActivated', data: {} }];
const asks: ImageEvent = { type: 'ImageImportRequested', data: { importId, method: 'web-download', storeIds: ['fast', 'far'], allStoresMustSucceed: true, sourceUri: 'https://images.example/x' } };

describe('Notifications of images', () => {
  it('show a new image as Glance does, without locations', () => {
    expect(told(queued)).toEqual([{
      eventType: 'image.create', priority: 'INFO',
      payload: {
        id: imageId, name: 'cirros', status: 'queued', created_at: '2026-01-01T00:00:00Z', updated_at: '2026-01-01T00:00:00Z', min_disk: 0, min_ram: 0, protected: false, checksum: null,
        owner: 'owner', disk_format: 'raw', container_format: 'bare', size: null, virtual_size: null, is_public: false, visibility: 'shared',
        properties: { os_distro: 'cirros' }, tags: ['a'], deleted: false, deleted_at: null,
      },
    }]);
  });

  it('tell several changes of one commit once', () => {
    const all = told(queued, [{ type: 'ImagePropertiesChanged', data: { attributes: {}, cleared: [], set: { a: 'b' }, removed: [] } }, { type: 'ImageVisibilityChanged', data: { visibility: 'public' } }]);
    expect(all).toMatchObject([{ eventType: 'image.update', payload: { visibility: 'public', is_public: true, properties: { a: 'b', os_distro: 'cirros' } } }]);
  });

  it('tell an upload as prepare, upload and activate, with the store', () => {
    expect(types(told(queued, [start]))).toEqual(['image.update', 'image.prepare']);
    expect(told(queued, [start])[1]).toMatchObject({ payload: { status: 'saving', backend: 'fast', os_glance_importing_to_stores: [], os_glance_failed_import: [] } });
    const all = told(queued, [start], stored);
    expect(types(all)).toEqual(['image.upload', 'image.activate']);
    expect(all[0]).toMatchObject({ payload: { status: 'active', size: 12, checksum: someData.checksum, backend: 'fast' } });
  });

  it('tell an upload that failed as an error with a text, and the image as queued again', () => {
    const all = told(queued, [start], [{ type: 'ImageDataUploadFailed', data: { attemptId, reason: 'interrupted' } }]);
    expect(types(all)).toEqual(['image.upload ERROR', 'image.update']);
    expect(all[0]?.payload).toBe(`Failed to upload image data for image ${imageId}: interrupted`);
    expect(all[1]).toMatchObject({ payload: { status: 'queued' } });
  });

  it('tell a deletion with its moment', () => {
    expect(told(queued, [{ type: 'ImageDeleted', data: {} }])).toMatchObject([{ eventType: 'image.delete', payload: { status: 'deleted', deleted: true, deleted_at: '2026-01-01T00:01:00Z' } }]);
  });

  it('tell members as they come, answer and go', () => {
    const added: ImageEvent = { type: 'MemberAdded', data: { memberId: 'friend' } };
    const accepted: ImageEvent = { type: 'MemberAccepted', data: { memberId: 'friend' } };
    const member = { image_id: imageId, member_id: 'friend', created_at: '2026-01-01T00:01:00Z', deleted: false, deleted_at: null };
    expect(told(queued, [added])).toEqual([{ eventType: 'image.member.create', priority: 'INFO', payload: { ...member, status: 'pending', updated_at: '2026-01-01T00:01:00Z' } }]);
    expect(told(queued, [added], [accepted])).toMatchObject([{ eventType: 'image.member.update', payload: { status: 'accepted', updated_at: '2026-01-01T00:02:00Z' } }]);
    expect(told(queued, [added], [{ type: 'MemberRemoved', data: { memberId: 'friend' } }]))
      .toMatchObject([{ eventType: 'image.member.delete', payload: { member_id: 'friend', deleted: true, deleted_at: '2026-01-01T00:02:00Z' } }]);
  });

  it('tell an import as a task of who asked for it, without what it was asked', () => {
    const all = told(queued, [asks]);
    expect(types(all)).toEqual(['image.update', 'task.create', 'task.run']);
    expect(all[1]?.payload).toEqual({
      id: importId, type: 'api_image_import', status: 'pending', result: null, owner: 'asker', message: null, expires_at: null,
      created_at: '2026-01-01T00:01:00Z', updated_at: '2026-01-01T00:01:00Z', deleted: false, deleted_at: null,
    });
    expect(all[0]).toMatchObject({ payload: { status: 'importing', properties: { os_glance_import_task: importId, os_glance_importing_to_stores: 'fast,far' } } });
  });

  it('tell that an import is being worked on once, and each store that it fills', () => {
    const toFast: ImageEvent = { type: 'ImageStoreImportStarted', data: { importId, attemptId, storeId: 'fast' } };
    const all = told(queued, [asks], [toFast]);
    expect(types(all)).toEqual(['task.processing', 'image.prepare']);
    expect(all[1]).toMatchObject({ payload: { backend: 'fast', os_glance_importing_to_stores: ['fast', 'far'] } });
    const toFar: ImageEvent = { type: 'ImageStoreImportStarted', data: { importId, attemptId: '00000000-0000-4000-8000-0000000000a2', storeId: 'far' } };
    expect(types(told(queued, [asks], [toFast], [toFar]))).toEqual(['image.prepare']);
  });

  it.each([
    ['task.success', { type: 'ImageImportSucceeded', data: { importId } }], ['task.failure', { type: 'ImageImportFailed', data: { importId, reason: 'gone' } }],
  ] satisfies [string, ImageEvent][])('tell the end of an import as %s, to be forgotten two days later', (eventType, end) => {
    const all = told(queued, [asks], [end]);
    expect(types(all)).toEqual(['image.update', eventType]);
    expect(all[1]).toMatchObject({ payload: { id: importId, owner: 'asker', message: null, expires_at: '2026-01-03T00:02:00Z' } });
  });

  it('end the task of an image that is deleted while it is imported', () => {
    expect(types(told(queued, [asks], [{ type: 'ImageDeleted', data: {} }]))).toEqual(['task.failure', 'image.delete']);
  });

  it('tell of an image that nobody sees before its data is there when it is there, and till then of its task alone', () => {
    const arrival = { actionType: 'import', imageProperties: {} } as const;
    const arriving: ImageEvent[] = [{ type: 'ImageCreated', data: { visibility: 'shared', tags: [], properties: {}, arrival } }, asks];
    expect(types(told(arriving))).toEqual(['task.create', 'task.run']);
    const toFast: ImageEvent = { type: 'ImageStoreImportStarted', data: { importId, attemptId, storeId: 'fast' } };
    expect(types(told(arriving, [toFast], stored))).toEqual(['image.create', 'image.upload', 'image.activate']);
    expect(types(told(arriving, [toFast], [{ type: 'ImageImportFailed', data: { importId, reason: 'gone' } }, { type: 'ImageDeleted', data: {} }]))).toEqual(['task.failure']);
  });

  it.each(['export', 'clone', 'replicate'] as const)('say nothing of the image of an action of type %s, which never comes to be', (actionType) => {
    const sent: ImageEvent[] = [{ type: 'ImageCreated', data: { visibility: 'private', tags: [], properties: {}, arrival: { actionType, imageProperties: {} } } }, asks];
    expect([...told(sent), ...told(sent, [{ type: 'ImageImportSucceeded', data: { importId } }, { type: 'ImageDeleted', data: {} }])]).toEqual([]);
  });

  it('say nothing of what only Heliograph has', () => {
    expect(told(queued, [start], stored, [{ type: 'ImageDataInspected', data: { attemptId, findings: [] } }])).toEqual([]);
  });

  it('tell downloads by what went out', () => {
    const sent = { imageId, owner: 'owner', sizeBytes: 12, bytesSent: 12, projectId: 'p', userId: 'u' };
    expect(sentNotification(sent)).toEqual({
      eventType: 'image.send', priority: 'INFO', payload: { bytes_sent: 12, image_id: imageId, owner_id: 'owner', receiver_tenant_id: 'p', receiver_user_id: 'u' },
    });
    expect(sentNotification({ ...sent, bytesSent: 5 })).toMatchObject({ priority: 'ERROR', payload: { bytes_sent: 5 } });
  });
});
