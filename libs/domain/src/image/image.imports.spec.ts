import { imageDecider, nextImportStep, stagingStoreId, type Image, type ImageCommand, type ImageEvent, type ImportMethod } from '#libs/domain';
import { anImage, attemptId, otherAttemptId, someData, specification } from '#libs/testing';

const imageId = '11111111-2222-4333-8444-555555555555';
const importId = '22222222-2222-4333-8444-555555555555';
const given = specification(imageDecider({ properties: -1, tags: -1, members: -1 }));
const asked = (command: ImageCommand) => ({ imageId, command });
const { virtualSizeBytes: _, ...staged } = someData;

const stagingStarted: ImageEvent = { type: 'ImageStagingStarted', data: { attemptId, storeId: stagingStoreId } };
const dataStaged: ImageEvent = { type: 'ImageDataStaged', data: { attemptId, storeId: stagingStoreId, ...staged } };
const aStagedImage = (): ImageEvent[] => [...anImage(), stagingStarted, dataStaged];

const request = (method: ImportMethod, storeIds: string[] = ['fast'], more: Partial<Extract<ImageCommand, { type: 'RequestImageImport' }>> = {}) =>
  ({ type: 'RequestImageImport', importId, method, storeIds, allStoresMustSucceed: true, skipsPresent: false, ...more }) as const;
const requested = (method: ImportMethod, storeIds: string[] = ['fast'], allStoresMustSucceed = true): ImageEvent =>
  ({ type: 'ImageImportRequested', data: { importId, method, storeIds, allStoresMustSucceed } });
const started = (storeId: string, id: string): ImageEvent => ({ type: 'ImageStoreImportStarted', data: { importId, attemptId: id, storeId } });
const stored = (storeId: string, id: string): ImageEvent => ({ type: 'ImageDataStored', data: { attemptId: id, storeId, ...someData } });
const storeFailed = (storeId: string): ImageEvent => ({ type: 'ImageStoreImportFailed', data: { importId, storeId, reason: 'full' } });
const complete = (id: string, facts = someData) => asked({ type: 'CompleteStoreImport', importId, attemptId: id, ...facts });
const finish = asked({ type: 'FinishImport', importId, reason: 'store fast is full' });
const stateOf = (...history: ImageEvent[]) => given(...history).state() as Image;

describe('image_location_quota', () => {
  const limited = specification(imageDecider({ properties: -1, tags: -1, members: -1, locations: 2 }));

  it('refuses an import that would put the data in more places, those where it lies counted', () => {
    limited(...anImage()).when(asked(request('web-download', ['fast', 'far', 'near']))).refuses('TooManyLocations');
    limited(...anImage()).when(asked(request('web-download', ['fast', 'far']))).then(requested('web-download', ['fast', 'far']));
    limited(...anImage({ status: 'active' })).when(asked(request('copy-image', ['far', 'near']))).refuses('TooManyLocations');
    limited(...anImage({ status: 'active' })).when(asked(request('copy-image', ['far']))).then(requested('copy-image', ['far']));
  });
});

describe('Stage binary image data', () => {
  const start = asked({ type: 'StartImageStaging', attemptId, storeId: stagingStoreId });

  it('takes a queued image to uploading', () => {
    given(...anImage()).when(start).then(stagingStarted);
    expect(stateOf(...anImage(), stagingStarted).status).toBe('uploading');
  });

  it.each(['saving', 'active', 'deactivated'] as const)('refuses an image that is %s', (status) => {
    given(...anImage({ status })).when(start).refuses('ImageStatusConflict');
  });

  it('refuses an attempt that was made before: whoever has its id has stalled', () => {
    const failed: ImageEvent = { type: 'ImageStagingFailed', data: { attemptId, reason: 'interrupted' } };
    given(...anImage(), stagingStarted, failed).when(start).refuses('AttemptOver');
  });

  it('refuses an image that has staged data', () => {
    given(...aStagedImage()).when(asked({ type: 'StartImageStaging', attemptId: otherAttemptId, storeId: stagingStoreId })).refuses('ImageStatusConflict');
  });

  it('refuses an image without formats', () => {
    given(...anImage({ formats: 'missing' })).when(start).refuses('FormatsMissing');
  });

  it('keeps the bytes for an import', () => {
    given(...anImage(), stagingStarted).when(asked({ type: 'CompleteImageStaging', attemptId, ...staged })).then(dataStaged);
    expect(stateOf(...aStagedImage())).toMatchObject({ status: 'uploading', staged: { attemptId, ...staged }, attempts: [{ attemptId, state: 'staged' }] });
  });

  it('refuses the completion of an attempt that is over', () => {
    given(...anImage()).when(asked({ type: 'CompleteImageStaging', attemptId, ...staged })).refuses('AttemptOver');
  });

  it('returns to queued when it fails', () => {
    const { when } = given(...anImage(), stagingStarted);
    const failed: ImageEvent = { type: 'ImageStagingFailed', data: { attemptId, reason: 'interrupted' } };
    when(asked({ type: 'FailImageStaging', attemptId, reason: 'interrupted' })).then(failed);
    expect(stateOf(...anImage(), stagingStarted, failed)).toMatchObject({ status: 'queued', attempts: [{ attemptId, state: 'over' }] });
  });

  it('gives up what nobody imported in time', () => {
    const { when } = given(...aStagedImage());
    when(asked({ type: 'ExpireStagedData', attemptId })).then({ type: 'ImageStagedDataExpired', data: { attemptId } });
    expect(when(asked({ type: 'ExpireStagedData', attemptId })).state()).toMatchObject({ status: 'queued', staged: null, attempts: [{ state: 'over' }] });
  });

  it('never gives up bytes that an import is using', () => {
    given(...aStagedImage(), requested('glance-direct')).when(asked({ type: 'ExpireStagedData', attemptId })).nothing();
  });
});

describe('Import an image: request', () => {
  it('takes the lock and goes to importing', () => {
    given(...aStagedImage()).when(asked(request('glance-direct'))).then(requested('glance-direct'));
    expect(stateOf(...aStagedImage(), requested('glance-direct'))).toMatchObject({
      status: 'importing', importing: { importId, pendingStoreIds: ['fast'], doneStoreIds: [], failedStoreIds: [] },
    });
  });

  it('leaves an image that is copied active', () => {
    expect(stateOf(...anImage({ status: 'active' }), requested('copy-image', ['far'])).status).toBe('active');
  });

  it('refuses a second import while the first holds the lock', () => {
    given(...aStagedImage(), requested('glance-direct')).when(asked({ ...request('glance-direct'), importId: otherAttemptId })).refuses('ImportInProgress');
  });

  it.each([
    ['glance-direct', 'queued'], ['glance-direct', 'active'], ['web-download', 'active'], ['web-download', 'saving'], ['glance-download', 'active'],
    ['copy-image', 'queued'], ['copy-image', 'deactivated'],
  ] as const)('refuses %s for an image that is %s', (method, status) => {
    given(...anImage({ status })).when(asked(request(method))).refuses('ImageStatusConflict');
  });

  it('refuses web-download for an image that has staged data', () => {
    given(...aStagedImage()).when(asked(request('web-download'))).refuses('ImageStatusConflict');
  });

  it('refuses glance-direct while the bytes are still being staged', () => {
    given(...anImage(), stagingStarted).when(asked(request('glance-direct'))).refuses('ImageStatusConflict');
  });

  it('refuses an image without formats with a code of its own, as Glance answers 409 here', () => {
    given(...anImage({ formats: 'missing' })).when(asked(request('web-download'))).refuses('FormatsMissingForImport');
  });

  it('refuses to copy into a store that has the data', () => {
    given(...anImage({ status: 'active' })).when(asked(request('copy-image', ['fast', 'far']))).refuses('StoreHasImage');
  });

  it('passes over stores that have the data where all are asked for, and does nothing where none is left', () => {
    given(...anImage({ status: 'active' })).when(asked(request('copy-image', ['fast', 'far'], { skipsPresent: true }))).then(requested('copy-image', ['far']));
    given(...anImage({ status: 'active' })).when(asked(request('copy-image', ['fast'], { skipsPresent: true }))).nothing();
  });

  it('fills each store once, however often it is named', () => {
    given(...aStagedImage()).when(asked(request('glance-direct', ['fast', 'fast']))).then(requested('glance-direct'));
  });
});

describe('Import an image: stores', () => {
  const importing = (allMust = true): ImageEvent[] => [...aStagedImage(), requested('glance-direct', ['fast', 'far'], allMust)];
  const [one, two] = ['00000000-0000-4000-8000-0000000000b1', '00000000-0000-4000-8000-0000000000b2'];

  it('opens an attempt towards a pending store, once', () => {
    const command = asked({ type: 'StartStoreImport', importId, attemptId: one, storeId: 'fast' });
    given(...importing()).when(command).then(started('fast', one));
    given(...importing(), started('fast', one)).when(command).nothing();
  });

  it('ends what a dead importer left open towards the store', () => {
    const image = stateOf(...importing(), started('fast', one), started('fast', two));
    expect(image.attempts.filter(({ storeId }) => storeId === 'fast').map(({ state }) => state)).toEqual(['over', 'open']);
  });

  it('activates with the last store where all must succeed', () => {
    given(...importing(), started('fast', one)).when(complete(one)).then(stored('fast', one));
    given(...importing(), started('fast', one), stored('fast', one), started('far', two)).when(complete(two))
      .then(stored('far', two), { type: 'ImageActivated', data: {} });
  });

  it('activates with the first store where one is enough', () => {
    given(...importing(false), started('fast', one)).when(complete(one)).then(stored('fast', one), { type: 'ImageActivated', data: {} });
  });

  it('does not activate where all must succeed and one has failed', () => {
    given(...importing(), storeFailed('far'), started('fast', one)).when(complete(one)).then(stored('fast', one));
  });

  it('refuses bytes that are not those that were staged', () => {
    given(...importing(), started('fast', one)).when(complete(one, { ...someData, checksum: '1'.repeat(32) })).refuses('HashMismatch');
  });

  it('takes other bytes from elsewhere, though an earlier import left staged ones behind', () => {
    const failed: ImageEvent = { type: 'ImageImportFailed', data: { importId, reason: 'store fast is full' } };
    const other = { ...someData, checksum: '1'.repeat(32) };
    given(...aStagedImage(), requested('glance-direct'), failed, requested('web-download'), started('fast', one)).when(complete(one, other))
      .then({ type: 'ImageDataStored', data: { attemptId: one, storeId: 'fast', ...other } }, { type: 'ImageActivated', data: {} });
  });

  it('refuses the completion of an attempt that another importer replaced', () => {
    given(...importing(), started('fast', one), started('fast', two)).when(complete(one)).refuses('AttemptOver');
  });

  it('refuses whoever works for an import that is over', () => {
    given(...aStagedImage()).when(complete(one)).refuses('ImportOver');
  });

  it('tells whoever brings bytes to a deleted image that it is gone', () => {
    given(...importing(), started('fast', one), { type: 'ImageDeleted', data: {} }).when(complete(one)).refuses('ImageGone');
  });

  it('gives up a store, once', () => {
    const command = asked({ type: 'FailStoreImport', importId, storeId: 'fast', reason: 'full' });
    given(...importing(), started('fast', one)).when(command).then(storeFailed('fast'));
    given(...importing(), storeFailed('fast')).when(command).nothing();
    expect(stateOf(...importing(), started('fast', one), storeFailed('fast'))).toMatchObject({
      importing: { pendingStoreIds: ['far'], failedStoreIds: ['fast'] }, attempts: [{ state: 'staged' }, { attemptId: one, state: 'over' }],
    });
  });
});

describe('Import an image: end', () => {
  const one = '00000000-0000-4000-8000-0000000000b1';
  const history = (allMust: boolean, ...more: ImageEvent[]): ImageEvent[] => [...aStagedImage(), requested('glance-direct', ['fast', 'far'], allMust), started('fast', one), stored('fast', one), ...more];
  const succeeded: ImageEvent = { type: 'ImageImportSucceeded', data: { importId } };
  const failed: ImageEvent = { type: 'ImageImportFailed', data: { importId, reason: 'store fast is full' } };

  it('waits for stores that are pending', () => {
    given(...history(false)).when(finish).nothing();
  });

  it('succeeds with one store where one is enough, and lets the staged bytes go', () => {
    given(...history(false, { type: 'ImageActivated', data: {} }, storeFailed('far'))).when(finish).then(succeeded);
    expect(stateOf(...history(false, { type: 'ImageActivated', data: {} }, storeFailed('far'), succeeded))).toMatchObject({
      status: 'active', importing: null, staged: null, lastImportFailedStoreIds: ['far'], attempts: [{ attemptId, state: 'over' }, { attemptId: one, state: 'stored' }],
    });
  });

  it('fails where all must succeed and one did not: queued again, what was brought goes, staged bytes stay', () => {
    given(...history(true, storeFailed('far'))).when(finish).then(failed);
    expect(stateOf(...history(true, storeFailed('far'), failed))).toMatchObject({
      status: 'queued', data: null, importing: null, lastImportFailedStoreIds: ['far'], staged: { attemptId },
      attempts: [{ attemptId, state: 'staged' }, { attemptId: one, state: 'over' }],
    });
  });

  it('can be tried again with the staged bytes', () => {
    given(...history(true, storeFailed('far'), failed)).when(asked(request('glance-direct'))).then(requested('glance-direct'));
  });

  it('lets staged bytes go when others are staged', () => {
    given(...history(true, storeFailed('far'), failed)).when(asked({ type: 'StartImageStaging', attemptId: otherAttemptId, storeId: stagingStoreId })).then(
      { type: 'ImageStagedDataExpired', data: { attemptId } }, { type: 'ImageStagingStarted', data: { attemptId: otherAttemptId, storeId: stagingStoreId } });
  });

  it('leaves an image active whose copy failed, without what was copied', () => {
    const copy = [...anImage({ status: 'active' }), requested('copy-image', ['far', 'third']), started('far', one), stored('far', one), storeFailed('third'), failed];
    expect(stateOf(...copy)).toMatchObject({ status: 'active', data: someData, attempts: [{ storeId: 'fast', state: 'stored' }, { storeId: 'far', state: 'over' }] });
  });

  it('changes nothing when repeated', () => {
    given(...history(true, storeFailed('far'), failed)).when(finish).nothing();
    given(...history(true, storeFailed('far'), failed)).when(asked({ type: 'FailImport', importId, reason: 'cancelled' })).nothing();
  });

  it('ends at once when it is cancelled, whatever its stores are doing', () => {
    const cancelled: ImageEvent = { type: 'ImageImportFailed', data: { importId, reason: 'cancelled' } };
    given(...aStagedImage(), requested('glance-direct'), started('fast', one)).when(asked({ type: 'FailImport', importId, reason: 'cancelled' })).then(cancelled);
    expect(stateOf(...aStagedImage(), requested('glance-direct'), started('fast', one), cancelled).attempts).toMatchObject([{ state: 'staged' }, { state: 'over' }]);
  });
});

describe('Import an image: what else is recorded', () => {
  const one = '00000000-0000-4000-8000-0000000000b1';
  const cancel = asked({ type: 'FailImport', importId, reason: 'cancelled' });
  const hops = [{ uri: 'https://images.example/x', status: 302 }, { uri: 'https://mirror.example/x', status: 200 }];
  const bringing: ImageEvent[] = [...anImage(), requested('web-download', ['fast', 'far'])];

  it('counts every store as failed where the bytes could not be had at all', () => {
    expect(stateOf(...bringing, { type: 'ImageImportFailed', data: { importId, reason: 'not found' } })).toMatchObject({ status: 'queued', lastImportFailedStoreIds: ['fast', 'far'] });
  });

  it('keeps the data of an image that is active already when the rest is cancelled', () => {
    given(...anImage(), requested('web-download', ['fast', 'far'], false), started('fast', one), stored('fast', one), { type: 'ImageActivated', data: {} }).when(cancel).then(
      { type: 'ImageStoreImportFailed', data: { importId, storeId: 'far', reason: 'cancelled' } }, { type: 'ImageImportSucceeded', data: { importId } });
  });

  it('remembers the way to the bytes, while the import runs', () => {
    const command = asked({ type: 'RecordImportHops', importId, hops });
    const remembered: ImageEvent = { type: 'ImageImportSourceAsked', data: { importId, hops } };
    given(...bringing).when(command).then(remembered);
    expect(stateOf(...bringing, remembered)).toEqual(stateOf(...bringing));
    given(...anImage()).when(command).nothing();
    given(...bringing).when(asked({ type: 'RecordImportHops', importId, hops: [] })).nothing();
  });

  it('sets the operator\'s properties with the first store and before the image is active', () => {
    const injectedProperties = { imported_by: 'heliograph' };
    const asks: ImageEvent = { type: 'ImageImportRequested', data: { importId, method: 'web-download', storeIds: ['fast', 'far'], allStoresMustSucceed: false, injectedProperties } };
    const set: ImageEvent = { type: 'ImagePropertiesChanged', data: { attributes: {}, cleared: [], set: injectedProperties, removed: [] } };
    const two = '00000000-0000-4000-8000-0000000000b2';
    given(...anImage(), asks, started('fast', one)).when(complete(one)).then(set, stored('fast', one), { type: 'ImageActivated', data: {} });
    given(...anImage(), asks, started('fast', one), set, stored('fast', one), { type: 'ImageActivated', data: {} }, started('far', two)).when(complete(two)).then(stored('far', two));
    given(...anImage(), set, asks, started('fast', one)).when(complete(one)).then(stored('fast', one), { type: 'ImageActivated', data: {} });
  });
});

describe('The process of an import', () => {
  const one = '00000000-0000-4000-8000-0000000000b1';
  const importing = (allMust = true): ImageEvent[] => [...aStagedImage(), requested('glance-direct', ['fast', 'far'], allMust)];
  const next = (...history: ImageEvent[]) => nextImportStep(given(...history).state(), importId);

  it('brings the bytes to every pending store, also after a dead importer', () => {
    expect(next(...importing())).toEqual({ do: 'bring', storeIds: ['fast', 'far'] });
    expect(next(...importing(), started('fast', one))).toEqual({ do: 'bring', storeIds: ['fast', 'far'] });
    expect(next(...importing(), started('fast', one), stored('fast', one))).toEqual({ do: 'bring', storeIds: ['far'] });
  });

  it('finishes when every store has answered', () => {
    expect(next(...importing(false), storeFailed('far'), started('fast', one), stored('fast', one))).toEqual({ do: 'finish', succeeds: true });
    expect(next(...importing(false), storeFailed('far'), storeFailed('fast'))).toEqual({ do: 'finish', succeeds: false });
  });

  it('brings nothing more once all must succeed and one has failed', () => {
    expect(next(...importing(), storeFailed('far'))).toEqual({ do: 'finish', succeeds: false });
  });

  it('has nothing to do for an import that is over, or an image that is deleted', () => {
    expect(next(...aStagedImage())).toEqual({ do: 'nothing' });
    expect(next(...importing(), { type: 'ImageDeleted', data: {} })).toEqual({ do: 'nothing' });
  });
});

describe('Delete image from store', () => {
  const two = [...anImage({ status: 'active' }), requested('copy-image', ['far']), started('far', otherAttemptId), stored('far', otherAttemptId), { type: 'ImageImportSucceeded', data: { importId } } as const];
  const drop = (storeId: string) => asked({ type: 'DropImageData', storeId });

  it('makes the bytes in that store removable and keeps the others', () => {
    given(...two).when(drop('fast')).then({ type: 'ImageDataDropped', data: { attemptId, storeId: 'fast' } });
    expect((given(...two).when(drop('fast')).state() as Image).attempts.map(({ state }) => state)).toEqual(['over', 'stored']);
  });

  it('refuses the last store', () => {
    given(...anImage({ status: 'active' })).when(drop('fast')).refuses('LastLocation');
    given(...anImage({ status: 'active' })).when(drop('third')).refuses('LastLocation');
  });

  it('refuses a store that does not have the data', () => {
    given(...two).when(drop('third')).refuses('StoreHasNoImage');
  });

  it('refuses an image that is not active', () => {
    given(...anImage({ status: 'deactivated' })).when(drop('fast')).refuses('ImageStatusConflict');
  });
});

describe('Add location', () => {
  const asks: ImageEvent = { type: 'ImageImportRequested', data: { importId, method: 'location-import', storeIds: ['web'], allStoresMustSucceed: true, sourceUri: 'https://images.example/a' } };
  const one = attemptId;

  it('refuses an image that is not queued', () => {
    given(...anImage({ status: 'active' })).when(asked(request('location-import', ['web']))).refuses('ImageStatusConflict');
  });

  it('remembers where the data stays', () => {
    const image = stateOf(...anImage(), asks, started('web', one), stored('web', one), { type: 'ImageActivated', data: {} });
    expect(image).toMatchObject({ status: 'active', attempts: [{ attemptId: one, storeId: 'web', state: 'stored', uri: 'https://images.example/a' }] });
  });

  it('leaves the image queued and without location when it fails', () => {
    const image = stateOf(...anImage(), asks, started('web', one), { type: 'ImageImportFailed', data: { importId, reason: 'gone' } });
    expect(image).toMatchObject({ status: 'queued', data: null, attempts: [{ state: 'over' }] });
  });
});
