import { imageDecider, type Image, type ImageCommand } from '#libs/domain';
import { anImage, attemptId, otherAttemptId, someData, specification } from '#libs/testing';

const imageId = '11111111-2222-4333-8444-555555555555';
const given = specification(imageDecider({ properties: -1, tags: -1, members: -1 }));
const asked = (command: ImageCommand) => ({ imageId, command });
const check = (verdict: 'sound' | 'damaged' | 'missing', detail = ''): ImageCommand => ({ type: 'RecordDataCheck', attemptId, verdict, detail });
const damaged = { type: 'ImageDataChecked', data: { attemptId, storeId: 'fast', verdict: 'damaged', detail: 'its md5 is another one' } } as const;
const start: ImageCommand = { type: 'StartDataHealing', attemptId: otherAttemptId, heals: attemptId };
const started = { type: 'ImageDataHealingStarted', data: { attemptId: otherAttemptId, storeId: 'fast', heals: attemptId } } as const;
const complete: ImageCommand = { type: 'CompleteDataHealing', attemptId: otherAttemptId, ...someData };
const healed = { type: 'ImageDataHealed', data: { attemptId: otherAttemptId, storeId: 'fast', heals: attemptId } } as const;
const active = anImage({ status: 'active' });
const stateOf = (image: unknown) => (image as Image).attempts.map(({ attemptId: id, state }) => [id, state]);

describe('A scrub of stored data', () => {
  it('records that a copy is sound, each time', () => {
    const event = { type: 'ImageDataChecked', data: { attemptId, storeId: 'fast', verdict: 'sound', detail: '' } } as const;
    given(...active).when(asked(check('sound'))).then(event);
    given(...active, event).when(asked(check('sound'))).then(event);
  });

  it('records the same damage once', () => {
    given(...active).when(asked(check('damaged', 'its md5 is another one'))).then(damaged);
    given(...active, damaged).when(asked(check('damaged', 'its md5 is another one'))).nothing();
    given(...active, damaged).when(asked(check('missing'))).then({ type: 'ImageDataChecked', data: { attemptId, storeId: 'fast', verdict: 'missing', detail: '' } });
  });

  it('says nothing of bytes that the image does not refer to', () => {
    given(...anImage({ status: 'saving' })).when(asked(check('missing'))).nothing();
  });

  it('leaves data, status and the moment of the last change alone', () => {
    const image = given(...active, damaged, started).when(asked(complete)).state() as Image;
    expect(image).toMatchObject({ status: 'active', data: someData });
    expect(image.updatedAt).toEqual((given(...active).when(asked(check('sound'))).state() as Image).updatedAt);
  });
});

describe('The healing of a bad copy', () => {
  it('replaces it: the new one counts from the moment in which the old one is given up', () => {
    given(...active, damaged).when(asked(start)).then(started);
    const after = given(...active, damaged, started).when(asked(complete));
    after.then(healed);
    expect(stateOf(after.state())).toEqual([[attemptId, 'over'], [otherAttemptId, 'stored']]);
  });

  it('begins only for a copy that is known to be bad', () => {
    given(...active).when(asked(start)).refuses('AttemptOver');
    given(...active, damaged, { type: 'ImageDataChecked', data: { attemptId, storeId: 'fast', verdict: 'sound', detail: '' } }).when(asked(start)).refuses('AttemptOver');
  });

  it('counts only with the bytes that the image has', () => {
    given(...active, damaged, started).when(asked({ ...complete, checksum: 'another' } as ImageCommand)).refuses('HashMismatch');
  });

  it('leaves the bad copy where it fails, or where its lease runs out, and never gives up the last one', () => {
    const failed = { type: 'ImageDataHealingFailed', data: { attemptId: otherAttemptId, storeId: 'fast' } } as const;
    for (const command of [{ type: 'FailDataHealing', attemptId: otherAttemptId }, { type: 'FailImageDataUpload', attemptId: otherAttemptId, reason: 'lease_expired' }] satisfies ImageCommand[]) {
      const after = given(...active, damaged, started).when(asked(command));
      after.then(failed);
      expect(stateOf(after.state())).toEqual([[attemptId, 'stored'], [otherAttemptId, 'over']]);
    }
    given(...active, damaged, started, failed).when(asked(complete)).refuses('AttemptOver');
    given(...active, damaged, started, failed).when(asked({ type: 'FailDataHealing', attemptId: otherAttemptId })).nothing();
  });

  it('is over with its image', () => {
    given(...active, damaged, started, { type: 'ImageDeleted', data: {} }).when(asked(complete)).refuses('ImageGone');
    given(...active, damaged, started, { type: 'ImageDeleted', data: {} }).when(asked({ type: 'FailImageDataUpload', attemptId: otherAttemptId, reason: 'lease_expired' })).nothing();
  });
});
