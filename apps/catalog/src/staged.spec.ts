import { evolveImage, noImage, stagingStoreId, type ImageEvent, type ImageState } from '#libs/domain';
import { attemptsFor, stagedFor } from './staged.js';

const id = (last: string): string => `00000000-0000-4000-8000-0000000000${last}`;
const [image, attempt] = [id('01'), id('a1')];
const stagedAt = new Date('2026-01-01T00:00:00Z');
const of = (...events: ImageEvent[]): ImageState => [
  { type: 'ImageCreated', data: { visibility: 'private', tags: [], properties: {} } } as const, ...events,
].reduce<ImageState>((state, event) => evolveImage(state, event, stagedAt), noImage());
const started: ImageEvent = { type: 'ImageStagingStarted', data: { attemptId: attempt, storeId: stagingStoreId } };
const resumable: ImageEvent = { type: 'ImageStagingStarted', data: { attemptId: attempt, storeId: stagingStoreId, isResumable: true } };
const staged: ImageEvent = { type: 'ImageDataStaged', data: { attemptId: attempt, storeId: stagingStoreId, sizeBytes: 1, checksum: 'c', osHashAlgo: 'sha512', osHashValue: 'd' } };
const importing: ImageEvent = { type: 'ImageImportRequested', data: { importId: id('b1'), method: 'glance-direct', storeIds: ['fast'], allStoresMustSucceed: true } };
const expired: ImageEvent = { type: 'ImageStagedDataExpired', data: { attemptId: attempt } };
const removed: ImageEvent = { type: 'ImageDataRemoved', data: { attemptId: attempt, storeId: stagingStoreId } };

const leader = (states: Record<string, ImageState | Error>, unreadable: string[] = []) => ({
  imageFromLeader: async (imageId: string): Promise<ImageState> => {
    const found = states[imageId] ?? noImage();
    if (found instanceof Error) throw found;
    return found;
  },
  onUnreadable: (imageId: string) => { unreadable.push(imageId); },
});
const overdue = (state: ImageState | Error, unchangedSince = '2026-01-01T00:00:01Z') =>
  stagedFor({ unchangedSince, limit: 10 }, { ...leader({ [image]: state }), candidates: async () => [image], uploads: async () => [] });

describe('Staged data that has waited too long', () => {
  it('is what the log itself shows to wait unchanged since then', async () => {
    expect(await overdue(of(started, staged))).toMatchObject({ staged: [{ imageId: image, attemptId: attempt }] });
    expect(await overdue(of(started, staged), '2026-01-01T00:00:00Z')).toMatchObject({ staged: [] });
  });

  it.each<[string, ImageState | Error]>([
    ['is still arriving', of(started)], ['is being imported', of(started, staged, importing)], ['has been given up', of(started, staged, expired)],
    ['belongs to nothing', noImage()], ['cannot be read', new Error('parked')],
  ])('is not what %s', async (_, state) => { expect(await overdue(state)).toMatchObject({ staged: [] }); });

  it.each<[string, ImageState | Error, number]>([
    ['is still open', of(resumable), 1], ['is staged by now', of(resumable, staged), 0], ['cannot be resumed', of(started), 0], ['cannot be read', new Error('parked'), 0],
  ])('goes with uploads in parts that began before: one that %s', async (_, state, many) => {
    const answer = await stagedFor({ unchangedSince: '2026-01-01T00:00:01Z', limit: 10 }, { ...leader({ [image]: state }), candidates: async () => [], uploads: async () => [{ imageId: image, attemptId: attempt }] });
    expect(answer).toEqual({ staged: [], uploads: many === 1 ? [{ imageId: image, attemptId: attempt }] : [] });
  });

  it('is asked for by a moment', async () => {
    await expect(overdue(of(), 'yesterday')).rejects.toMatchObject({ code: 'InvalidRequest' });
  });
});

describe('What the log knows of bytes that were found', () => {
  const fate = async (state: ImageState | Error) => (await attemptsFor({ attempts: [{ imageId: image, attemptId: attempt }] }, leader({ [image]: state }))).attempts[0];
  const unchangedSince = stagedAt.toISOString();

  it.each<[string, ImageState | Error, object]>([
    ['that arrive', of(started), { state: 'open', isImporting: false, unchangedSince }], ['that wait', of(started, staged), { state: 'staged', isImporting: false, unchangedSince }],
    ['that are being imported', of(started, staged, importing), { state: 'staged', isImporting: true, unchangedSince }],
    ['that were given up', of(started, staged, expired), { state: 'over', isImporting: false, unchangedSince }],
    ['of a deleted image', of(started, staged, { type: 'ImageDeleted', data: {} }), { state: 'over', isImporting: false, unchangedSince }],
    ['that it says are gone', of(started, staged, expired, removed), { state: 'gone' }], ['of no image', noImage(), { state: 'unknown' }],
    ['of an image that cannot be read', new Error('parked'), { state: 'unreadable' }],
  ])('is said of bytes %s', async (_, state, expected) => { expect(await fate(state)).toEqual(expected); });
});
