import { imageDecider, locationsOf, type GivenLocation, type Image, type ImageEvent, type LocationChange } from '#libs/domain';
import { anImage, attemptId, otherAttemptId, someData, specification } from '#libs/testing';

const imageId = '11111111-2222-4333-8444-555555555555';
const given = specification(imageDecider({ properties: -1, tags: -1, members: -1, locations: 2 }));
const changed = (...changes: LocationChange[]) => ({ imageId, command: { type: 'ChangeImageProperties', changes } } as const);

const there = (name = 'a', more: Partial<GivenLocation> = {}): GivenLocation => ({
  url: `http://example.org/${name}`, metadata: {}, found: { attemptId: `00000000-0000-4000-8000-00000000000${name}`, storeId: 'web', sizeBytes: 12 }, ...more,
});
const add = (location: GivenLocation, position?: number): LocationChange => ({ of: 'locations', op: 'add', location, ...(position === undefined ? {} : { position }) });
const replace = (...locations: GivenLocation[]): LocationChange => ({ of: 'locations', op: 'replace', locations });
const remove = (position?: number): LocationChange => ({ of: 'locations', op: 'remove', ...(position === undefined ? {} : { position }) });
const added = (name: string, more: object = {}): ImageEvent => ({
  type: 'ImageLocationAdded', data: { attemptId: `00000000-0000-4000-8000-00000000000${name}`, storeId: 'web', uri: `http://example.org/${name}`, metadata: {}, ...more },
});
const activated: ImageEvent = { type: 'ImageActivated', data: {} };
const located = (...names: string[]): ImageEvent[] => [...anImage(), ...names.map((name, at) => added(name, at === 0 ? { sizeBytes: 12 } : {})), activated];
const urlsOf = (image: unknown): string[] => locationsOf(imageId, image as Image).map(({ url }) => url);

describe('Update image: add a location', () => {
  it('makes a queued image active, with a size and without hashes', () => {
    const { when } = given(...anImage());
    when(changed(add(there()))).then(added('a', { sizeBytes: 12 }), activated);
    expect(when(changed(add(there()))).state()).toMatchObject({ status: 'active', data: { sizeBytes: 12 } });
    expect((when(changed(add(there()))).state() as Image).data).not.toHaveProperty('checksum');
  });

  it('believes the hashes that come with it while there is no data', () => {
    const validation = { checksum: '1'.repeat(32), osHashAlgo: 'sha512', osHashValue: 'd'.repeat(128) };
    given(...anImage()).when(changed(add(there('a', { validation })))).then(added('a', { ...validation, sizeBytes: 12 }), activated);
  });

  it('adds to an active image at the end, or before the place that is named', () => {
    const { when } = given(...located('a'));
    when(changed(add(there('b')))).then(added('b'));
    expect(urlsOf(when(changed(add(there('b')))).state())).toEqual(['http://example.org/a', 'http://example.org/b']);
    expect(urlsOf(when(changed(add(there('b'), 0))).state())).toEqual(['http://example.org/b', 'http://example.org/a']);
  });

  it('goes with other changes of one patch, in their order', () => {
    given(...anImage({ formats: 'missing' })).when({ imageId, command: { type: 'ChangeImageProperties', changes: [
      { of: 'attribute', name: 'diskFormat', value: 'raw' }, { of: 'attribute', name: 'containerFormat', value: 'bare' }, add(there()),
    ] } }).then({ type: 'ImagePropertiesChanged', data: { attributes: { containerFormat: 'bare', diskFormat: 'raw' }, cleared: [], set: {}, removed: [] } }, added('a', { sizeBytes: 12 }), activated);
  });

  it('gives up what waits in the staging area', () => {
    const staged: ImageEvent[] = [
      { type: 'ImageStagingStarted', data: { attemptId, storeId: 'staging' } }, { type: 'ImageDataStaged', data: { attemptId, storeId: 'staging', ...someData } },
      { type: 'ImageImportRequested', data: { importId: 'i', method: 'glance-direct', storeIds: ['fast'], allStoresMustSucceed: true } }, { type: 'ImageImportFailed', data: { importId: 'i', reason: 'x' } },
    ];
    given(...anImage(), ...staged).when(changed(add(there()))).then({ type: 'ImageStagedDataExpired', data: { attemptId } }, added('a', { sizeBytes: 12 }), activated);
  });

  it('refuses an image without formats', () => {
    given(...anImage({ formats: 'missing' })).when(changed(add(there()))).refuses('FormatsMissing');
  });

  it.each(['saving', 'deactivated'] as const)('refuses an image that is %s', (status) => {
    given(...anImage({ status })).when(changed(add(there()))).refuses('ImageStatusConflict');
  });

  it('refuses the same place with the same metadata, whatever their order', () => {
    const metadata = { one: 'x', two: ['y'] };
    const { when } = given(...anImage(), added('a', { sizeBytes: 12, metadata }), activated);
    when(changed(add(there('a', { metadata: { two: ['y'], one: 'x' } })))).refuses('LocationExists');
    const found = { attemptId: otherAttemptId, storeId: 'web', sizeBytes: 12 };
    when(changed(add(there('a', { found })))).then(added('a', { attemptId: otherAttemptId }));
    when(changed(add(there('a')))).refuses('AttemptOver');
  });

  it('refuses more than an image may have', () => {
    given(...located('a', 'b')).when(changed(add(there('c')))).refuses('TooManyLocations');
  });

  it('refuses data of another size or hash than the image has', () => {
    given(...located('a')).when(changed(add(there('b', { found: { attemptId, storeId: 'web', sizeBytes: 13 } })))).refuses('LocationsDiffer');
    given(...anImage({ status: 'active' })).when(changed(add(there('b', { validation: { osHashAlgo: 'sha512', osHashValue: 'f'.repeat(128) } })))).refuses('LocationsDiffer');
  });

  it('refuses new hashes of an image that has data', () => {
    given(...located('a')).when(changed(add(there('b', { validation: { checksum: '1'.repeat(32) } })))).refuses('LocationsDiffer');
  });
});

describe('Update image: replace the locations', () => {
  it('gives a queued image several at once', () => {
    given(...anImage()).when(changed(replace(there('a'), there('b')))).then(added('a', { sizeBytes: 12 }), added('b'), activated);
  });

  it('changes order and metadata of those that are there', () => {
    const { when } = given(...located('a', 'b'));
    const arranged = changed(replace(there('b', { metadata: { date: 'today' } }), there('a')));
    when(arranged).then({ type: 'ImageLocationsArranged', data: { locations: [
      { attemptId: '00000000-0000-4000-8000-00000000000b', metadata: { date: 'today' } }, { attemptId: '00000000-0000-4000-8000-00000000000a', metadata: {} },
    ] } });
    expect(locationsOf(imageId, when(arranged).state() as Image)).toEqual([
      { url: 'http://example.org/b', metadata: { date: 'today', store: 'web' } }, { url: 'http://example.org/a', metadata: { store: 'web' } },
    ]);
  });

  it('changes nothing where nothing differs', () => {
    given(...located('a', 'b')).when(changed(replace(there('a'), there('b')))).nothing();
  });

  it('refuses to take one away or to move one', () => {
    given(...located('a', 'b')).when(changed(replace(there('a')))).refuses('LocationsFixed');
    given(...located('a', 'b')).when(changed(replace(there('a'), there('c')))).refuses('LocationsFixed');
  });

  it('refuses data of two sizes', () => {
    given(...anImage()).when(changed(replace(there('a'), there('b', { found: { attemptId: otherAttemptId, storeId: 'web', sizeBytes: 1 } })))).refuses('LocationsDiffer');
  });
});

describe('Update image: remove a location', () => {
  it('takes the one at its place, or the last', () => {
    const { when } = given(...located('a', 'b'));
    when(changed(remove(0))).then({ type: 'ImageDataDropped', data: { attemptId: '00000000-0000-4000-8000-00000000000a', storeId: 'web' } });
    when(changed(remove())).then({ type: 'ImageDataDropped', data: { attemptId: '00000000-0000-4000-8000-00000000000b', storeId: 'web' } });
    expect(urlsOf(when(changed(remove(0))).state())).toEqual(['http://example.org/b']);
  });

  it('refuses the last one, so that data can never be exchanged', () => {
    given(...located('a')).when(changed(remove(0))).refuses('LastLocation');
    given(...located('a', 'b')).when(changed(remove(0), remove(0))).refuses('LastLocation');
  });

  it('refuses a place that is none', () => {
    given(...located('a', 'b')).when(changed(remove(2))).refuses('InvalidRequest');
  });

  it('refuses an image that is not active', () => {
    given(...anImage({ status: 'deactivated' })).when(changed(remove(0))).refuses('ImageStatusConflict');
  });
});

describe('The copies of data that nobody hashed', () => {
  const importing: ImageEvent[] = [
    { type: 'ImageImportRequested', data: { importId: 'i', method: 'copy-image', storeIds: ['fast'], allStoresMustSucceed: true } },
    { type: 'ImageStoreImportStarted', data: { importId: 'i', attemptId, storeId: 'fast' } },
  ];
  const complete = { imageId, command: { type: 'CompleteStoreImport', importId: 'i', attemptId, ...someData } } as const;

  it('tell its hashes', () => {
    expect((given(...located('a'), ...importing).when(complete).state() as Image).data).toEqual(someData);
  });

  it('are refused where they are not what was believed', () => {
    const believed = added('a', { sizeBytes: 12, checksum: '1'.repeat(32) });
    given(...anImage(), believed, activated, ...importing).when(complete).refuses('HashMismatch');
  });
});
