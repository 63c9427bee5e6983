import { claimsOf, exportStoreId, imageDecider, nextImportStep, regionsStoreId, usageOf, type Image, type ImageCommand, type ImageEvent } from '#libs/domain';
import { attemptId, someData, specification } from '#libs/testing';

const imageId = '11111111-2222-4333-8444-555555555555';
const importId = '22222222-2222-4333-8444-555555555555';
const given = specification(imageDecider({ properties: 1, tags: -1, members: -1, locations: 2 }));
const asked = (command: ImageCommand) => ({ imageId, command });
const arrival = { actionType: 'import', location: 'https://images.example/x', imageProperties: { name: 'n' } } as const;
const request = { importId, method: 'web-download', storeIds: ['fast', 'fast'], allStoresMustSucceed: true, skipsPresent: false, sourceUri: 'https://images.example/x' } as const;
const nothingSet = { name: 'n', owner: 'p', isProtected: false, isHidden: false, containerFormat: 'bare', diskFormat: null, minDisk: 0, minRam: 0 };
const create = (more: Partial<Extract<ImageCommand, { type: 'CreateArrivingImage' }>> = {}) =>
  asked({ type: 'CreateArrivingImage', visibility: 'private', tags: [], properties: {}, arrival, request, ...nothingSet, ...more });

const { diskFormat: _, ...attributes } = nothingSet;
const created: ImageEvent = { type: 'ImageCreated', data: { ...attributes, visibility: 'private', tags: [], properties: {}, arrival } };
const { skipsPresent: __, ...requestData } = request;
const requested: ImageEvent = { type: 'ImageImportRequested', data: { ...requestData, storeIds: ['fast'] } };
const started: ImageEvent = { type: 'ImageStoreImportStarted', data: { importId, attemptId, storeId: 'fast' } };
const deleted: ImageEvent = { type: 'ImageDeleted', data: {} };
const failed: ImageEvent = { type: 'ImageImportFailed', data: { importId, reason: 'gone' } };
const complete = (format?: string, inspection = { findings: [], ...(format === undefined ? {} : { format }) }) =>
  asked({ type: 'CompleteStoreImport', importId, attemptId, ...someData, inspection, acceptedAs: { diskFormat: null, containerFormat: 'bare' } });
const stateOf = (...history: ImageEvent[]) => given(...history).state() as Image;

describe('An image that nobody sees before it has its data', () => {
  it('is created and takes its import lock in one commit, each store once', () => {
    given().when(create()).then(created, requested);
    expect(stateOf(created, requested)).toMatchObject({ status: 'importing', arriving: arrival, importing: { importId } });
  });

  it('keeps to the limits of every image, and has an id of its own', () => {
    given().when(create({ properties: { one: '1', two: '2' } })).refuses('TooManyProperties');
    given().when(create({ request: { ...request, storeIds: ['a', 'b', 'c'] } })).refuses('TooManyLocations');
    given(created, requested).when(create()).refuses('ImageIdTaken');
  });

  it.each([['qcow2', 'qcow2'], ['gpt', 'raw'], ['mbr', 'raw'], ['iso', 'iso']])('has the disk format of its data, %s as %s, where nobody said another', (format, diskFormat) => {
    given(created, requested, started).when(complete(format)).then(
      { type: 'ImageDataInspected', data: { attemptId, format, findings: [] } },
      { type: 'ImagePropertiesChanged', data: { attributes: { diskFormat }, cleared: [], set: {}, removed: [] } },
      { type: 'ImageDataStored', data: { attemptId, storeId: 'fast', ...someData } },
      { type: 'ImageActivated', data: {} },
    );
  });

  it.each([['raw'], ['luks'], [undefined]])('is none where its data, found to be %s, does not tell', (format) => {
    given(created, requested, started).when(complete(format)).refuses('DataFormatUnknown');
  });

  it('is there, as every other, once it is active', () => {
    const active = stateOf(created, requested, started, { type: 'ImageDataStored', data: { attemptId, storeId: 'fast', ...someData } }, { type: 'ImageActivated', data: {} });
    expect(active).toMatchObject({ status: 'active', visibility: 'private' });
    expect(active).not.toHaveProperty('arriving');
  });

  it('goes with its import, in the same commit, whether that failed or was cancelled', () => {
    given(created, requested).when(asked({ type: 'FailImport', importId, reason: 'gone' })).then(failed, deleted);
    const storeFailed: ImageEvent = { type: 'ImageStoreImportFailed', data: { importId, storeId: 'fast', reason: 'full' } };
    given(created, requested, storeFailed).when(asked({ type: 'FinishImport', importId, reason: 'gone' })).then(failed, deleted);
    expect(stateOf(created, requested, started, failed, deleted)).toMatchObject({ status: 'deleted', attempts: [{ attemptId, state: 'over' }] });
  });

  it('stays where its import fails after it was there', () => {
    const two: ImageEvent = { type: 'ImageImportRequested', data: { ...requestData, storeIds: ['fast', 'far'], allStoresMustSucceed: false } };
    const history = [created, two, started, { type: 'ImageDataStored', data: { attemptId, storeId: 'fast', ...someData } } as const, { type: 'ImageActivated', data: {} } as const];
    given(...history).when(asked({ type: 'FailImport', importId, reason: 'gone' })).then(
      { type: 'ImageStoreImportFailed', data: { importId, storeId: 'far', reason: 'gone' } }, { type: 'ImageImportSucceeded', data: { importId } },
    );
  });
});

describe.each([
  ['a clone', 'clone', { method: 'clone-image', targetRegions: ['RegionTwo'], targetImageId: '44444444-4444-4444-8444-444444444444' }],
  ['a replication', 'replicate', { method: 'replicate-image', targetRegions: ['RegionTwo', 'RegionThree'] }],
] as const)('The image of %s, which never comes to be here', (_, actionType, target) => {
  const asks: ImageEvent[] = [
    { type: 'ImageCreated', data: { ...attributes, visibility: 'private', tags: [], properties: {}, arrival: { actionType, imageProperties: {} } } },
    { type: 'ImageImportRequested', data: { importId, sourceImageId: imageId, ...target, storeIds: [regionsStoreId], allStoresMustSucceed: true } },
  ];
  const begun: ImageEvent = { type: 'ImageStoreImportStarted', data: { importId, attemptId, storeId: regionsStoreId } };
  const removed: ImageEvent = { type: 'ImageDataRemoved', data: { attemptId, storeId: regionsStoreId } };

  it('has the lock of an import until the regions have their copies, counts for no limit, and goes', () => {
    expect(nextImportStep(stateOf(...asks), importId)).toEqual({ do: 'bring', storeIds: [regionsStoreId] });
    expect(claimsOf('command', { exists: false }, stateOf(...asks), asks)).toEqual([]);
    given(...asks, begun).when(complete()).then({ type: 'ImageImportSucceeded', data: { importId } }, deleted, removed);
  });

  it('goes in the same way where it failed or was cancelled', () => {
    given(...asks, begun).when(asked({ type: 'FailImport', importId, reason: 'gone' })).then(failed, deleted, removed);
  });
});

describe('The image of an export, which never comes to be', () => {
  const sent: ImageEvent[] = [
    { type: 'ImageCreated', data: { ...attributes, visibility: 'private', tags: [], properties: {}, arrival: { actionType: 'export', location: 'https://s3.example/x', imageProperties: {} } } },
    { type: 'ImageImportRequested', data: { importId, method: 'export-image', sourceImageId: imageId, targetUri: 'https://s3.example/x', storeIds: [exportStoreId], allStoresMustSucceed: true } },
  ];
  const begun: ImageEvent = { type: 'ImageStoreImportStarted', data: { importId, attemptId, storeId: exportStoreId } };
  const removed: ImageEvent = { type: 'ImageDataRemoved', data: { attemptId, storeId: exportStoreId } };

  it('ends with its export, and leaves nothing to be looked for', () => {
    given(...sent, begun).when(complete()).then({ type: 'ImageImportSucceeded', data: { importId } }, deleted, removed);
    expect(stateOf(...sent, begun, { type: 'ImageImportSucceeded', data: { importId } }, deleted, removed)).toMatchObject({ status: 'deleted', attempts: [], data: null });
  });

  it('ends in the same way where the export failed or was cancelled', () => {
    given(...sent, begun).when(asked({ type: 'FailImport', importId, reason: 'gone' })).then(failed, deleted, removed);
  });

  it('is worked on as every import is, and counts for no limit', () => {
    const state = stateOf(...sent);
    expect(nextImportStep(state, importId)).toEqual({ do: 'bring', storeIds: [exportStoreId] });
    expect(usageOf(state)).toEqual({ images: 0, sizeBytes: 0, stageBytes: 0, uploads: 0 });
    expect(claimsOf('command', { exists: false }, state, sent)).toEqual([]);
  });
});
