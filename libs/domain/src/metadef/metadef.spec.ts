import { specification } from '#libs/testing';
import { loadModes, metadefDecider, namespaceLimitBytes, type LoadMode, type MetadefCommand, type MetadefEvent } from '#libs/domain';

const created = (data: Partial<Extract<MetadefEvent, { type: 'MetadefNamespaceCreated' }>['data']> = {}): MetadefEvent => ({
  type: 'MetadefNamespaceCreated',
  data: { name: 'OS::Test', visibility: 'private', isProtected: false, owner: 'p1', resourceTypes: [], properties: [], objects: [], tags: [], ...data },
});
const command = (what: MetadefCommand, authorizedFor?: { owner: string; visibility: 'public' | 'private' }) => ({ namespace: 'OS::Test', command: what, ...(authorizedFor ? { authorizedFor } : {}) });
const given = specification(metadefDecider);
const attributes = { displayName: null, description: null, visibility: 'private', isProtected: false, owner: 'p1' } as const;
const creation: MetadefCommand = { type: 'CreateMetadefNamespace', ...attributes, resourceTypes: [], properties: [], objects: [], tags: [] };
const cores = { name: 'cores', definition: { type: 'integer', title: 'Cores' } };
const box = { name: 'box', required: ['cores'], properties: [cores] };
const full = created({ resourceTypes: [{ name: 'OS::Nova::Flavor', prefix: 'hw:' }], properties: [cores], objects: [box], tags: ['red', 'blue'] });
const guarded = created({ isProtected: true, resourceTypes: [{ name: 'OS::Nova::Flavor' }], properties: [cores], objects: [box], tags: ['red'] });

describe('Create namespace', () => {
  it('records the namespace with all that it holds in one event', () => {
    given().when(command({ ...creation, displayName: 'Test', properties: [cores], tags: ['red'] })).then(created({ displayName: 'Test', properties: [cores], tags: ['red'] }));
  });
  it('refuses a name that is taken, and takes one that was given up', () => {
    given(created()).when(command(creation)).refuses('NamespaceExists');
    given(full, { type: 'MetadefNamespaceDeleted', data: {} }).when(command(creation)).then(created());
  });
  it('refuses whatever is named twice in it', () => {
    given().when(command({ ...creation, tags: ['red', 'red'] })).refuses('MetadefTagExists');
    given().when(command({ ...creation, objects: [box, box] })).refuses('MetadefObjectExists');
    given().when(command({ ...creation, properties: [cores, cores] })).refuses('MetadefPropertyExists');
    given().when(command({ ...creation, resourceTypes: [{ name: 'a' }, { name: 'a' }] })).refuses('ResourceTypeAssociationExists');
  });
});

describe('Update namespace', () => {
  it('sets every attribute anew: what is left out goes back to its default', () => {
    given(created({ displayName: 'Test', visibility: 'public' })).when(command({ type: 'ChangeMetadefNamespace', ...attributes, description: 'new' }))
      .then({ type: 'MetadefNamespaceChanged', data: { attributes: { description: 'new', visibility: 'private' }, cleared: ['displayName'] } });
  });
  it('changes nothing the second time', () => {
    given(created()).when(command({ type: 'ChangeMetadefNamespace', ...attributes })).nothing();
  });
  it('rests on the owner and visibility that its permission was asked for', () => {
    given(created()).when(command({ type: 'ChangeMetadefNamespace', ...attributes }, { owner: 'p2', visibility: 'private' })).refuses('NamespaceAuthorizationStale');
    given(created()).when(command({ type: 'ChangeMetadefNamespace', ...attributes }, { owner: 'p1', visibility: 'public' })).refuses('NamespaceAuthorizationStale');
  });
});

describe('A protected namespace', () => {
  it.each<MetadefCommand>([
    { type: 'DeleteMetadefNamespace' }, { type: 'RemoveMetadefProperty', name: 'cores' }, { type: 'RemoveMetadefProperties' }, { type: 'RemoveMetadefObject', name: 'box' },
    { type: 'RemoveMetadefObjects' }, { type: 'RemoveMetadefTag', name: 'red' }, { type: 'RemoveMetadefTags' }, { type: 'DissociateMetadefResourceType', name: 'OS::Nova::Flavor' },
  ])('loses nothing: $type', (what) => {
    given(guarded).when(command(what)).refuses('NamespaceIsProtected');
  });
  it('may be added to, changed, and freed', () => {
    given(guarded).when(command({ type: 'AddMetadefTag', name: 'blue' })).then({ type: 'MetadefTagAdded', data: { name: 'blue' } });
    given(guarded).when(command({ type: 'SetMetadefTags', names: ['blue'], append: false }))
      .then({ type: 'MetadefTagRemoved', data: { name: 'red' } }, { type: 'MetadefTagAdded', data: { name: 'blue' } });
    given(guarded).when(command({ type: 'ChangeMetadefNamespace', ...attributes })).then({ type: 'MetadefNamespaceChanged', data: { attributes: { isProtected: false }, cleared: [] } });
  });
});

describe('Properties, objects and associations', () => {
  it('are added once', () => {
    given(full).when(command({ type: 'AddMetadefProperty', ...cores })).refuses('MetadefPropertyExists');
    given(full).when(command({ type: 'AddMetadefObject', ...box })).refuses('MetadefObjectExists');
    given(full).when(command({ type: 'AssociateMetadefResourceType', name: 'OS::Nova::Flavor' })).refuses('ResourceTypeAssociationExists');
    given(created()).when(command({ type: 'AssociateMetadefResourceType', name: 'a', prefix: 'b:' })).then({ type: 'MetadefResourceTypeAssociated', data: { name: 'a', prefix: 'b:' } });
  });
  it('are replaced as a whole, and may get another name that is free', () => {
    const other = { type: 'string', title: 'Other' };
    given(full).when(command({ type: 'ChangeMetadefProperty', oldName: 'cores', name: 'threads', definition: other }))
      .then({ type: 'MetadefPropertyChanged', data: { oldName: 'cores', name: 'threads', definition: other } });
    given(full, { type: 'MetadefPropertyAdded', data: { name: 'threads', definition: other } })
      .when(command({ type: 'ChangeMetadefProperty', oldName: 'cores', name: 'threads', definition: other })).refuses('MetadefPropertyExists');
    given(full).when(command({ type: 'ChangeMetadefObject', oldName: 'box', name: 'crate', required: [], properties: [] }))
      .then({ type: 'MetadefObjectChanged', data: { oldName: 'box', name: 'crate', required: [], properties: [] } });
  });
  it('change nothing where they say the same, in whatever order', () => {
    given(full).when(command({ type: 'ChangeMetadefProperty', oldName: 'cores', name: 'cores', definition: { title: 'Cores', type: 'integer' } })).nothing();
    given(full).when(command({ type: 'ChangeMetadefObject', oldName: 'box', ...box })).nothing();
  });
  it('keep the place and the creation of what is replaced', () => {
    const state = given(full).when(command({ type: 'RenameMetadefTag', oldName: 'red', name: 'green' })).state();
    expect(state.exists && state.tags.map(({ name }) => name)).toEqual(['green', 'blue']);
  });
  it.each<[MetadefCommand, string]>([
    [{ type: 'ChangeMetadefProperty', oldName: 'no', ...cores }, 'MetadefPropertyNotFound'], [{ type: 'RemoveMetadefProperty', name: 'no' }, 'MetadefPropertyNotFound'],
    [{ type: 'ChangeMetadefObject', oldName: 'no', ...box }, 'MetadefObjectNotFound'], [{ type: 'RemoveMetadefObject', name: 'no' }, 'MetadefObjectNotFound'],
    [{ type: 'RenameMetadefTag', oldName: 'no', name: 'x' }, 'MetadefTagNotFound'], [{ type: 'RemoveMetadefTag', name: 'no' }, 'MetadefTagNotFound'],
    [{ type: 'DissociateMetadefResourceType', name: 'no' }, 'ResourceTypeAssociationNotFound'],
  ])('must be there: $type', (what, code) => {
    given(full).when(command(what)).refuses(code as 'MetadefTagNotFound');
  });
});

describe('Create tags', () => {
  it('replaces all tags unless it appends', () => {
    given(full).when(command({ type: 'SetMetadefTags', names: ['red', 'green'], append: true })).refuses('MetadefTagExists');
    given(full).when(command({ type: 'SetMetadefTags', names: ['green'], append: true })).then({ type: 'MetadefTagAdded', data: { name: 'green' } });
    const replaced = given(full).when(command({ type: 'SetMetadefTags', names: ['red', 'green'], append: false })).state();
    expect(replaced.exists && replaced.tags.map(({ name }) => name)).toEqual(['red', 'green']);
  });
  it('refuses a name twice, and does nothing for no names at all', () => {
    given(full).when(command({ type: 'SetMetadefTags', names: ['green', 'green'], append: false })).refuses('MetadefTagExists');
    given(full).when(command({ type: 'SetMetadefTags', names: [], append: false })).nothing();
  });
});

describe('A name without namespace', () => {
  it('is refused everything but creation', () => {
    given().when(command({ type: 'AddMetadefTag', name: 'x' })).refuses('NamespaceNotFound');
    given(full, { type: 'MetadefNamespaceDeleted', data: {} }).when(command({ type: 'DeleteMetadefNamespace' })).refuses('NamespaceNotFound');
  });
});

describe('The size of a namespace', () => {
  const large = { type: 'MetadefPropertyAdded', data: { name: 'large', definition: { type: 'string', title: 'x'.repeat(namespaceLimitBytes) } } } as const;
  it('is bounded', () => {
    given(created()).when(command({ type: 'AddMetadefProperty', ...large.data })).refuses('NamespaceTooLarge');
  });
  it('may always shrink', () => {
    given(full, large).when(command({ type: 'RemoveMetadefTag', name: 'red' })).then({ type: 'MetadefTagRemoved', data: { name: 'red' } });
    given(full, large).when(command({ type: 'AddMetadefTag', name: 'x' })).refuses('NamespaceTooLarge');
  });
});

describe('Loading a namespace from a file', () => {
  const file = { ...attributes, displayName: 'From a file', resourceTypes: [{ name: 'R', prefix: 'r:' }], properties: [cores], objects: [box], tags: ['red'] };
  const load = (mode: LoadMode, change: Partial<typeof file> = {}): MetadefCommand => ({ type: 'LoadMetadefNamespace', mode, ...file, ...change });
  const loaded = created({ displayName: 'From a file', resourceTypes: [{ name: 'R', prefix: 'r:' }], properties: [cores], objects: [box], tags: ['red'] });
  const other = { ...cores, definition: { type: 'string', title: 'Other' } };
  const changedFile = { description: 'new', resourceTypes: [{ name: 'R' }, { name: 'S' }], properties: [other, { ...cores, name: 'threads' }], objects: [{ ...box, required: [] }], tags: ['red', 'blue'] } as unknown as Partial<typeof file>;

  it.each(loadModes)('creates what is not there: %s', (mode) => {
    given().when(command(load(mode))).then(loaded);
  });
  it.each(loadModes)('changes nothing the second time: %s', (mode) => {
    given(loaded).when(command(load(mode))).nothing();
    const again = given(created({ isProtected: true })).when(command(load(mode, changedFile))).state();
    if (!again.exists) throw new Error('it was loaded');
    const events = metadefDecider.decide(command(load(mode, changedFile)), again);
    expect(events).toEqual([]);
  });
  it('skips what is there', () => {
    given(loaded).when(command(load('skip', changedFile))).nothing();
  });
  it('merges what is lacking, and nothing else', () => {
    given(loaded).when(command(load('merge', changedFile))).then(
      { type: 'MetadefResourceTypeAssociated', data: { name: 'S' } }, { type: 'MetadefPropertyAdded', data: { ...cores, name: 'threads' } }, { type: 'MetadefTagAdded', data: { name: 'blue' } });
  });
  it('prefers the new where it differs, and keeps what only the old one has', () => {
    given(loaded, { type: 'MetadefTagAdded', data: { name: 'own' } }).when(command(load('prefer-new', changedFile))).then(
      { type: 'MetadefNamespaceChanged', data: { attributes: { description: 'new' }, cleared: [] } },
      { type: 'MetadefResourceTypeAssociationChanged', data: { name: 'R' } }, { type: 'MetadefResourceTypeAssociated', data: { name: 'S' } },
      { type: 'MetadefPropertyChanged', data: { oldName: 'cores', ...other } }, { type: 'MetadefPropertyAdded', data: { ...cores, name: 'threads' } },
      { type: 'MetadefObjectChanged', data: { oldName: 'box', ...box, required: [] } }, { type: 'MetadefTagAdded', data: { name: 'blue' } });
  });
  it('overwrites everything, also of a protected namespace', () => {
    given(guarded).when(command(load('overwrite'))).then({ type: 'MetadefNamespaceDeleted', data: {} }, loaded);
  });
  it('waits for a rename', () => {
    given(loaded, { type: 'MetadefNamespaceRenameStarted', data: { renameId: 'r', to: 'x', visibility: 'public', isProtected: false, owner: 'p' } })
      .when(command(load('overwrite'))).refuses('NamespaceBeingRenamed');
  });
});
