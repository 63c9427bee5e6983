import { imageDecider, type DataPreparation, type Image, type ImageCommand } from '#libs/domain';
import { anImage, attemptId, otherAttemptId, someData, specification } from '#libs/testing';

const imageId = '11111111-2222-4333-8444-555555555555';
const importId = '99999999-2222-4333-8444-555555555555';
const given = specification(imageDecider({ properties: -1, tags: -1, members: -1 }));
const asked = (command: ImageCommand) => ({ imageId, command });
const importing = (...storeIds: string[]) => [
  ...anImage(), { type: 'ImageImportRequested', data: { importId, method: 'web-download', storeIds, allStoresMustSucceed: true } },
  { type: 'ImageStoreImportStarted', data: { importId, attemptId, storeId: 'fast' } },
] as const;
const conversion: DataPreparation = { step: 'converted', fromDiskFormat: 'raw', toDiskFormat: 'qcow2', fromSizeBytes: 5, fromChecksum: 'abc' };
const { step: _, ...converted } = conversion;
const complete = (...prepared: DataPreparation[]): ImageCommand =>
  ({ type: 'CompleteStoreImport', importId, attemptId, prepared, acceptedAs: { diskFormat: 'raw', containerFormat: 'bare' }, ...someData });
const stored = { type: 'ImageDataStored', data: { attemptId, storeId: 'fast', ...someData } } as const;

describe('What was done to data on its way in', () => {
  it('is recorded before the data, in its order, and the image is of the new format', () => {
    const decompressed = { step: 'decompressed', compression: 'gzip', compressedSizeBytes: 3 } as const;
    const verified = { step: 'verified', verifier: 'a scanner', isAccepted: true, detail: '' } as const;
    const after = given(...importing('fast')).when(asked(complete(decompressed, conversion, verified)));
    after.then(
      { type: 'ImageDataDecompressed', data: { attemptId, compression: 'gzip', compressedSizeBytes: 3 } }, { type: 'ImageDataConverted', data: { attemptId, ...converted } },
      { type: 'ImageDataVerified', data: { attemptId, verifier: 'a scanner', isAccepted: true, detail: '' } }, stored, { type: 'ImageActivated', data: {} },
    );
    expect(after.state()).toMatchObject({ status: 'active', diskFormat: 'qcow2', containerFormat: 'bare' });
  });

  it('counts only for the format that it was asked for', () => {
    const changed = { type: 'ImagePropertiesChanged', data: { attributes: { diskFormat: 'vmdk' }, cleared: [], set: {}, removed: [] } } as const;
    given(...importing('fast'), changed).when(asked(complete(conversion))).refuses('Conflict');
  });

  it('is undone where another store fails and all must succeed: the image has its old format', () => {
    const half = [...importing('fast', 'far'), { type: 'ImageDataConverted', data: { attemptId, ...converted } }, stored] as const;
    const image = given(...half, { type: 'ImageStoreImportFailed', data: { importId, storeId: 'far', reason: 'full' } }).when(asked({ type: 'FinishImport', importId, reason: 'full' })).state() as Image;
    expect(image).toMatchObject({ status: 'queued', diskFormat: 'raw', data: null });
  });

  it('lets the other stores have what came of it', () => {
    const half = [...importing('fast', 'far'), { type: 'ImageDataConverted', data: { attemptId, ...converted } }, stored, { type: 'ImageStoreImportStarted', data: { importId, attemptId: otherAttemptId, storeId: 'far' } }] as const;
    const copied = given(...half).when(asked({ type: 'CompleteStoreImport', importId, attemptId: otherAttemptId, ...someData })).state() as Image;
    expect(copied).toMatchObject({ status: 'active', diskFormat: 'qcow2' });
  });

  it('may make other bytes of what was staged; without it they must be the same', () => {
    const staged = { ...someData, sizeBytes: 999 };
    const direct = [
      ...anImage(), { type: 'ImageStagingStarted', data: { attemptId: otherAttemptId, storeId: 'os_glance_staging_store' } },
      { type: 'ImageDataStaged', data: { attemptId: otherAttemptId, storeId: 'os_glance_staging_store', sizeBytes: staged.sizeBytes, checksum: 'other', osHashAlgo: staged.osHashAlgo, osHashValue: 'other' } },
      { type: 'ImageImportRequested', data: { importId, method: 'glance-direct', storeIds: ['fast'], allStoresMustSucceed: true } },
      { type: 'ImageStoreImportStarted', data: { importId, attemptId, storeId: 'fast' } },
    ] as const;
    given(...direct).when(asked(complete({ step: 'verified', verifier: 'v', isAccepted: true, detail: '' }))).refuses('HashMismatch');
    expect(given(...direct).when(asked(complete(conversion))).state()).toMatchObject({ status: 'active' });
  });

  it('is recorded where the verification refused the data, which changes nothing else', () => {
    const verification = { verifier: 'a scanner', isAccepted: false, detail: 'Eicar' };
    given(...importing('fast')).when(asked({ type: 'RecordDataVerification', attemptId, verification })).then({ type: 'ImageDataVerified', data: { attemptId, ...verification } });
    given(...importing('fast')).when(asked({ type: 'RecordDataVerification', attemptId: otherAttemptId, verification })).nothing();
  });
});
