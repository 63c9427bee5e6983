import { imageDecider, type DataInspection, type Image, type ImageCommand } from '#libs/domain';
import { anImage, attemptId, otherAttemptId, someData, specification } from '#libs/testing';

const imageId = '11111111-2222-4333-8444-555555555555';
const given = specification(imageDecider({ properties: -1, tags: -1, members: -1 }));
const asked = (command: ImageCommand) => ({ imageId, command });
const inspection: DataInspection = { format: 'qcow2', virtualSizeBytes: 1 << 30, findings: [] };
const unsafe: DataInspection = { format: 'qcow2', findings: [{ rule: 'qcow2.data_file', detail: 'the bit is set' }] };
const record = (attempt = attemptId, found = inspection): ImageCommand => ({ type: 'RecordDataInspection', attemptId: attempt, inspection: found });
const inspected = (found = inspection) => ({ type: 'ImageDataInspected', data: { attemptId, ...found } }) as const;

describe('What inspection found out about image data', () => {
  it('is recorded before the data is stored, in the same commit', () => {
    given(...anImage({ status: 'saving' })).when(asked({ type: 'CompleteImageDataUpload', attemptId, inspection, ...someData })).then(
      inspected(),
      { type: 'ImageDataStored', data: { attemptId, storeId: 'fast', ...someData } },
      { type: 'ImageActivated', data: {} },
    );
  });

  it('is recorded with staged data', () => {
    given(...anImage(), { type: 'ImageStagingStarted', data: { attemptId, storeId: 'os_glance_staging_store' } })
      .when(asked({ type: 'CompleteImageStaging', attemptId, inspection, ...someData }))
      .then(inspected(), { type: 'ImageDataStaged', data: { attemptId, storeId: 'os_glance_staging_store', ...someData } });
  });

  it('is recorded of data that is refused for it, which changes nothing else', () => {
    const before = given(...anImage({ status: 'saving' }));
    before.when(asked(record(attemptId, unsafe))).then(inspected(unsafe));
    const image = before.when(asked(record(attemptId, unsafe))).state() as Image;
    expect(image).toMatchObject({ status: 'saving', data: null, attempts: [{ attemptId, state: 'open', inspection: unsafe }] });
  });

  it('is not recorded twice', () => {
    given(...anImage({ status: 'saving' }), inspected(unsafe)).when(asked(record(attemptId, unsafe))).nothing();
  });

  it('is recorded anew where a new rule finds something', () => {
    given(...anImage({ status: 'active' }), inspected()).when(asked(record(attemptId, unsafe))).then(inspected(unsafe));
  });

  it('says nothing of bytes that nobody knows', () => {
    given(...anImage({ status: 'active' })).when(asked(record(otherAttemptId))).nothing();
  });

  it('leaves the moment of the last change alone', () => {
    const image = given(...anImage({ status: 'active' }), inspected()).when(asked(record(attemptId, unsafe))).state() as Image;
    expect(image.updatedAt).toEqual((given(...anImage({ status: 'active' })).when(asked(record(otherAttemptId))).state() as Image).updatedAt);
  });

  describe('in an import', () => {
    const importId = '99999999-2222-4333-8444-555555555555';
    const importing = [
      ...anImage(), { type: 'ImageImportRequested', data: { importId, method: 'web-download', storeIds: ['fast', 'far'], allStoresMustSucceed: true } },
      { type: 'ImageStoreImportStarted', data: { importId, attemptId, storeId: 'fast' } },
    ] as const;
    const complete = (diskFormat: string): ImageCommand => ({ type: 'CompleteStoreImport', importId, attemptId, inspection, acceptedAs: { diskFormat, containerFormat: 'bare' }, ...someData });

    it('counts for the formats that it was judged by, and no others', () => {
      given(...importing).when(asked(complete('raw'))).then(inspected(), { type: 'ImageDataStored', data: { attemptId, storeId: 'fast', ...someData } });
      given(...importing).when(asked(complete('qcow2'))).refuses('Conflict');
    });

    it('fixes the formats as soon as one store has the data', () => {
      const change: ImageCommand = { type: 'ChangeImageProperties', changes: [{ of: 'attribute', name: 'diskFormat', value: 'qcow2' }] };
      given(...importing).when(asked(change)).then({ type: 'ImagePropertiesChanged', data: { attributes: { diskFormat: 'qcow2' }, cleared: [], set: {}, removed: [] } });
      given(...importing, { type: 'ImageDataStored', data: { attemptId, storeId: 'fast', ...someData } }).when(asked(change)).refuses('FormatsFixed');
    });
  });
});
