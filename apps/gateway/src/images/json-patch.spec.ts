import { Problem } from '#libs/domain';
import { changesOf, refuseImpossible } from './change-image.js';
import { imageSchema } from './image.schema.js';
import { parsePatch, parsePointer, patchVersion } from './json-patch.js';

const schema = imageSchema({ containerFormats: ['bare', 'ovf'], diskFormats: ['raw', 'qcow2'] });
const codeOf = (action: () => unknown) => {
  try {
    action();
    return 'accepted';
  } catch (error) {
    return error instanceof Problem ? error.code : error;
  }
};
const changes = (body: unknown, version: '2.0' | '2.1' = '2.1') => {
  const operations = parsePatch(body, version);
  refuseImpossible(operations, schema);
  return changesOf(operations, new Map());
};

describe('the media type of a patch', () => {
  it.each([
    ['application/openstack-images-v2.1-json-patch', '2.1'],
    ['application/openstack-images-v2.0-json-patch; charset=utf-8', '2.0'],
  ])('%s is version %s', (type, version) => {
    expect(patchVersion(type)).toBe(version);
  });

  it.each([undefined, 'application/json', 'application/json-patch+json'])('refuses %s', (type) => {
    expect(codeOf(() => patchVersion(type))).toBe('UnsupportedMediaType');
  });
});

describe('a JSON pointer', () => {
  it.each([['/name', ['name']], ['/a~1b', ['a/b']], ['/a~0b', ['a~b']], ['/~01', ['~1']], ['/ name ', ['name']], ['/locations/0', ['locations', '0']], ['/', ['']], ['//name', ['name']]])('%s is %j', (pointer, path) => {
    expect(parsePointer(pointer)).toEqual(path);
  });

  it.each(['name', '', '/a//b', '/a/ /b', '/a/', '/a~', '/a~2b'])('refuses %j', (pointer) => {
    expect(codeOf(() => parsePointer(pointer))).toBe('InvalidRequest');
  });
});

describe('a patch of version 2.1', () => {
  it('sets attributes, visibility, tags and properties in its order', () => {
    expect(changes([
      { op: 'replace', path: '/name', value: 'new' }, { op: 'add', path: '/os_hidden', value: true }, { op: 'replace', path: '/visibility', value: 'public' },
      { op: 'replace', path: '/tags', value: ['a'] }, { op: 'add', path: '/color', value: 'red' }, { op: 'remove', path: '/shape' },
    ])).toEqual([
      { of: 'attribute', name: 'name', value: 'new' }, { of: 'attribute', name: 'isHidden', value: true }, { of: 'visibility', value: 'public' },
      { of: 'tags', value: ['a'] }, { of: 'property', op: 'add', name: 'color', value: 'red' }, { of: 'property', op: 'remove', name: 'shape' },
    ]);
  });

  it.each([
    ['no list', { op: 'add' }], ['no object', ['add']], ['an unknown operation', [{ op: 'move', path: '/a', from: '/b' }]], ['test', [{ op: 'test', path: '/a', value: 'b' }]],
    ['no path', [{ op: 'remove' }]], ['no value', [{ op: 'add', path: '/name' }]], ['a path too deep', [{ op: 'replace', path: '/name/first', value: 'x' }]],
    ['a number for a property', [{ op: 'add', path: '/color', value: 7 }]], ['a wrong type', [{ op: 'replace', path: '/protected', value: 'yes' }]],
    ['a negative disk', [{ op: 'replace', path: '/min_disk', value: -1 }]], ['an unknown format', [{ op: 'replace', path: '/disk_format', value: 'floppy' }]],
    ['too long a name', [{ op: 'replace', path: '/name', value: 'x'.repeat(256) }]], ['too long a property name', [{ op: 'add', path: `/${'x'.repeat(256)}`, value: 'x' }]],
    ['null for a property', [{ op: 'add', path: '/color', value: null }]], ['a single location by replace', [{ op: 'replace', path: '/locations/0', value: {} }]],
  ])('refuses %s', (_, body) => {
    expect(codeOf(() => changes(body))).toBe('InvalidRequest');
  });

  it.each(['id', 'status', 'size', 'checksum', 'created_at', 'self', 'file', 'schema', 'stores', 'direct_url', 'location', 'deleted', 'os_glance_import_task', 'os_glancexyz'])(
    'forbids to change %s', (name) => {
      expect(codeOf(() => changes([{ op: 'replace', path: `/${name}`, value: 'x' }]))).toBe('Forbidden');
    });

  it.each(['name', 'visibility', 'tags', 'owner', 'min_ram', 'disk_format'])('refuses to remove %s, which every image has', (name) => {
    expect(codeOf(() => changes([{ op: 'remove', path: `/${name}` }]))).toBe('AttributeNotRemovable');
  });

  it('refuses a location that is none', () => {
    expect(codeOf(() => changes([{ op: 'add', path: '/locations/-', value: { url: 'http://x' } }]))).toBe('InvalidRequest');
    expect(codeOf(() => changes([{ op: 'replace', path: '/locations', value: [{ url: 'http://x', metadata: 'x' }] }]))).toBe('InvalidRequest');
  });

  it('keeps the null of a property that may be null as empty text', () => {
    expect(changes([{ op: 'add', path: '/kernel_id', value: null }])).toEqual([{ of: 'property', op: 'add', name: 'kernel_id', value: '' }]);
  });
});

describe('a patch of version 2.0', () => {
  it('names the operation by the key of its path, and adds only what is new', () => {
    expect(changes([{ add: '/color', value: 'red' }, { replace: '/name', value: 'n' }, { remove: '/shape' }], '2.0')).toEqual([
      { of: 'property', op: 'addNew', name: 'color', value: 'red' }, { of: 'attribute', name: 'name', value: 'n' }, { of: 'property', op: 'remove', name: 'shape' },
    ]);
  });

  it.each([['two operations in one', [{ add: '/a', remove: '/b', value: 'c' }]], ['none', [{ path: '/a', value: 'b' }]]])('refuses %s', (_, body) => {
    expect(codeOf(() => changes(body, '2.0'))).toBe('InvalidRequest');
  });

  it('refuses to add what every image has already', () => {
    expect(codeOf(() => changes([{ add: '/name', value: 'x' }], '2.0'))).toBe('PropertyExists');
  });
});
