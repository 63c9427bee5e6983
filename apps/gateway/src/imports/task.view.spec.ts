import type { HistoryEntry } from '#libs/contracts';
import type { ImageEvent } from '#libs/domain';
import { tasksOf } from './task.view.js';

const imageId = '11111111-2222-4333-8444-555555555555';
const importId = '22222222-2222-4333-8444-555555555555';
const at = (minute: number): string => `2026-01-02T03:0${minute}:04.500Z`;
const entry = (minute: number, ...events: ImageEvent[]): HistoryEntry =>
  ({ version: minute, at: at(minute), requestId: `req-${minute}`, commandType: 'any', actor: { userId: 'u', projectId: 'p', authMethod: 'password' }, events, changes: [] });
const requested = entry(1, { type: 'ImageImportRequested', data: { importId, method: 'copy-image', storeIds: ['far'], allStoresMustSucceed: true } });
const started = entry(2, { type: 'ImageStoreImportStarted', data: { importId, attemptId: imageId, storeId: 'far' } });
const failed = entry(3, { type: 'ImageImportFailed', data: { importId, reason: 'Store far has no room left.' } });
const now = new Date(at(9));
const told = (...history: HistoryEntry[]) => tasksOf(imageId, history, now);

describe('The tasks of an image', () => {
  it('are its imports, each known by the id that holds the lock, and belong to the project that asked', () => {
    expect(told(requested)).toMatchObject([{
      id: importId, type: 'api_image_import', status: 'pending', owner: 'p', user_id: 'u', request_id: 'req-1', image_id: imageId,
      created_at: '2026-01-02T03:01:04.500000', expires_at: null, result: null, input: { import_req: { method: { name: 'copy-image' } }, backend: ['far'] },
    }]);
  });

  it('tell of a new location where it is, and what its data must hash to', () => {
    const location = (hash: object): HistoryEntry =>
      entry(1, { type: 'ImageImportRequested', data: { importId, method: 'location-import', storeIds: ['web'], allStoresMustSucceed: true, sourceUri: 'http://files.example/x', ...hash } });
    expect(told(location({}))[0]).toMatchObject({ type: 'location_import', input: { image_id: imageId, loc_url: 'http://files.example/x', validation_data: {} } });
    expect(told(location({ expectedHashAlgo: 'sha256', expectedHashValue: 'ab' }))[0]?.['input']).toEqual({ image_id: imageId, loc_url: 'http://files.example/x', validation_data: { os_hash_algo: 'sha256', os_hash_value: 'ab' } });
  });

  it('tell what goes on, and when it was last seen to', () => {
    expect(told(requested, started)).toMatchObject([{ status: 'processing', updated_at: '2026-01-02T03:02:04.500000', message: 'Bringing the data to store far.' }]);
  });

  it('end well, or with the reason why not', () => {
    expect(told(requested, entry(3, { type: 'ImageImportSucceeded', data: { importId } }))).toMatchObject([{ status: 'success', result: { image_id: imageId }, expires_at: '2026-01-04T03:03:04.500000' }]);
    expect(told(requested, started, failed)).toMatchObject([{ status: 'failure', message: 'Store far has no room left.', result: null }]);
    expect(told(requested, entry(3, { type: 'ImageDeleted', data: {} }))).toMatchObject([{ status: 'failure', message: 'The image was deleted.' }]);
  });

  it('are told of for two days after their end', () => {
    expect(tasksOf(imageId, [requested, failed], new Date('2026-01-04T03:03:00Z'))).toHaveLength(1);
    expect(tasksOf(imageId, [requested, failed], new Date('2026-01-04T03:04:00Z'))).toEqual([]);
  });
});
