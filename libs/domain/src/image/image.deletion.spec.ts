import { evolveImage, imageDecider, noImage, type Image, type ImageCommand, type ImageEvent, type ImageState } from '#libs/domain';
import { anImage, attemptId, otherAttemptId, specification } from '#libs/testing';

const imageId = '11111111-2222-4333-8444-555555555555';
const given = specification(imageDecider({ properties: -1, tags: -1, members: -1 }));
const asked = (command: ImageCommand) => ({ imageId, command });
const [before, keptUntil, after] = ['2026-11-21T12:00:00.000Z', '2026-11-28T12:00:00.000Z', '2026-11-28T12:00:00.001Z'];
const keptAway = { type: 'ImageDeleted', data: { keptUntil } } as const;
const gone = { type: 'ImageDeleted', data: {} } as const;
const undelete = (at: string): ImageCommand => ({ type: 'UndeleteImage', at });
const end = (at: string): ImageCommand => ({ type: 'EndImageRetention', at });
const back = (status: Image['status']): ImageEvent => ({ type: 'ImageUndeleted', data: { status } });
const folded = (...events: readonly ImageEvent[]): Image =>
  events.reduce<ImageState>((state, event) => evolveImage(state, event, new Date(before)), noImage()) as Image;
const states = ({ attempts }: Image) => attempts.map(({ attemptId: id, state }) => [id, state]);
const active = anImage({ status: 'active' });
const deactivated = anImage({ status: 'deactivated' });
const uploading: ImageEvent = { type: 'ImageDataUploadStarted', data: { attemptId: otherAttemptId, storeId: 'far' } };

describe('A deleted image', () => {
  it('is kept until the moment that the catalog says, or not at all', () => {
    given(...active).when(asked({ type: 'DeleteImage', keptUntil })).then(keptAway);
    given(...active).when(asked({ type: 'DeleteImage' })).then(gone);
    expect(states(folded(...active, keptAway))).toEqual([[attemptId, 'stored']]);
    expect(states(folded(...active, gone))).toEqual([[attemptId, 'over']]);
  });

  it('comes back as it was, with its data, its members and its properties', () => {
    for (const [events, status] of [[active, 'active'], [deactivated, 'deactivated']] as const) {
      given(...events, keptAway).when(asked(undelete(before))).then(back(status));
      const { deletion, ...image } = folded(...events, keptAway, back(status));
      expect(image).toEqual(folded(...events));
      expect(deletion).toBeUndefined();
    }
  });

  it('comes back queued where its data was not complete, and what had arrived goes', () => {
    given(...anImage(), uploading, keptAway).when(asked(undelete(before))).then(back('queued'));
    const image = folded(...anImage(), uploading, keptAway, back('queued'));
    expect(image).toMatchObject({ status: 'queued', data: null });
    expect(states(image)).toEqual([[otherAttemptId, 'over']]);
  });

  it('comes back no more from the moment on, nor when it was not kept, nor when it was given up', () => {
    for (const at of [keptUntil, after]) given(...active, keptAway).when(asked(undelete(at))).refuses('UndeleteTooLate');
    given(...active, gone).when(asked(undelete(before))).refuses('UndeleteTooLate');
    given(...active, keptAway, { type: 'ImageRetentionEnded', data: {} }).when(asked(undelete(before))).refuses('UndeleteTooLate');
    given(...active, keptAway).when(asked({ type: 'UndeleteImage' })).refuses('UndeleteTooLate');
  });

  it('must be deleted to come back, and takes no other change before', () => {
    given(...active).when(asked(undelete(before))).refuses('ImageNotDeleted');
    given().when(asked(undelete(before))).refuses('ImageNotFound');
    for (const command of [{ type: 'AddImageTag', tag: 'a' }, { type: 'DeleteImage', keptUntil }, { type: 'ReactivateImage' }] as const) given(...active, keptAway).when(asked(command)).refuses('ImageNotFound');
  });

  it('is given up once its time is over, and then its bytes may go', () => {
    given(...active, keptAway).when(asked(end(before))).nothing();
    given(...active, keptAway).when(asked(end(keptUntil))).then({ type: 'ImageRetentionEnded', data: {} });
    const image = folded(...active, keptAway, { type: 'ImageRetentionEnded', data: {} });
    expect(states(image)).toEqual([[attemptId, 'over']]);
    expect(image.updatedAt).toEqual(new Date(before));
    given(...active, keptAway, { type: 'ImageRetentionEnded', data: {} }).when(asked(end(after))).nothing();
  });

  it('that came back is not given up, and can be deleted again', () => {
    given(...active, keptAway, back('active')).when(asked(end(after))).nothing();
    given(...active, keptAway, back('active')).when(asked({ type: 'DeleteImage' })).then(gone);
    expect(states(folded(...active, keptAway, back('active'), gone))).toEqual([[attemptId, 'over']]);
  });
});
