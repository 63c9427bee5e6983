import { imageDecider, type Image, type ImageCommand } from '#libs/domain';
import { anImage, attemptId, otherAttemptId, someData, specification } from '#libs/testing';

const imageId = '11111111-2222-4333-8444-555555555555';
const given = specification(imageDecider({ properties: -1, tags: -1, members: -1 }));
const asked = (command: ImageCommand) => ({ imageId, command });
const start = (attempt = attemptId): ImageCommand => ({ type: 'StartImageDataUpload', attemptId: attempt, storeId: 'fast' });
const complete = (attempt = attemptId): ImageCommand => ({ type: 'CompleteImageDataUpload', attemptId: attempt, ...someData });
const fail = (attempt = attemptId): ImageCommand => ({ type: 'FailImageDataUpload', attemptId: attempt, reason: 'interrupted' });
const failed = { type: 'ImageDataUploadFailed', data: { attemptId, reason: 'interrupted' } } as const;

describe('Upload binary image data: start', () => {
  it('takes a queued image to saving', () => {
    const { when } = given(...anImage());
    when(asked(start())).then({ type: 'ImageDataUploadStarted', data: { attemptId, storeId: 'fast' } });
    expect((when(asked(start())).state() as Image).status).toBe('saving');
  });

  it('remembers the size that was announced', () => {
    given(...anImage()).when(asked({ ...start(), declaredSizeBytes: 12 } as ImageCommand))
      .then({ type: 'ImageDataUploadStarted', data: { attemptId, storeId: 'fast', declaredSizeBytes: 12 } });
  });

  it.each(['saving', 'active', 'deactivated'] as const)('refuses an image that is %s', (status) => {
    given(...anImage({ status })).when(asked(start(otherAttemptId))).refuses('ImageStatusConflict');
  });

  it('refuses an image without formats', () => {
    given(...anImage({ formats: 'missing' })).when(asked(start())).refuses('FormatsMissing');
  });
});

describe('Upload binary image data: complete', () => {
  it('stores the facts and activates, in one commit', () => {
    given(...anImage({ status: 'saving' })).when(asked(complete())).then(
      { type: 'ImageDataStored', data: { attemptId, storeId: 'fast', ...someData } },
      { type: 'ImageActivated', data: {} },
    );
  });

  it('refuses an attempt that never started', () => {
    given(...anImage({ status: 'saving' })).when(asked(complete(otherAttemptId))).refuses('AttemptOver');
  });

  it('refuses an attempt that failed, also while the next one runs', () => {
    given(...anImage({ status: 'saving' }), failed, { type: 'ImageDataUploadStarted', data: { attemptId: otherAttemptId, storeId: 'fast' } })
      .when(asked(complete())).refuses('AttemptOver');
  });

  it('refuses a second completion', () => {
    given(...anImage({ status: 'active' })).when(asked(complete())).refuses('AttemptOver');
  });

  it('tells an upload whose image was deleted meanwhile that it is gone', () => {
    given(...anImage({ status: 'saving' }), { type: 'ImageDeleted', data: {} }).when(asked(complete())).refuses('ImageGone');
  });
});

describe('Upload binary image data: failure', () => {
  it('returns the image to queued, ready for another attempt', () => {
    const { when } = given(...anImage({ status: 'saving' }));
    when(asked(fail())).then(failed);
    expect(when(asked(fail())).state()).toMatchObject({ status: 'queued', data: null, attempts: [{ attemptId, state: 'over' }] });
  });

  it('changes nothing for an attempt that is over', () => {
    given(...anImage({ status: 'saving' }), failed).when(asked(fail())).nothing();
  });

  it("never ends another's attempt", () => {
    given(...anImage({ status: 'saving' })).when(asked(fail(otherAttemptId))).nothing();
  });

  it('changes nothing once the image is active', () => {
    given(...anImage({ status: 'active' })).when(asked(fail())).nothing();
  });
});

describe('Removal of bytes', () => {
  it('is recorded for an attempt that is over, and forgets it', () => {
    const { when } = given(...anImage({ status: 'deleted' }));
    const removed = asked({ type: 'RecordImageDataRemoved', attemptId });
    when(removed).then({ type: 'ImageDataRemoved', data: { attemptId, storeId: 'fast' } });
    expect((when(removed).state() as Image).attempts).toEqual([]);
  });

  it('is never recorded for bytes that an image refers to', () => {
    given(...anImage({ status: 'active' })).when(asked({ type: 'RecordImageDataRemoved', attemptId })).nothing();
  });

  it('is never recorded for an attempt whose bytes may still move', () => {
    given(...anImage({ status: 'saving' })).when(asked({ type: 'RecordImageDataRemoved', attemptId })).nothing();
  });

  it('changes nothing when repeated', () => {
    given(...anImage({ status: 'deleted' }), { type: 'ImageDataRemoved', data: { attemptId, storeId: 'fast' } })
      .when(asked({ type: 'RecordImageDataRemoved', attemptId })).nothing();
  });
});
