import fc from 'fast-check';
import { claimsOf, evolveImage, granted, holdersOf, noImage, releasedBy, stagingStoreId, usageChanges, usageOf, type Image, type ImageEvent, type ImageState } from '#libs/domain';
import { anImage, attemptId, otherAttemptId, someData, specTime } from '#libs/testing';

const importId = '22222222-2222-4333-8444-555555555555';
const command = 'command:image:1';
const fold = (events: readonly ImageEvent[], from: ImageState = noImage()): ImageState => events.reduce((state, event) => evolveImage(state, event, specTime), from);
const after = (...events: ImageEvent[]): Image => fold(events) as Image;

/** The last event is the commit; what came before it is known. */
function committing(...history: ImageEvent[]) {
  const before = fold(history.slice(0, -1));
  const now = fold(history.slice(-1), before) as Image;
  return { claims: claimsOf(command, before, now, history.slice(-1)), released: releasedBy(command, before, now), used: usageOf(now) };
}

const started = (declaredSizeBytes?: number): ImageEvent =>
  ({ type: 'ImageDataUploadStarted', data: { attemptId, storeId: 'fast', ...(declaredSizeBytes === undefined ? {} : { declaredSizeBytes }) } });
const stored = (storeId = 'fast', id = attemptId): ImageEvent => ({ type: 'ImageDataStored', data: { attemptId: id, storeId, ...someData } });
const activated: ImageEvent = { type: 'ImageActivated', data: {} };
const stagingStarted: ImageEvent = { type: 'ImageStagingStarted', data: { attemptId, storeId: stagingStoreId } };
const { virtualSizeBytes: _, ...stagedFacts } = someData;
const staged: ImageEvent = { type: 'ImageDataStaged', data: { attemptId, storeId: stagingStoreId, ...stagedFacts } };
const requested = (method: 'glance-direct' | 'web-download' | 'copy-image', storeIds = ['fast', 'far']): ImageEvent =>
  ({ type: 'ImageImportRequested', data: { importId, method, storeIds, allStoresMustSucceed: true } });
const storeStarted = (storeId: string, id: string): ImageEvent => ({ type: 'ImageStoreImportStarted', data: { importId, attemptId: id, storeId } });

describe('What a project uses', () => {
  it('counts an image once, and its data once in each store', () => {
    expect(usageOf(after(...anImage()))).toEqual({ images: 1, sizeBytes: 0, stageBytes: 0, uploads: 0 });
    expect(usageOf(after(...anImage({ status: 'active' }), requested('copy-image', ['far']), storeStarted('far', otherAttemptId), stored('far', otherAttemptId)))).toMatchObject({ images: 1, sizeBytes: 24 });
  });

  it('counts an image as an upload from the first byte until it is active, and while it is copied', () => {
    expect(usageOf(after(...anImage({ status: 'saving' })))).toMatchObject({ uploads: 1 });
    expect(usageOf(after(...anImage(), stagingStarted, staged))).toMatchObject({ uploads: 1, stageBytes: 12, sizeBytes: 0 });
    expect(usageOf(after(...anImage(), stagingStarted, staged, requested('glance-direct')))).toMatchObject({ uploads: 1, stageBytes: 12 });
    expect(usageOf(after(...anImage({ status: 'active' })))).toMatchObject({ uploads: 0 });
    expect(usageOf(after(...anImage({ status: 'active' }), requested('copy-image', ['far'])))).toMatchObject({ uploads: 1 });
  });

  it('counts nothing of a deleted image', () => {
    expect(usageOf(after(...anImage({ status: 'deleted' })))).toEqual({ images: 0, sizeBytes: 0, stageBytes: 0, uploads: 0 });
  });

  it('goes with an image to another owner', () => {
    const image = after(...anImage({ status: 'active' }));
    expect(usageChanges(image, { ...image, owner: 'other' })).toEqual([
      { project: 'owner', usage: { images: -1, sizeBytes: -12, stageBytes: -0, uploads: -0 } }, { project: 'other', usage: { images: 1, sizeBytes: 12, stageBytes: 0, uploads: 0 } },
    ]);
    expect(usageChanges(image, { ...image, name: 'other' })).toEqual([]);
    expect(usageChanges(undefined, { ...image, owner: null })).toEqual([]);
  });
});

describe('What is reserved before a commit', () => {
  it('is an image for a new one, and an upload where data begins to arrive, until the commit is counted', () => {
    expect(committing(...anImage())).toMatchObject({ claims: [{ holder: command, resource: 'images', amount: 1 }], released: [command] });
    expect(committing(...anImage(), started())).toMatchObject({ claims: [{ holder: command, resource: 'uploads' }, { holder: `attempt:${attemptId}` }], released: [command] });
  });

  it('is the declared size of an upload, for as long as its attempt is open', () => {
    expect(committing(...anImage(), started(500)).claims).toContainEqual({ holder: `attempt:${attemptId}`, resource: 'sizeBytes', amount: 500, isUnannounced: false, isNew: true });
    expect(holdersOf(after(...anImage(), started(500)))).toEqual(new Set([`attempt:${attemptId}`]));
    const failed: ImageEvent = { type: 'ImageDataUploadFailed', data: { attemptId, reason: 'lease_expired' } };
    expect(committing(...anImage(), started(500), failed)).toMatchObject({ claims: [], released: [`attempt:${attemptId}`] });
  });

  it('is all that arrived where an upload is completed: without it nothing is', () => {
    expect(committing(...anImage(), started(), stored())).toMatchObject({
      claims: [{ holder: `attempt:${attemptId}`, resource: 'sizeBytes', amount: 12, isUnannounced: true, isNew: false }], released: [command, `attempt:${attemptId}`], used: { sizeBytes: 12 },
    });
  });

  it('is of the staging area for what is staged', () => {
    expect(committing(...anImage(), stagingStarted).claims).toContainEqual(expect.objectContaining({ holder: `attempt:${attemptId}`, resource: 'stageBytes', amount: 0 }));
    expect(committing(...anImage(), stagingStarted, staged)).toMatchObject({ claims: [{ resource: 'stageBytes', amount: 12 }], released: [`attempt:${attemptId}`] });
  });

  it('is the size of what is staged or copied for each store of an import, and nothing yet where nobody knows', () => {
    const holders = [`import:${importId}:fast`, `import:${importId}:far`];
    const amounts = (...history: ImageEvent[]) => committing(...history).claims.filter(({ resource }) => resource === 'sizeBytes').map(({ holder, amount }) => [holder, amount]);
    expect(amounts(...anImage(), stagingStarted, staged, requested('glance-direct'))).toEqual(holders.map((holder) => [holder, 12]));
    expect(amounts(...anImage(), requested('web-download'))).toEqual(holders.map((holder) => [holder, 0]));
    expect(amounts(...anImage({ status: 'active' }), requested('copy-image', ['far']))).toEqual([[holders[1], 12]]);
  });

  it('of an import ends store by store, and altogether with it', () => {
    const history = [...anImage(), requested('web-download'), storeStarted('fast', attemptId)];
    expect(committing(...history, stored()).released.toSorted()).toEqual([`attempt:${attemptId}`, command, `import:${importId}:fast`]);
    const failed: ImageEvent = { type: 'ImageImportFailed', data: { importId, reason: 'gone' } };
    expect(committing(...history, failed).released.toSorted()).toEqual([`attempt:${attemptId}`, `import:${importId}:far`, `import:${importId}:fast`]);
    expect(committing(...history, { type: 'ImageDeleted', data: {} }).released).toHaveLength(3);
  });

  it('is the data of a location that is added, which no attempt brings', () => {
    const located: ImageEvent = { type: 'ImageLocationAdded', data: { attemptId: otherAttemptId, storeId: 'web', uri: 'https://images.example/x', metadata: {}, sizeBytes: 12 } };
    expect(committing(...anImage(), located)).toMatchObject({ claims: [{ holder: command, resource: 'sizeBytes', amount: 12, isNew: true }], released: [command], used: { sizeBytes: 12 } });
    expect(committing(...anImage({ status: 'active' }), located).claims).toMatchObject([{ resource: 'sizeBytes', amount: 12 }]);
  });

  it('is nothing where nothing is added', () => {
    expect(committing(...anImage(), { type: 'ImageTagAdded', data: { tag: 'a' } })).toMatchObject({ claims: [], released: [] });
    expect(committing(...anImage({ status: 'active' }), { type: 'ImageDeleted', data: {} })).toMatchObject({ claims: [], released: [] });
    expect(committing(...anImage(), started(), stored(), activated)).toMatchObject({ claims: [], released: [] });
  });
});

describe('What a holder gets', () => {
  const none = { amount: 0, crosses: false };
  const asked = (more: Partial<Parameters<typeof granted>[0]>) => granted({ limit: 10, taken: 8, held: none, need: 1, want: 1, mayCross: false, ...more });

  it('is what he wants while there is room, what is left where that is enough, and nothing more', () => {
    expect(asked({ want: 2 })).toEqual({ amount: 2, crosses: false });
    expect(asked({ want: 64 })).toEqual({ amount: 2, crosses: false });
    expect(asked({ need: 3, want: 3 })).toBeUndefined();
    expect(asked({ limit: Infinity, want: 64 })).toEqual({ amount: 64, crosses: false });
  });

  it('is nothing for who begins over the limit, and something for who begins at it', () => {
    expect(asked({ taken: 11, need: 0, want: 0 })).toBeUndefined();
    expect(asked({ taken: 10, need: 0, want: 0 })).toEqual(none);
  });

  it('stays his, whatever became of the limit', () => {
    expect(asked({ limit: 1, taken: 8, held: { amount: 5, crosses: false }, need: 5, want: 5 })).toEqual({ amount: 5, crosses: false });
  });

  it('may be more than there is for one holder at a time, until he is done', () => {
    expect(asked({ need: 5, want: 64, mayCross: true })).toEqual({ amount: 64, crosses: true });
    expect(asked({ taken: 72, held: { amount: 64, crosses: true }, need: 65, want: 128 })).toEqual({ amount: 128, crosses: true });
    expect(asked({ taken: 72, held: { amount: 1, crosses: false }, need: 2, want: 2, mayCross: true })).toBeUndefined();
  });

  it('never lets what was announced exceed a limit, in whatever order it is asked for', () => {
    fc.assert(fc.property(fc.nat(100), fc.array(fc.record({ holder: fc.nat(3), need: fc.nat(40), spare: fc.nat(40) })), (limit, requests) => {
      const held = new Map<number, number>();
      const taken = (): number => [...held.values()].reduce((sum, amount) => sum + amount, 0);
      for (const { holder, need, spare } of requests) {
        const result = granted({ limit, taken: taken(), held: { amount: held.get(holder) ?? 0, crosses: false }, need, want: need + spare, mayCross: false });
        if (result) held.set(holder, result.amount);
        expect(taken()).toBeLessThanOrEqual(limit);
        if (result) expect(result.amount).toBeGreaterThanOrEqual(need);
      }
    }));
  });
});
