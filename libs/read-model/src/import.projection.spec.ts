import type { ImageEvent } from '#libs/domain';
import { noteImports, type ImportNotes } from './import.projection.js';

const imageId = '11111111-2222-4333-8444-555555555555';
const importId = '22222222-2222-4333-8444-555555555555';
const at = (second: number) => new Date(Date.UTC(2026, 0, 1, 0, 0, second));
const requested: ImageEvent = { type: 'ImageImportRequested', data: { importId, method: 'web-download', storeIds: ['fast'], allStoresMustSucceed: true } };
const noted = (...commits: [second: number, events: ImageEvent[], running?: string][]) => {
  const notes: ImportNotes = new Map();
  for (const [second, events, running] of commits) noteImports(notes, imageId, { events, at: at(second), actor: { userId: 'u', projectId: 'p', authMethod: 'token' } }, running);
  return [...notes.values()];
};

describe('The rows of imports', () => {
  it('begin with the request, as the task of the project that asked', () => {
    expect(noted([1, [requested]])).toEqual([{
      import_id: importId, image_id: imageId, task_type: 'api_image_import', owner: 'p', status: 'pending', created_at: at(1).toISOString(), updated_at: at(1).toISOString(), ended_at: null, action: null, asked: null, message: null,
    }]);
  });

  it('move on with their steps, in one row where they began in the same batch', () => {
    const started: ImageEvent = { type: 'ImageStoreImportStarted', data: { importId, attemptId: imageId, storeId: 'fast' } };
    expect(noted([1, [requested]], [2, [started]])).toMatchObject([{ status: 'processing', created_at: at(1).toISOString(), updated_at: at(2).toISOString(), ended_at: null }]);
    expect(noted([2, [started]])).toEqual([{ import_id: importId, image_id: imageId, status: 'processing', updated_at: at(2).toISOString(), ended_at: null, message: null }]);
  });

  it.each([['ImageImportSucceeded', 'success'], ['ImageImportFailed', 'failure']] as const)('end with %s as %s', (type, status) => {
    expect(noted([3, [{ type, data: { importId, reason: 'r' } } as ImageEvent]])).toMatchObject([{ status, ended_at: at(3).toISOString() }]);
  });

  it('are an action where they bring an image that nobody sees before, with what was asked and why it failed', () => {
    const created: ImageEvent = { type: 'ImageCreated', data: { visibility: 'shared', tags: [], properties: {}, arrival: { actionType: 'import', location: 'https://a/b', imageProperties: { name: 'n' } } } };
    expect(noted([1, [created, requested]])).toMatchObject([{ action: 'import', asked: { location: 'https://a/b', imageProperties: { name: 'n' } }, message: null }]);
    const failed: ImageEvent[] = [{ type: 'ImageImportFailed', data: { importId, reason: 'gone' } }, { type: 'ImageDeleted', data: {} }];
    expect(noted([3, failed, importId])).toMatchObject([{ status: 'failure', message: 'gone', ended_at: at(3).toISOString() }]);
  });

  it('say where copies go, and what a clone is called there', () => {
    const created: ImageEvent = { type: 'ImageCreated', data: { visibility: 'private', tags: [], properties: {}, arrival: { actionType: 'clone', imageProperties: {} } } };
    const copied: ImageEvent = { type: 'ImageImportRequested', data: { importId, method: 'clone-image', sourceImageId: imageId, targetRegions: ['RegionTwo'], targetImageId: importId, storeIds: ['os_glance_regions'], allStoresMustSucceed: true } };
    expect(noted([1, [created, copied]])).toMatchObject([{ action: 'clone', asked: { imageProperties: {}, imageId, regions: ['RegionTwo'], copyId: importId } }]);
  });

  it('end with their image, where they run', () => {
    expect(noted([3, [{ type: 'ImageDeleted', data: {} }], importId])).toMatchObject([{ import_id: importId, status: 'failure', ended_at: at(3).toISOString() }]);
    expect(noted([3, [{ type: 'ImageDeleted', data: {} }]])).toEqual([]);
  });
});
