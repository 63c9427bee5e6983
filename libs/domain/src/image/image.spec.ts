import { imageDecider, type Image, type ImageCommand, type ImageLimits } from '#libs/domain';
import { anImage, specification } from '#libs/testing';

const imageId = '11111111-2222-4333-8444-555555555555';
const limits: ImageLimits = { properties: 2, tags: 2, members: 2 };
const given = specification(imageDecider(limits));
const asked = (command: ImageCommand) => ({ imageId, command });

const creation: Extract<ImageCommand, { type: 'CreateImage' }> = {
  type: 'CreateImage', name: 'debian', owner: 'owner', isProtected: false, isHidden: false, containerFormat: null, diskFormat: null,
  minDisk: 0, minRam: 0, visibility: 'shared', tags: ['a', 'a', 'b'], properties: { os_distro: 'debian' },
};

describe('Create image', () => {
  it('records what was given, leaves out what is null, and keeps each tag once', () => {
    given().when(asked(creation)).then({
      type: 'ImageCreated',
      data: {
        name: 'debian', owner: 'owner', isProtected: false, isHidden: false, minDisk: 0, minRam: 0,
        visibility: 'shared', tags: ['a', 'b'], properties: { os_distro: 'debian' },
      },
    });
  });

  it('refuses an id that is in use', () => {
    given(...anImage()).when(asked(creation)).refuses('ImageIdTaken');
  });

  it('refuses the id of a deleted image, for ever', () => {
    given(...anImage({ status: 'deleted' })).when(asked(creation)).refuses('ImageIdTaken');
  });

  it('refuses more tags than the limit', () => {
    given().when(asked({ ...creation, tags: ['a', 'b', 'c'] })).refuses('TooManyTags');
  });

  it('refuses more additional properties than the limit', () => {
    given().when(asked({ ...creation, properties: { a: '1', b: '2', c: '3' } })).refuses('TooManyProperties');
  });

  it('has no limit where the limit is -1', () => {
    const image = specification(imageDecider({ properties: -1, tags: -1, members: -1 }))()
      .when(asked({ ...creation, tags: ['a', 'b', 'c'] })).state() as Image;
    expect(image.tags).toEqual(['a', 'b', 'c']);
  });
});

describe('Any command', () => {
  const rename: ImageCommand = { type: 'ChangeImageProperties', changes: [{ of: 'attribute', name: 'name', value: 'new' }] };

  it('refuses an image that was never created', () => {
    given().when(asked(rename)).refuses('ImageNotFound');
  });

  it('refuses a deleted image', () => {
    given(...anImage({ status: 'deleted' })).when(asked(rename)).refuses('ImageNotFound');
  });

  it('refuses when the owner is no longer the one the sender was authorized for', () => {
    given(...anImage({ owner: 'somebody' })).when({ ...asked(rename), authorizedFor: { owner: 'owner', visibility: 'shared' } }).refuses('AuthorizationStale');
  });

  it('refuses when the visibility is no longer the one the sender was authorized for', () => {
    given(...anImage({ visibility: 'private' })).when({ ...asked(rename), authorizedFor: { owner: 'owner', visibility: 'shared' } }).refuses('AuthorizationStale');
  });
});

describe('Add image tag', () => {
  it('adds a tag', () => {
    given(...anImage()).when(asked({ type: 'AddImageTag', tag: 'a' })).then({ type: 'ImageTagAdded', data: { tag: 'a' } });
  });

  it('changes nothing when the tag is there', () => {
    given(...anImage({ tags: ['a'] })).when(asked({ type: 'AddImageTag', tag: 'a' })).nothing();
  });

  it('refuses one tag more than the limit', () => {
    given(...anImage({ tags: ['a', 'b'] })).when(asked({ type: 'AddImageTag', tag: 'c' })).refuses('TooManyTags');
  });
});

describe('Delete image tag', () => {
  it('removes a tag', () => {
    given(...anImage({ tags: ['a'] })).when(asked({ type: 'RemoveImageTag', tag: 'a' })).then({ type: 'ImageTagRemoved', data: { tag: 'a' } });
  });

  it('refuses a tag that is not there', () => {
    given(...anImage()).when(asked({ type: 'RemoveImageTag', tag: 'a' })).refuses('TagNotFound');
  });
});

describe('Deactivate image', () => {
  it('closes an active image', () => {
    given(...anImage({ status: 'active' })).when(asked({ type: 'DeactivateImage' })).then({ type: 'ImageDeactivated', data: {} });
  });

  it('changes nothing when repeated', () => {
    given(...anImage({ status: 'deactivated' })).when(asked({ type: 'DeactivateImage' })).nothing();
  });

  it('refuses a queued image', () => {
    given(...anImage()).when(asked({ type: 'DeactivateImage' })).refuses('ImageStatusForbids');
  });
});

describe('Reactivate image', () => {
  it('opens a deactivated image', () => {
    given(...anImage({ status: 'deactivated' })).when(asked({ type: 'ReactivateImage' })).then({ type: 'ImageReactivated', data: {} });
  });

  it('changes nothing on an active image', () => {
    given(...anImage({ status: 'active' })).when(asked({ type: 'ReactivateImage' })).nothing();
  });

  it('refuses a queued image', () => {
    given(...anImage()).when(asked({ type: 'ReactivateImage' })).refuses('ImageStatusForbids');
  });
});

describe('Delete image', () => {
  it.each(['queued', 'saving', 'active', 'deactivated'] as const)('deletes an image that is %s', (status) => {
    given(...anImage({ status })).when(asked({ type: 'DeleteImage' })).then({ type: 'ImageDeleted', data: {} });
  });

  it('makes the bytes of every attempt removable', () => {
    const image = given(...anImage({ status: 'active' })).when(asked({ type: 'DeleteImage' })).state() as Image;
    expect(image.attempts.map(({ state }) => state)).toEqual(['over']);
  });

  it('refuses a protected image', () => {
    given(...anImage({ isProtected: true })).when(asked({ type: 'DeleteImage' })).refuses('ImageIsProtected');
  });
});
