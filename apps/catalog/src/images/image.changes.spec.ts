import { evolveImage, noImage, type ImageEvent, type ImageState } from '#libs/domain';
import { changesBetween } from './image.changes.js';

const at = new Date('2026-01-02T03:04:05.006Z');
const attemptId = '11111111-2222-4333-8444-555555555555';
const after = (events: readonly ImageEvent[], from: ImageState = noImage()) => events.reduce((state, event) => evolveImage(state, event, at), from);
const anImage: ImageEvent = { type: 'ImageCreated', data: { name: 'cirros', owner: 'demo', visibility: 'shared', tags: ['b', 'a'], properties: { os: 'linux' } } };
const changed = (given: ImageEvent[], ...commit: ImageEvent[]) => changesBetween(after(given), after(commit, after(given)));

describe('What a commit changed, in the words of the Image API', () => {
  it('tells every value that a new image has, without anything before it', () => {
    const changes = changed([], anImage);
    expect(changes).toContainEqual({ name: 'name', to: 'cirros' });
    expect(changes).toContainEqual({ name: 'os', to: 'linux' });
    expect(changes).toContainEqual({ name: 'tags', to: ['a', 'b'] });
    expect(changes).toContainEqual({ name: 'protected', to: false });
    expect(changes.every((change) => !('from' in change) && change.to !== null)).toBe(true);
  });

  it('tells only what changed, from what to what', () => {
    expect(changed([anImage], { type: 'ImagePropertiesChanged', data: { attributes: { name: 'new', minDisk: 5 }, cleared: ['owner'], set: { os: 'bsd', arch: 'arm' }, removed: [] } })).toEqual([
      { name: 'arch', to: 'arm' },
      { name: 'min_disk', from: 0, to: 5 },
      { name: 'name', from: 'cirros', to: 'new' },
      { name: 'os', from: 'linux', to: 'bsd' },
      { name: 'owner', from: 'demo', to: null },
    ]);
  });

  it('tells a removed property as one that is nothing any more', () => {
    expect(changed([anImage], { type: 'ImagePropertiesChanged', data: { attributes: {}, cleared: [], set: {}, removed: ['os'] } }))
      .toEqual([{ name: 'os', from: 'linux' }]);
  });

  it('tells a member by its project and status', () => {
    const given: ImageEvent[] = [anImage, { type: 'MemberAdded', data: { memberId: 'p2' } }];
    expect(changed(given, { type: 'MemberAccepted', data: { memberId: 'p2' } })).toEqual([{ name: 'members/p2', from: 'pending', to: 'accepted' }]);
    expect(changed(given, { type: 'MemberRemoved', data: { memberId: 'p2' } })).toEqual([{ name: 'members/p2', from: 'pending' }]);
  });

  it('tells the data of an upload with the store that holds it', () => {
    const given: ImageEvent[] = [anImage, { type: 'ImageDataUploadStarted', data: { attemptId, storeId: 'fast' } }];
    const stored: ImageEvent = { type: 'ImageDataStored', data: { attemptId, storeId: 'fast', sizeBytes: 3, checksum: 'c', osHashAlgo: 'sha512', osHashValue: 'h' } };
    expect(changed(given, stored, { type: 'ImageActivated', data: {} })).toEqual([
      { name: 'checksum', from: null, to: 'c' },
      { name: 'os_hash_algo', from: null, to: 'sha512' },
      { name: 'os_hash_value', from: null, to: 'h' },
      { name: 'size', from: null, to: 3 },
      { name: 'status', from: 'saving', to: 'active' },
      { name: 'stores', to: 'fast' },
    ]);
  });

  it('tells deletion as the status, with the rest of the image as it was', () => {
    expect(changed([anImage], { type: 'ImageDeleted', data: {} })).toEqual([{ name: 'status', from: 'queued', to: 'deleted' }]);
  });
});
