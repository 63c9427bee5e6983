import fc from 'fast-check';
import { evolveImage, noImage, stagingStoreId, type Image, type ImageEvent, type ImageState } from '#libs/domain';
import { anImage, attemptId, otherAttemptId, someData } from '#libs/testing';
import { knownFromDeleted, type DeletedRow } from './deleted-image.row.js';
import { projectImage, type Changes, type KnownImage } from './image.projection.js';
import { rowOf, stateOf, type AttemptRow, type ImageRow } from './image.row.js';
import { groupByImage } from './image.writer.js';
import { generatedLog, idOf, inBatches, someLog, type SomeLog } from './some-log.suite.js';

const imageId = idOf(1);
const at = '2026-03-01T00:00:00.000Z';

/** One commit for each list of events. */
function given(...commits: (readonly ImageEvent[])[]): SomeLog {
  const log = someLog(0);
  for (const events of commits) log.append(imageId, events);
  return log;
}
const project = (log: SomeLog, known?: KnownImage) => projectImage(imageId, known, groupByImage(log.messages).get(imageId) ?? []);

describe('the row of an image', () => {
  it('says of an image that is on its way that it is in no list, and of what it will be', () => {
    const arrival = { actionType: 'import', location: 'https://a/b', imageProperties: { name: 'n' } } as const;
    const { changes, after } = project(given([{ type: 'ImageCreated', data: { visibility: 'public', tags: [], properties: {}, arrival } }]));
    const [row] = changes.images;
    expect(row).toMatchObject({ visibility: 'arriving', arriving: { ...arrival, visibility: 'public' } });
    expect(row && stateOf(row, [])).toEqual(after?.image);
  });

  it('is what its events say, with the version and sequence of the last commit', () => {
    const { changes } = project(given(anImage({ status: 'active', name: 'n', visibility: 'private', tags: ['t'], properties: { os: 'x' } }), [{ type: 'ImageDeactivated', data: {} }]));
    expect(changes.images).toEqual([{
      id: imageId, name: 'n', owner: 'owner', is_protected: false, is_hidden: false, container_format: 'bare', disk_format: 'raw', min_disk: 0, min_ram: 0,
      status: 'deactivated', visibility: 'private', tags: ['t'], properties: { os: 'x' },
      size_bytes: 12, virtual_size_bytes: null, checksum: someData.checksum, os_hash_algo: 'sha512', os_hash_value: someData.osHashValue,
      staged: null, importing: null, last_import_failed_stores: null, arriving: null,
      attempts: [{ attemptId, storeId: 'fast', state: 'stored' }], created_at: at, updated_at: at, version: 2, sequence: 2,
    }]);
    expect(changes.parked).toEqual([]);
  });

  it('keeps the members apart, in their order, and names those that are gone', () => {
    const first = project(given(anImage(), [{ type: 'MemberAdded', data: { memberId: 'b' } }], [{ type: 'MemberAdded', data: { memberId: 'a' } }]));
    expect(first.changes.members.map(({ member_id, ordinal, status }) => ({ member_id, ordinal, status }))).toEqual([
      { member_id: 'b', ordinal: 0, status: 'pending' }, { member_id: 'a', ordinal: 1, status: 'pending' }]);
    const log = given(anImage(), [{ type: 'MemberAdded', data: { memberId: 'b' } }], [{ type: 'MemberAdded', data: { memberId: 'a' } }], [{ type: 'MemberRemoved', data: { memberId: 'b' } }]);
    const { changes } = project(log, first.after);
    expect(changes.removedMembers).toEqual([{ image_id: imageId, member_id: 'b' }]);
    expect(changes.members).toMatchObject([{ member_id: 'a', ordinal: 0 }]);
  });

  it('leaves the table with its image', () => {
    const known = project(given(anImage())).after;
    const { after, changes } = project(given(anImage(), [{ type: 'ImageDeleted', data: {} }]), known);
    expect(after?.image.status).toBe('deleted');
    expect(changes).toMatchObject({ images: [], deletedImages: [imageId], deleted: [{ image_id: imageId, owner: 'owner', created_at: at, deleted_at: at, version: 2, sequence: 2, image: { status: 'deleted' } }] });
  });

  it('is written once for a whole batch, and not at all for commits it has seen', () => {
    const log = given(anImage(), [{ type: 'ImageTagAdded', data: { tag: 'a' } }], [{ type: 'ImageTagAdded', data: { tag: 'b' } }]);
    const { after, changes } = project(log);
    expect(changes.images).toHaveLength(1);
    expect(project(log, after).changes.images).toEqual([]);
  });
});

describe('the work with attempts', () => {
  const started = (attempt: string): ImageEvent => ({ type: 'ImageDataUploadStarted', data: { attemptId: attempt, storeId: 'fast' } });
  const failed: ImageEvent = { type: 'ImageDataUploadFailed', data: { attemptId, reason: 'interrupted' } };
  const states = (changes: Changes) => changes.attempts.map(({ attempt_id, state }: AttemptRow) => [attempt_id, state]);

  it('is an open attempt, until it is over or stored', () => {
    expect(states(project(given(anImage(), [started(attemptId)])).changes)).toEqual([[attemptId, 'open']]);
    expect(states(project(given(anImage(), [started(attemptId)], [failed], [started(otherAttemptId)])).changes)).toEqual([[attemptId, 'over'], [otherAttemptId, 'open']]);
    expect(project(given(anImage({ status: 'active' }))).changes).toMatchObject({ attempts: [], removedAttempts: [] });
    const stored: ImageEvent[] = [{ type: 'ImageDataStored', data: { attemptId, storeId: 'fast', ...someData } }];
    const log = given(anImage(), [started(attemptId)], stored);
    const saving = projectImage(imageId, undefined, (groupByImage(log.messages).get(imageId) ?? []).slice(0, 2)).after;
    expect(project(log, saving).changes).toMatchObject({ attempts: [], removedAttempts: [{ attempt_id: attemptId }] });
  });

  it('outlives its image until the bytes are gone', () => {
    expect(states(project(given(anImage({ status: 'deleted' }))).changes)).toEqual([[attemptId, 'over']]);
    const gone = someLog();
    gone.append(imageId, anImage({ status: 'deleted' }));
    gone.append(imageId, [{ type: 'ImageDataRemoved', data: { attemptId, storeId: 'fast' } }]);
    const [, last] = groupByImage(gone.messages).get(imageId) ?? [];
    expect(projectImage(imageId, undefined, last ? [last] : []).changes).toMatchObject({ removedAttempts: [{ attempt_id: attemptId }], parked: [] });
  });
});

describe('a commit that cannot be projected', () => {
  it('parks its image with the reason, and keeps what came before', () => {
    const log = given(anImage({ name: 'before' }));
    log.appendRaw(imageId, Buffer.from('{"specversion":"9"}'));
    log.append(imageId, [{ type: 'ImageTagAdded', data: { tag: 'after' } }]);
    const { changes } = project(log);
    expect(changes.images).toMatchObject([{ name: 'before', tags: [], sequence: 1 }]);
    expect(changes.parked).toEqual([{ image_id: imageId, sequence: 2, reason: expect.stringContaining('not a commit') }]);
  });

  it('is one whose predecessor is missing', () => {
    const log = given(anImage(), [{ type: 'ImageTagAdded', data: { tag: 'a' } }], [{ type: 'ImageTagAdded', data: { tag: 'b' } }]);
    const [first, , third] = groupByImage(log.messages).get(imageId) ?? [];
    const { changes } = projectImage(imageId, undefined, first && third ? [first, third] : []);
    expect(changes.parked).toMatchObject([{ sequence: 3, reason: 'commit has version 3; 2 should follow' }]);
  });

  it('is one of another image under this subject', () => {
    const log = given(anImage());
    log.appendRaw(idOf(2), log.messages[0]?.bytes ?? Buffer.alloc(0));
    expect(projectImage(idOf(2), undefined, groupByImage(log.messages).get(idOf(2)) ?? []).changes.parked).toMatchObject([{ image_id: idOf(2) }]);
  });
});

describe('generated histories', () => {
  it('fold to the same state through rows, however they are cut into batches, as event by event', () => {
    fc.assert(fc.property(generatedLog, fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 5 }), (log, sizes) => {
      const known = new Map<string, KnownImage>();
      for (const batch of inBatches(log.messages, sizes)) {
        for (const [id, commits] of groupByImage(batch)) {
          const { changes } = projectImage(id, known.get(id), commits);
          expect(changes.parked).toEqual([]);
          for (const row of changes.images) known.set(id, { ...row, image: stateOf(JSON.parse(JSON.stringify(row)), changes.members.length > 0 ? changes.members : unchanged(known.get(id), changes)) });
          for (const row of changes.deleted) known.set(id, knownFromDeleted(JSON.parse(JSON.stringify(row)) as DeletedRow));
        }
      }
      expect(new Map([...known].map(([id, { image }]) => [id, image]))).toEqual(new Map(log.states));
    }), { numRuns: 200 });
  });
});

/** Where no member row is written, the members are those that were, without those that went. */
function unchanged(known: KnownImage | undefined, changes: Changes): Parameters<typeof stateOf>[1] {
  const gone = new Set(changes.removedMembers.map(({ member_id }) => member_id));
  return (known?.image.members ?? []).filter(({ memberId }) => !gone.has(memberId)).map((member, ordinal) => ({
    image_id: '', member_id: member.memberId, ordinal, status: member.status,
    created_at: member.createdAt.toISOString(), updated_at: member.updatedAt.toISOString(), image_created_at: '',
  }));
}

describe('the row of an image that is imported', () => {
  it('loses nothing of what is staged, of the lock, and of what failed before', () => {
    const importId = '22222222-2222-4333-8444-555555555555';
    const { virtualSizeBytes: _, ...staged } = someData;
    const events: ImageEvent[] = [
      ...anImage(),
      { type: 'ImageStagingStarted', data: { attemptId, storeId: stagingStoreId } },
      { type: 'ImageDataStaged', data: { attemptId, storeId: stagingStoreId, ...staged } },
      { type: 'ImageImportRequested', data: { importId, method: 'glance-direct', storeIds: ['fast'], allStoresMustSucceed: true } },
      { type: 'ImageStoreImportFailed', data: { importId, storeId: 'fast', reason: 'full' } },
      { type: 'ImageImportFailed', data: { importId, reason: 'full' } },
      { type: 'ImageImportRequested', data: { importId, method: 'glance-direct', storeIds: ['fast', 'far'], allStoresMustSucceed: false } },
    ];
    const image = events.reduce<ImageState>((state, event) => evolveImage(state, event, new Date(at)), noImage()) as Image;
    expect(stateOf(JSON.parse(JSON.stringify(rowOf(imageId, image, { version: 1, sequence: 1 }))) as ImageRow, [])).toEqual(image);
    expect(image).toMatchObject({ status: 'importing', staged: { attemptId }, lastImportFailedStoreIds: ['fast'], importing: { pendingStoreIds: ['fast', 'far'] } });
  });
});
