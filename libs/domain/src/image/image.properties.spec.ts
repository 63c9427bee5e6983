import { imageDecider, type Image, type ImageEvent, type PropertyChange } from '#libs/domain';
import { anImage, specification } from '#libs/testing';

const imageId = '11111111-2222-4333-8444-555555555555';
const given = specification(imageDecider({ properties: 2, tags: 2, members: -1 }));
const patched = (...changes: PropertyChange[]) => ({ imageId, command: { type: 'ChangeImageProperties', changes } } as const);
const changed = (data: Partial<Extract<ImageEvent, { type: 'ImagePropertiesChanged' }>['data']>): ImageEvent =>
  ({ type: 'ImagePropertiesChanged', data: { attributes: {}, cleared: [], set: {}, removed: [], ...data } });

describe('Update image: attributes', () => {
  it('records the ones that differ', () => {
    given(...anImage({ name: 'old' })).when(patched({ of: 'attribute', name: 'name', value: 'new' }, { of: 'attribute', name: 'minRam', value: 0 }))
      .then(changed({ attributes: { name: 'new' } }));
  });

  it('records an attribute that became null as cleared', () => {
    const { when } = given(...anImage({ name: 'old' }));
    const clear = patched({ of: 'attribute', name: 'name', value: null });
    when(clear).then(changed({ cleared: ['name'] }));
    expect((when(clear).state() as Image).name).toBeNull();
  });

  it('changes nothing for an empty list', () => {
    given(...anImage()).when(patched()).nothing();
  });

  it('changes nothing when every value is there already', () => {
    given(...anImage({ name: 'same', properties: { a: '1' } }))
      .when(patched({ of: 'attribute', name: 'name', value: 'same' }, { of: 'property', op: 'add', name: 'a', value: '1' })).nothing();
  });

  it('lets the formats of a queued image change', () => {
    given(...anImage()).when(patched({ of: 'attribute', name: 'diskFormat', value: 'qcow2' })).then(changed({ attributes: { diskFormat: 'qcow2' } }));
  });

  it.each(['active', 'deactivated', 'saving'] as const)('refuses to change a format of an image that is %s', (status) => {
    given(...anImage({ status })).when(patched({ of: 'attribute', name: 'diskFormat', value: 'qcow2' })).refuses('FormatsFixed');
  });
});

describe('Update image: additional properties', () => {
  it('adds, replaces and removes in one commit', () => {
    given(...anImage({ properties: { a: '1', b: '2' } })).when(patched(
      { of: 'property', op: 'replace', name: 'a', value: '9' },
      { of: 'property', op: 'remove', name: 'b' },
      { of: 'property', op: 'add', name: 'c', value: '3' },
    )).then(changed({ set: { a: '9', c: '3' }, removed: ['b'] }));
  });

  it('applies the changes in order', () => {
    given(...anImage()).when(patched(
      { of: 'property', op: 'add', name: 'a', value: '1' }, { of: 'property', op: 'replace', name: 'a', value: '2' },
    )).then(changed({ set: { a: '2' } }));
  });

  it('overwrites by add, as media type v2.1 says', () => {
    given(...anImage({ properties: { a: '1' } })).when(patched({ of: 'property', op: 'add', name: 'a', value: '2' })).then(changed({ set: { a: '2' } }));
  });

  it('refuses to overwrite by addNew, as media type v2.0 says', () => {
    given(...anImage({ properties: { a: '1' } })).when(patched({ of: 'property', op: 'addNew', name: 'a', value: '2' })).refuses('PropertyExists');
  });

  it('refuses to replace a property that is not there', () => {
    given(...anImage()).when(patched({ of: 'property', op: 'replace', name: 'a', value: '2' })).refuses('PropertyMissing');
  });

  it('refuses to remove a property that is not there, and changes nothing before it either', () => {
    given(...anImage()).when(patched({ of: 'attribute', name: 'name', value: 'new' }, { of: 'property', op: 'remove', name: 'a' })).refuses('PropertyMissing');
  });

  it('refuses more than the limit', () => {
    given(...anImage({ properties: { a: '1', b: '2' } })).when(patched({ of: 'property', op: 'add', name: 'c', value: '3' })).refuses('TooManyProperties');
  });

  it.each(['__proto__', 'constructor', 'toString'])('keeps a property that is named %s', (name) => {
    const { when } = given(...anImage());
    const image = when(patched({ of: 'property', op: 'add', name, value: 'x' })).state() as Image;
    expect(Object.entries(image.properties)).toEqual([[name, 'x']]);
  });
});

describe('Update image: visibility and tags', () => {
  it('records a change of visibility as its own event', () => {
    given(...anImage()).when(patched({ of: 'visibility', value: 'private' })).then({ type: 'ImageVisibilityChanged', data: { visibility: 'private' } });
  });

  it('records the difference of a replaced list of tags', () => {
    given(...anImage({ tags: ['a', 'b'] })).when(patched({ of: 'tags', value: ['b', 'c', 'c'] }))
      .then({ type: 'ImageTagRemoved', data: { tag: 'a' } }, { type: 'ImageTagAdded', data: { tag: 'c' } });
  });

  it('refuses more tags than the limit', () => {
    given(...anImage()).when(patched({ of: 'tags', value: ['a', 'b', 'c'] })).refuses('TooManyTags');
  });
});
