import { imageDecider, stagingStoreId, type Image, type ImageCommand, type ImageEvent, type UploadFailure } from '#libs/domain';
import { anImage, attemptId, otherAttemptId, someData, specification } from '#libs/testing';

const imageId = '11111111-2222-4333-8444-555555555555';
const given = specification(imageDecider({ properties: -1, tags: -1, members: -1 }));
const asked = (command: ImageCommand) => ({ imageId, command });
const started: ImageEvent = { type: 'ImageStagingStarted', data: { attemptId, storeId: stagingStoreId, isResumable: true } };
const start = (attempt = attemptId): ImageCommand => ({ type: 'StartImageStaging', attemptId: attempt, storeId: stagingStoreId, isResumable: true });
const fail = (reason: UploadFailure): ImageCommand => ({ type: 'FailImageStaging', attemptId, reason });

describe('An upload that can be resumed', () => {
  it('takes a queued image to uploading, and is remembered as one', () => {
    const { when } = given(...anImage());
    when(asked(start())).then(started);
    expect(when(asked(start())).state() as Image).toMatchObject({ status: 'uploading', attempts: [{ attemptId, state: 'open', isResumable: true }] });
  });

  it('is the only one of its image', () => {
    given(...anImage(), started).when(asked(start(otherAttemptId))).refuses('ImageStatusConflict');
  });

  it('does not end with a lease, however long nobody holds one', () => {
    given(...anImage(), started).when(asked(fail('lease_expired'))).nothing();
  });

  it.each(['expired', 'cancelled', 'store_failed'] as const)('ends as %s, and the image is queued again', (reason) => {
    const { when } = given(...anImage(), started);
    when(asked(fail(reason))).then({ type: 'ImageStagingFailed', data: { attemptId, reason } });
    expect(when(asked(fail(reason))).state() as Image).toMatchObject({ status: 'queued', attempts: [{ attemptId, state: 'over' }] });
  });

  it('becomes staged data once, when all of it is there', () => {
    const { virtualSizeBytes: _, ...facts } = someData;
    const staged: ImageEvent = { type: 'ImageDataStaged', data: { attemptId, storeId: stagingStoreId, ...facts } };
    const complete: ImageCommand = { type: 'CompleteImageStaging', attemptId, ...facts };
    given(...anImage(), started).when(asked(complete)).then(staged);
    given(...anImage(), started, staged).when(asked(complete)).refuses('AttemptOver');
    given(...anImage(), started, staged).when(asked(fail('expired'))).nothing();
  });
});
