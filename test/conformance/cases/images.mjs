import { patchV20, patchV21 } from '../site.mjs';

const long = (length) => 'x'.repeat(length);
const names = (count) => Array.from({ length: count }, (_, index) => `name-${index}`);

/** What a POST may say; every entry is one request. */
const bodies = {
  'empty object': {},
  'name only': { name: 'plain' },
  'name null': { name: null },
  'name empty': { name: '' },
  'name unicode': { name: 'Bäume Ωμέγα 映像' },
  'name 255 characters': { name: long(255) },
  'name 256 characters': { name: long(256) },
  'name a number': { name: 7 },
  'name a list': { name: ['a'] },
  'id not a UUID': { id: 'abc' },
  'id null': { id: null },
  'id a number': { id: 5 },
  'visibility private': { visibility: 'private' },
  'visibility community': { visibility: 'community' },
  'visibility public by a member': { visibility: 'public' },
  'visibility unknown': { visibility: 'hidden' },
  'visibility null': { visibility: null },
  'protected': { protected: true },
  'protected as text': { protected: 'true' },
  'protected as number': { protected: 1 },
  'os_hidden': { os_hidden: true },
  'os_hidden as text': { os_hidden: 'false' },
  'tags': { tags: ['b', 'a'] },
  'tags repeated': { tags: ['a', 'a'] },
  'tags empty': { tags: [] },
  'tag empty': { tags: [''] },
  'tags as text': { tags: 'a' },
  'tags null': { tags: null },
  'tag a number': { tags: [1] },
  'tag of 255': { tags: [long(255)] },
  'tag of 256': { tags: [long(256)] },
  'tags 128': { tags: names(128) },
  'tags 129': { tags: names(129) },
  'container and disk format': { container_format: 'bare', disk_format: 'qcow2' },
  'formats null': { container_format: null, disk_format: null },
  'container_format unknown': { container_format: 'box' },
  'disk_format unknown': { disk_format: 'floppy' },
  'disk_format upper case': { disk_format: 'RAW' },
  'ami kernel only': { container_format: 'aki', disk_format: 'aki' },
  'ami in bare': { container_format: 'bare', disk_format: 'ami' },
  'ami in ami': { container_format: 'ami', disk_format: 'ami' },
  'ari in aki': { container_format: 'aki', disk_format: 'ari' },
  'min_disk and min_ram': { min_disk: 5, min_ram: 512 },
  'min_disk negative': { min_disk: -1 },
  'min_disk as text': { min_disk: '5' },
  'min_disk fraction': { min_disk: 1.5 },
  'min_disk whole fraction': { min_disk: 1.0 },
  'min_ram null': { min_ram: null },
  'min_ram true': { min_ram: true },
  'min_ram largest': { min_ram: 2147483647 },
  'owner null by a member': { owner: null },
  'owner a number': { owner: 1 },
  'owner of another project': { owner: 'somebody-else' },
  'owner 256 characters': { owner: long(256) },
  'property': { os_distro: 'debian', 'own:key.with-signs': 'value' },
  'property empty': { mine: '' },
  'property a number': { mine: 1 },
  'property null': { mine: null },
  'property a list': { mine: ['a'] },
  'property an object': { mine: {} },
  'property true': { mine: true },
  'property name 255': { [long(255)]: 'a' },
  'property name 256': { [long(256)]: 'a' },
  'property name empty': { '': 'a' },
  'property name with spaces': { ' a b ': 'c' },
  'property name unicode': { 'größe': '映像' },
  'property name __proto__': '{"__proto__":"a"}',
  'property name constructor': { constructor: 'a' },
  'property value 60000': { mine: long(60_000) },
  'properties 128': Object.fromEntries(names(128).map((name) => [name, 'a'])),
  'properties 129': Object.fromEntries(names(129).map((name) => [name, 'a'])),
  'kernel_id': { kernel_id: '9d3a6f3e-1111-4222-8333-444455556666' },
  'kernel_id null': { kernel_id: null },
  'kernel_id not a UUID': { kernel_id: 'vmlinuz' },
  'ramdisk_id null': { ramdisk_id: null },
  'description null': { description: null },
  'architecture a number': { architecture: 64 },
  'deletion policy': { cinder_encryption_key_deletion_policy: 'do_not_delete' },
  'deletion policy unknown': { cinder_encryption_key_deletion_policy: 'perhaps' },
  'status': { status: 'active' },
  'status queued': { status: 'queued' },
  'status unknown': { status: 'broken' },
  'size': { size: 5 },
  'size as text': { size: '5' },
  'virtual_size': { virtual_size: 5 },
  'checksum': { checksum: long(32) },
  'checksum too long': { checksum: long(33) },
  'os_hash_algo': { os_hash_algo: 'sha512' },
  'os_hash_value': { os_hash_value: 'abc' },
  'created_at': { created_at: '2026-01-01T00:00:00Z' },
  'updated_at': { updated_at: '2026-01-01T00:00:00Z' },
  'direct_url': { direct_url: 'file:///etc/passwd' },
  'direct_url a number': { direct_url: 3 },
  'self': { self: '/v2/images/x' },
  'file': { file: '/v2/images/x/file' },
  'schema': { schema: '/v2/schemas/image' },
  'stores': { stores: 'cheap' },
  'locations empty': { locations: [] },
  'locations': { locations: [{ url: 'http://127.0.0.1/x', metadata: {} }] },
  'locations malformed': { locations: [{ url: 5 }] },
  'location': { location: 'http://127.0.0.1/x' },
  'deleted': { deleted: 'true' },
  'deleted a boolean': { deleted: true },
  'deleted_at': { deleted_at: '2026-01-01T00:00:00Z' },
  'os_glance property': { os_glance_mine: 'a' },
  'os_glance alone': { os_glance: 'a' },
  'is_public': { is_public: 'true' },
  'read-only and malformed': { status: 'active', name: 7 },
  'reserved and malformed': { os_glance_mine: 1 },
  'reserved and public': { os_glance_mine: 'a', visibility: 'public' },
  'read-only and public': { size: 5, visibility: 'public' },
  'too many tags and public': { tags: names(129), visibility: 'public' },
  'image members': { member: 'x' },
  'not an object': '[]',
  'a list of objects': '[{"name":"a"}]',
  'text': '"name"',
  'number': '5',
  'null': 'null',
  'true': 'true',
  'nothing': '',
  'blanks': '   ',
  'not JSON': '{"name":',
  'JSON and more': '{} {}',
  'trailing comma': '{"name":"a",}',
  'single quotes': "{'name':'a'}",
  'key twice': '{"name":"first","name":"second"}',
  'NaN': '{"min_disk":NaN}',
  'number in exponent form': '{"min_disk":1e1}',
  'number far too large': '{"min_disk":99999999999}',
  'not UTF-8': Buffer.from([0x7b, 0x22, 0x6e, 0x61, 0x6d, 0x65, 0x22, 0x3a, 0x22, 0xff, 0x22, 0x7d]),
  'byte order mark': '﻿{"name":"a"}',
  'UTF-16': Buffer.from('{"name":"a"}', 'utf16le'),
};

const sentAs = (body) => typeof body === 'string' || Buffer.isBuffer(body) ? { body, headers: { 'content-type': 'application/json' } } : { json: body };

export async function create({ compare, projects, id, prepare, show }) {
  for (const [name, body] of Object.entries(bodies)) await compare(`create: ${name}`, 'demo', 'POST', '/v2/images', { ...sentAs(body), anyId: true });
  const byAdmin = { public: { visibility: 'public' }, 'other owner': { owner: projects.alt_demo }, 'owner null': { owner: null }, 'owner unknown': { owner: 'nobody-at-all' }, reserved: { os_glance_x: 'a' }, status: { status: 'active' } };
  for (const [name, json] of Object.entries(byAdmin)) await compare(`create by admin: ${name}`, 'admin', 'POST', '/v2/images', { json, anyId: true });
  for (const persona of ['demo_reader', 'alt_demo_reader', 'system', 'unscoped', 'garbage', 'empty', 'nobody']) {
    await compare(`create by ${persona}`, persona, 'POST', '/v2/images', { json: { name: 'a' }, anyId: true });
    await compare(`create by ${persona}: malformed`, persona, 'POST', '/v2/images', { json: { name: 5 }, anyId: true });
  }
  await compare('create: own project named as owner', 'demo', 'POST', '/v2/images', { json: { owner: projects.demo }, anyId: true });
  const given = id('given id');
  await compare('create: with an id', 'demo', 'POST', '/v2/images', { json: { id: given, name: 'given' } });
  await compare('create: id taken', 'demo', 'POST', '/v2/images', { json: { id: given } });
  await compare('create: id taken by another project', 'alt_demo', 'POST', '/v2/images', { json: { id: given } });
  await prepare('demo', 'DELETE', `/v2/images/${given}`);
  await compare('create: id of a deleted image', 'demo', 'POST', '/v2/images', { json: { id: given } });
  await show('show: a deleted image', 'demo', given);
  for (const type of ['', 'text/plain', 'application/octet-stream', 'application/json; charset=latin-1', 'nonsense', 'application/x-www-form-urlencoded']) {
    await compare(`create: Content-Type ${type || '(none)'}`, 'demo', 'POST', '/v2/images', { body: '{"name":"a"}', headers: type ? { 'content-type': type } : {}, anyId: true });
  }
  await compare('create: chunked', 'demo', 'POST', '/v2/images', { body: ['{"name":', '"a"}'], headers: { 'content-type': 'application/json' }, anyId: true });
  await compare('create: store header', 'demo', 'POST', '/v2/images', { json: { name: 'a' }, headers: { 'x-image-meta-store': 'none' }, anyId: true });
  await compare('create: with a query', 'demo', 'POST', '/v2/images?a=b', { json: { name: 'a' }, anyId: true });
}

export async function show({ compare, show: showImage, image, active, prepare }) {
  const own = await active('shown', { tags: ['b', 'a'], os_distro: 'debian', min_disk: 1 });
  const queued = await image('shown queued', { disk_format: null, container_format: null });
  const community = await image('shown community', { visibility: 'community' });
  const published = await active('shown public', { visibility: 'public' }, 'admin');
  const hidden = await image('shown hidden', { os_hidden: true });
  const shielded = await image('shown private', { visibility: 'private' });
  const ownerless = await image('shown ownerless', { owner: null, visibility: 'private' }, 'admin');
  await prepare('admin', 'PATCH', `/v2/images/${ownerless}`, { headers: { 'content-type': patchV21 }, body: '[]' });
  const images = { own, queued, community, public: published, hidden, private: shielded, ownerless };
  for (const persona of ['demo', 'demo_reader', 'admin', 'alt_demo', 'alt_demo_reader', 'system', 'unscoped', 'garbage', 'nobody']) {
    for (const [name, imageId] of Object.entries(images)) await showImage(`show: ${name} by ${persona}`, persona, imageId);
  }
  const none = '00000000-0000-4000-8000-000000000000';
  const paths = {
    'unknown id': none, 'not a UUID': 'nonsense', 'id with slash': `${own}/`, 'id and space': `${own}%20`, 'percent alone': '%', 'bad percent': '%zz', 'bad UTF-8': '%ff%fe',
    'NUL': '%00', 'encoded slash': 'a%2fb', 'unicode': '%E6%98%A0', 'very long': 'a'.repeat(300), 'with a query': `${own}?a=b`, 'bad query': `${own}?a=%ff`, 'dots': '..%2fimages', 'semicolon': `${own};x=y`,
  };
  for (const [name, path] of Object.entries(paths)) await compare(`show: ${name}`, 'demo', 'GET', `/v2/images/${path}`);
  await compare('show: with a body', 'demo', 'GET', `/v2/images/${own}`, { body: '{}' });
  await compare('show: with an empty body', 'demo', 'GET', `/v2/images/${own}`, { headers: { 'content-length': '0' } });
  for (const minor of ['2.0', '2.1', '2.7', '2.8', '2.9', '2.10', '2.13', '2.15', '2.17', '2.99', '2.', '3', '1']) await compare(`show: under v${minor}`, 'demo', 'GET', `/v${minor}/images/${own}`);
  for (const method of ['HEAD', 'POST', 'PUT', 'OPTIONS', 'TRACE', 'PROPFIND', 'BREW']) await compare(`image: method ${method}`, 'demo', method, `/v2/images/${own}`);
}

/** What a PATCH in the newer language may say to an image that has the property `mine`. */
const patches = {
  'empty': [],
  'add a property': [{ op: 'add', path: '/other', value: 'b' }],
  'add over a property': [{ op: 'add', path: '/mine', value: 'b' }],
  'replace a property': [{ op: 'replace', path: '/mine', value: 'c' }],
  'replace a missing property': [{ op: 'replace', path: '/missing', value: 'c' }],
  'remove a missing property': [{ op: 'remove', path: '/missing' }],
  'remove and add again': [{ op: 'remove', path: '/mine' }, { op: 'add', path: '/mine', value: 'a' }],
  'all or nothing': [{ op: 'add', path: '/third', value: 'x' }, { op: 'remove', path: '/missing' }],
  'later operation sees the earlier': [{ op: 'add', path: '/fourth', value: 'x' }, { op: 'replace', path: '/fourth', value: 'y' }, { op: 'remove', path: '/fourth' }],
  'name': [{ op: 'replace', path: '/name', value: 'renamed' }],
  'name by add': [{ op: 'add', path: '/name', value: 'renamed again' }],
  'name null': [{ op: 'replace', path: '/name', value: null }],
  'name too long': [{ op: 'replace', path: '/name', value: long(256) }],
  'name a number': [{ op: 'replace', path: '/name', value: 5 }],
  'remove name': [{ op: 'remove', path: '/name' }],
  'remove tags': [{ op: 'remove', path: '/tags' }],
  'remove visibility': [{ op: 'remove', path: '/visibility' }],
  'remove min_disk': [{ op: 'remove', path: '/min_disk' }],
  'remove id': [{ op: 'remove', path: '/id' }],
  'remove status': [{ op: 'remove', path: '/status' }],
  'remove owner': [{ op: 'remove', path: '/owner' }],
  'remove protected': [{ op: 'remove', path: '/protected' }],
  'remove kernel_id': [{ op: 'remove', path: '/kernel_id' }],
  'tags': [{ op: 'replace', path: '/tags', value: ['a', 'b'] }],
  'tags repeated': [{ op: 'replace', path: '/tags', value: ['a', 'a'] }],
  'tags add': [{ op: 'add', path: '/tags', value: ['c'] }],
  'tags as text': [{ op: 'replace', path: '/tags', value: 'a' }],
  'tags by place': [{ op: 'add', path: '/tags/-', value: 'a' }],
  'tags 129': [{ op: 'replace', path: '/tags', value: names(129) }],
  'visibility private': [{ op: 'replace', path: '/visibility', value: 'private' }],
  'visibility community': [{ op: 'replace', path: '/visibility', value: 'community' }],
  'visibility public': [{ op: 'replace', path: '/visibility', value: 'public' }],
  'visibility public and back': [{ op: 'replace', path: '/visibility', value: 'public' }, { op: 'replace', path: '/visibility', value: 'shared' }],
  'visibility unknown': [{ op: 'replace', path: '/visibility', value: 'secret' }],
  'visibility shared': [{ op: 'add', path: '/visibility', value: 'shared' }],
  'protected as text': [{ op: 'replace', path: '/protected', value: 'true' }],
  'protected and not': [{ op: 'replace', path: '/protected', value: true }, { op: 'replace', path: '/protected', value: false }],
  'os_hidden and not': [{ op: 'replace', path: '/os_hidden', value: true }, { op: 'replace', path: '/os_hidden', value: false }],
  'owner own': 'owner own',
  'owner another': [{ op: 'replace', path: '/owner', value: 'another' }],
  'owner another by add': [{ op: 'add', path: '/owner', value: 'another' }],
  'owner null': [{ op: 'replace', path: '/owner', value: null }],
  'min_disk': [{ op: 'replace', path: '/min_disk', value: 2 }],
  'min_disk negative': [{ op: 'replace', path: '/min_disk', value: -2 }],
  'min_disk null': [{ op: 'replace', path: '/min_disk', value: null }],
  'min_disk as text': [{ op: 'replace', path: '/min_disk', value: '2' }],
  'disk_format': [{ op: 'replace', path: '/disk_format', value: 'qcow2' }],
  'disk_format unknown': [{ op: 'replace', path: '/disk_format', value: 'floppy' }],
  'disk_format null': [{ op: 'replace', path: '/disk_format', value: null }],
  'formats of ami': [{ op: 'replace', path: '/disk_format', value: 'ami' }, { op: 'replace', path: '/container_format', value: 'ami' }],
  'formats back': [{ op: 'replace', path: '/disk_format', value: 'raw' }, { op: 'replace', path: '/container_format', value: 'bare' }],
  'property a number': [{ op: 'add', path: '/other', value: 5 }],
  'property null': [{ op: 'add', path: '/other', value: null }],
  'property a list': [{ op: 'add', path: '/other', value: ['a'] }],
  'property name 255': [{ op: 'add', path: `/${long(255)}`, value: 'a' }, { op: 'remove', path: `/${long(255)}` }],
  'property name 256': [{ op: 'add', path: `/${long(256)}`, value: 'a' }],
  'kernel_id null': [{ op: 'add', path: '/kernel_id', value: null }],
  'kernel_id not a UUID': [{ op: 'add', path: '/kernel_id', value: 'x' }],
  'properties too many': names(129).map((name) => ({ op: 'add', path: `/${name}`, value: 'a' })),
  'properties too many on the way': [...names(129).map((name) => ({ op: 'add', path: `/${name}`, value: 'a' })), ...names(129).map((name) => ({ op: 'remove', path: `/${name}` }))],
  'os_glance add': [{ op: 'add', path: '/os_glance_x', value: 'a' }],
  'os_glance replace': [{ op: 'replace', path: '/os_glance_x', value: 'a' }],
  'os_glance remove': [{ op: 'remove', path: '/os_glance_x' }],
  'os_glance malformed': [{ op: 'add', path: '/os_glance_x', value: 5 }],
  ...Object.fromEntries(['id', 'status', 'size', 'virtual_size', 'checksum', 'os_hash_algo', 'os_hash_value', 'created_at', 'updated_at', 'direct_url', 'self', 'file', 'schema', 'stores', 'location', 'deleted', 'deleted_at'].flatMap((name) => [
    [`${name} replaced`, [{ op: 'replace', path: `/${name}`, value: 'a' }]], [`${name} removed`, [{ op: 'remove', path: `/${name}` }]], [`${name} wrongly typed`, [{ op: 'add', path: `/${name}`, value: [] }]],
  ])),
  'locations emptied': [{ op: 'replace', path: '/locations', value: [] }],
  'locations filled': [{ op: 'replace', path: '/locations', value: [{ url: 'http://127.0.0.1/x', metadata: {} }] }],
  'locations added': [{ op: 'add', path: '/locations/-', value: { url: 'http://127.0.0.1/x', metadata: {} } }],
  'locations removed': [{ op: 'remove', path: '/locations/0' }],
  'locations all removed': [{ op: 'remove', path: '/locations' }],
  'locations at no place': [{ op: 'add', path: '/locations/x', value: {} }],
  'locations malformed': [{ op: 'replace', path: '/locations', value: 'x' }],
  'locations added whole': [{ op: 'add', path: '/locations', value: [] }],
  'locations replaced at a place': [{ op: 'replace', path: '/locations/0', value: {} }],
  'path empty': [{ op: 'add', path: '', value: 'a' }],
  'path a slash': [{ op: 'add', path: '/', value: 'a' }],
  'path without slash': [{ op: 'add', path: 'mine', value: 'a' }],
  'path with two slashes': [{ op: 'add', path: '//mine', value: 'a' }],
  'path with slashes apart': [{ op: 'add', path: '/ /mine', value: 'a' }],
  'path ending in a slash': [{ op: 'add', path: '/mine/', value: 'a' }],
  'path of blanks': [{ op: 'add', path: '   ', value: 'a' }],
  'path slash and blank': [{ op: 'add', path: '/ ', value: 'a' }],
  'path blank and slash': [{ op: 'add', path: ' /mine', value: 'a' }],
  'path two deep': [{ op: 'add', path: '/mine/deep', value: 'a' }],
  'path two deep removed': [{ op: 'remove', path: '/mine/deep' }],
  'path with tilde 1': [{ op: 'add', path: '/a~1b', value: 'a' }, { op: 'remove', path: '/a~1b' }],
  'path with tilde 0': [{ op: 'add', path: '/a~0b', value: 'kept' }],
  'path with tilde 01': [{ op: 'add', path: '/a~01b', value: 'kept' }],
  'path with tilde 2': [{ op: 'add', path: '/a~2b', value: 'a' }],
  'path with tilde last': [{ op: 'add', path: '/a~', value: 'a' }],
  'path with blanks around': [{ op: 'add', path: '/  padded  ', value: 'a' }],
  'path with a tab': [{ op: 'add', path: '/\ttabbed', value: 'a' }],
  'path with inner blanks': [{ op: 'add', path: '/in ner', value: 'a' }],
  'path a number': [{ op: 'add', path: 5, value: 'a' }],
  'path null': [{ op: 'add', path: null, value: 'a' }],
  'path missing': [{ op: 'add', value: 'a' }],
  'value missing': [{ op: 'add', path: '/mine' }],
  'value missing in replace': [{ op: 'replace', path: '/mine' }],
  'value with remove': [{ op: 'add', path: '/gone', value: 'a' }, { op: 'remove', path: '/gone', value: 'x' }],
  'op missing': [{ path: '/mine', value: 'a' }],
  'op test': [{ op: 'test', path: '/mine', value: 'a' }],
  'op move': [{ op: 'move', path: '/mine', from: '/other' }],
  'op copy': [{ op: 'copy', path: '/mine', from: '/other' }],
  'op upper case': [{ op: 'ADD', path: '/mine', value: 'a' }],
  'op a number': [{ op: 1, path: '/mine', value: 'a' }],
  'op a list': [{ op: ['add'], path: '/mine', value: 'a' }],
  'more keys': [{ op: 'add', path: '/mine', value: 'a', more: 'b' }],
  'operation a text': ['add'],
  'operation a list': [[]],
  'operation null': [null],
  'operation empty': [{}],
  'older form in newer type': [{ add: '/mine', value: 'a' }],
  'an object': '{"op":"add","path":"/mine","value":"a"}',
  'a text': '"a"',
  'null': 'null',
  'nothing': '',
  'not JSON': '[{',
  'read-only and missing': [{ op: 'remove', path: '/missing' }, { op: 'replace', path: '/status', value: 'active' }],
  'unicode': [{ op: 'add', path: '/größe', value: '映像' }],
};

const olderPatches = {
  'empty': [],
  'add': [{ add: '/other', value: 'b' }],
  'add over a property': [{ add: '/mine', value: 'b' }],
  'add over a base attribute': [{ add: '/name', value: 'b' }],
  'add tags': [{ add: '/tags', value: ['x'] }],
  'add a read-only attribute': [{ add: '/status', value: 'x' }],
  'replace': [{ replace: '/mine', value: 'c' }],
  'replace name': [{ replace: '/name', value: 'older' }],
  'replace missing': [{ replace: '/missing', value: 'c' }],
  'remove': [{ remove: '/other' }],
  'remove missing': [{ remove: '/missing' }],
  'remove name': [{ remove: '/name' }],
  'two operations in one': [{ add: '/a', replace: '/b', value: 'x' }],
  'no operation': [{ value: 'x' }],
  'newer form in older type': [{ op: 'add', path: '/mine', value: 'a' }],
  'value missing': [{ add: '/x' }],
  'path a number': [{ add: 5, value: 'a' }],
  'unknown operation': [{ test: '/mine', value: 'a' }],
  'more keys': [{ add: '/more', value: 'a', other: 'b' }],
  'locations added': [{ add: '/locations/-', value: { url: 'http://127.0.0.1/x', metadata: {} } }],
};

export async function patch({ patch: change, compare, image, active, projects, show: showImage }) {
  const owner = [{ op: 'replace', path: '/owner', value: projects.demo }];
  for (const [name, operations] of Object.entries(patches)) {
    const imageId = await image(`patch ${name}`, { mine: 'a', tags: ['one'] });
    const answer = await change(`patch: ${name}`, 'demo', imageId, operations === 'owner own' ? owner : operations);
    if (answer.status >= 400) await showImage(`patch: ${name}, and the image after it`, 'demo', imageId);
  }
  const older = await image('older', { mine: 'a' });
  for (const [name, operations] of Object.entries(olderPatches)) await change(`patch 2.0: ${name}`, 'demo', older, operations, patchV20);
  for (const type of ['', 'application/json', 'application/json-patch+json', 'application/openstack-images-v2.2-json-patch', `${patchV21}; charset=utf-8`, patchV21.toUpperCase(), 'text/plain', 'nonsense']) {
    await compare(`patch: Content-Type ${type || '(none)'}`, 'demo', 'PATCH', `/v2/images/${older}`, { body: '[]', headers: type ? { 'content-type': type } : {} });
    await compare(`patch: Content-Type ${type || '(none)'} for no image`, 'demo', 'PATCH', '/v2/images/nonsense', { body: '[]', headers: type ? { 'content-type': type } : {} });
  }
  const withData = await active('patched with data', { mine: 'a' });
  const formats = { disk_format: 'qcow2', container_format: 'ovf' };
  for (const [name, value] of Object.entries(formats)) {
    await change(`patch an active image: ${name}`, 'demo', withData, [{ op: 'replace', path: `/${name}`, value }]);
    await change(`patch an active image: ${name} to what it is`, 'demo', withData, [{ op: 'replace', path: `/${name}`, value: name === 'disk_format' ? 'raw' : 'bare' }]);
  }
  await change('patch an active image: locations emptied', 'demo', withData, [{ op: 'replace', path: '/locations', value: [] }]);
  await change('patch an active image: location removed', 'demo', withData, [{ op: 'remove', path: '/locations/0' }]);
  await change('patch an active image: name', 'demo', withData, [{ op: 'replace', path: '/name', value: 'n' }]);
  const images = {
    own: older, community: await image('patched community', { visibility: 'community' }), public: await image('patched public', { visibility: 'public' }, 'admin'), private: await image('patched private', { visibility: 'private' }), none: 'nonsense',
  };
  const asked = { name: [{ op: 'replace', path: '/name', value: 'theirs' }], nothing: [], public: [{ op: 'replace', path: '/visibility', value: 'public' }], owner: [{ op: 'replace', path: '/owner', value: 'x' }], 'status': [{ op: 'replace', path: '/status', value: 'x' }] };
  for (const persona of ['alt_demo', 'demo_reader', 'alt_demo_reader', 'system', 'unscoped', 'nobody']) {
    for (const [whose, imageId] of Object.entries(images)) {
      for (const [what, operations] of Object.entries(asked)) await change(`patch ${what} of ${whose} by ${persona}`, persona, imageId, operations);
    }
  }
  await change('patch by admin: owner', 'admin', older, [{ op: 'replace', path: '/owner', value: projects.alt_demo }]);
  await showImage('patch by admin: the former owner', 'demo', older);
  await change('patch by admin: owner null', 'admin', older, [{ op: 'replace', path: '/owner', value: null }]);
  await change('patch by admin: public', 'admin', older, [{ op: 'replace', path: '/visibility', value: 'public' }]);
  await change('patch by admin: os_glance', 'admin', older, [{ op: 'add', path: '/os_glance_x', value: 'public' }]);
  await change('patch by admin: status', 'admin', older, [{ op: 'replace', path: '/status', value: 'active' }]);
  await change('patch: an ownerless public image by a member', 'demo', older, [{ op: 'replace', path: '/name', value: 'x' }]);
}

export async function remove({ compare, image, active, prepare, show: showImage }) {
  const shielded = await image('protected', { protected: true });
  await compare('delete: protected', 'demo', 'DELETE', `/v2/images/${shielded}`);
  await compare('delete: protected by another', 'alt_demo', 'DELETE', `/v2/images/${shielded}`);
  await compare('delete: protected by admin', 'admin', 'DELETE', `/v2/images/${shielded}`);
  await prepare('demo', 'PATCH', `/v2/images/${shielded}`, { headers: { 'content-type': patchV21 }, body: '[{"op":"replace","path":"/protected","value":false}]' });
  await compare('delete: with a body', 'demo', 'DELETE', `/v2/images/${shielded}`, { body: '{}' });
  await compare('delete: no longer protected', 'demo', 'DELETE', `/v2/images/${shielded}`);
  await compare('delete: again', 'demo', 'DELETE', `/v2/images/${shielded}`);
  await compare('delete: unknown', 'demo', 'DELETE', '/v2/images/nonsense');
  const community = await image('deleted community', { visibility: 'community' });
  const published = await active('deleted public', { visibility: 'public' }, 'admin');
  const hers = await active('deleted with data');
  for (const persona of ['alt_demo', 'demo_reader', 'system', 'unscoped', 'nobody']) {
    for (const [name, imageId] of Object.entries({ community, public: published, private: hers })) await compare(`delete: ${name} by ${persona}`, persona, 'DELETE', `/v2/images/${imageId}`);
  }
  await compare('delete: with data', 'demo', 'DELETE', `/v2/images/${hers}`);
  await showImage('delete: shown after it by admin', 'admin', hers);
  for (const path of ['file', 'members', 'members/x', 'actions/deactivate', 'tags/a']) await compare(`delete: ${path} after it`, 'demo', path.startsWith('actions') ? 'POST' : path.startsWith('tags') ? 'PUT' : 'GET', `/v2/images/${hers}/${path}`);
  await compare('delete: by admin', 'admin', 'DELETE', `/v2/images/${community}`);
  await compare('delete: Content-Type and no body', 'admin', 'DELETE', `/v2/images/${published}`, { headers: { 'content-type': 'application/octet-stream' } });
}
