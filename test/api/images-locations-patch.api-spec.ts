import { randomBytes } from 'node:crypto';
import { startApi, type Answer, type Api, type Person } from './harness.js';
import { eventually, importsAt } from './imports.js';
import { startWebServer, type WebServer } from './web-server.js';

let web: WebServer;
let api: Api;
let demo: Person;
beforeAll(async () => {
  web = await startWebServer();
  api = await startApi({
    'default.enabled_backends': 'fast:file, web:http', 'default.show_multiple_locations': 'true', 'default.show_image_direct_url': 'true', 'default.do_secure_hash': 'false',
    'default.image_location_quota': '3', 'fast.weight': '10', 'import_filtering_opts.allowed_hosts': '127.0.0.1', 'import_filtering_opts.allowed_ports': `[${web.port}]`,
  });
  demo = api.as('demo');
  web.serve('/disk', bytes);
  web.serve('/empty', Buffer.alloc(0));
  web.serve('/shorter', bytes.subarray(1));
});
afterAll(async () => {
  await api.stop();
  await web.close();
});

const bytes = randomBytes(100_000);
const formats = { disk_format: 'raw', container_format: 'bare' };
const olderMediaType = { 'content-type': 'application/openstack-images-v2.0-json-patch' };
const at = (path: string, metadata: object = {}) => ({ url: web.url + path, metadata });
const patch = (id: string, operations: unknown, person = demo): Promise<Answer> => person.patch(`/v2/images/${id}`, { body: operations });
const add = (id: string, value: unknown, place = '-', person = demo): Promise<Answer> => patch(id, [{ op: 'add', path: `/locations/${place}`, value }], person);
const shown = async (id: string, person = demo) => (await person.get(`/v2/images/${id}`)).json<Record<string, unknown>>();
const locationsOf = async (id: string): Promise<unknown> => (await shown(id))['locations'];

async function located(...paths: string[]): Promise<string> {
  const id = await demo.image(formats);
  for (const path of paths) expect((await add(id, at(path))).status).toBe(200);
  return id;
}

describe('Update image: locations in PATCH /v2/images/{image_id}', () => {
  it('makes a queued image active with data that stays where it is', async () => {
    const id = await demo.image(formats);
    expect(await locationsOf(id)).toEqual([]);
    const answer = await add(id, at('/disk', { foo: 'bar', store: 'fast' }));
    expect(answer.status).toBe(200);
    expect(answer.json()).toMatchObject({
      status: 'active', size: bytes.length, checksum: null, os_hash_algo: null, os_hash_value: null, stores: 'web',
      locations: [{ url: `${web.url}/disk`, metadata: { foo: 'bar', store: 'web' } }], direct_url: `${web.url}/disk`,
    });
    const data = await fetch(`${api.url}/v2/images/${id}/file`, { headers: { 'x-auth-token': 'demo' } });
    expect(Buffer.from(await data.arrayBuffer()).equals(bytes)).toBe(true);
  });

  it('does so in the older media type, too', async () => {
    const id = await demo.image(formats);
    expect((await demo.patch(`/v2/images/${id}`, { headers: olderMediaType, body: [{ add: '/locations/-', value: at('/disk') }] })).status).toBe(200);
    expect((await demo.patch(`/v2/images/${id}`, { headers: olderMediaType, body: [{ remove: '/locations/0' }] })).status).toBe(403);
  });

  it('keeps hashes that come with a first location, and never shows them with it', async () => {
    const id = await demo.image(formats);
    const said = { checksum: '1'.repeat(32), os_hash_algo: 'sha512', os_hash_value: 'deadbeef'.repeat(16) };
    expect((await add(id, { ...at('/disk'), validation_data: said })).status).toBe(200);
    expect(await shown(id)).toMatchObject({ ...said, status: 'active', locations: [{ url: `${web.url}/disk`, metadata: { store: 'web' } }] });
    expect((await add(id, { ...at('/disk#new'), validation_data: said })).status).toBe(200);
    for (const wrong of [{ checksum: '2'.repeat(32) }, { os_hash_value: 'beefdead'.repeat(16) }, { os_hash_algo: 'sha256' }]) {
      expect((await add(id, { ...at('/disk#other'), validation_data: { ...said, ...wrong } })).status).toBe(409);
    }
    expect(await locationsOf(id)).toHaveLength(2);
  });

  it.each([
    ['a checksum that is no md5', { checksum: 'x'.repeat(32) }], ['another algorithm than the operator\'s', { os_hash_algo: 'sha256', os_hash_value: 'a'.repeat(64) }], ['a hash that is too short', { os_hash_value: 'ab' }],
  ])('refuses with 409 %s', async (_, wrong) => {
    const id = await demo.image(formats);
    expect((await add(id, { ...at('/disk'), validation_data: { os_hash_algo: 'sha512', os_hash_value: 'a'.repeat(128), ...wrong } })).status).toBe(409);
    expect(await shown(id)).toMatchObject({ status: 'queued', locations: [] });
  });

  it('adds at a place, changes order and metadata, and removes by place; reading goes to whichever is left', async () => {
    const id = await located('/disk');
    expect((await add(id, at('/disk#first'), '0')).json()).toMatchObject({ locations: [{ url: `${web.url}/disk#first` }, { url: `${web.url}/disk` }] });
    const turned = [at('/disk', { date: 'today', of: { who: ['us'] } }), at('/disk#first')];
    expect((await patch(id, [{ op: 'replace', path: '/locations', value: turned }])).json()).toMatchObject({ locations: [{ metadata: { date: 'today', of: { who: ['us'] }, store: 'web' } }, { url: `${web.url}/disk#first` }] });
    expect((await patch(id, [{ op: 'remove', path: '/locations/0' }], api.as('admin'))).status).toBe(200);
    expect(await locationsOf(id)).toEqual([{ url: `${web.url}/disk#first`, metadata: { store: 'web' } }]);
    expect((await demo.get(`/v2/images/${id}/file`)).status).toBe(200);
  });

  it('takes a list for a queued image, and other changes along with it, all or none', async () => {
    const id = await demo.image();
    const list = { op: 'replace', path: '/locations', value: [at('/disk'), at('/disk#two')] };
    expect((await patch(id, [list])).status).toBe(400);
    const set = Object.entries(formats).map(([name, value]) => ({ op: 'add', path: `/${name}`, value }));
    expect((await patch(id, [...set, list, { op: 'remove', path: '/nothing' }])).status).toBe(409);
    expect(await shown(id)).toMatchObject({ status: 'queued', disk_format: null });
    expect((await patch(id, [...set, list])).status).toBe(200);
    expect(await shown(id)).toMatchObject({ status: 'active', disk_format: 'raw' });
  });

  it.each([
    ['a file of the host', { url: 'file:///etc/passwd', metadata: {} }], ['a scheme that nobody reads', { url: 'gopher://info.cern.ch', metadata: {} }],
    ['data in our own stores', { url: 'store://fast/x', metadata: {} }], ['a host that the operator does not allow', { url: 'http://169.254.169.254/x', metadata: {} }],
    ['a port that the operator does not allow', { url: 'http://127.0.0.1:9/x', metadata: {} }], ['a user and password', { url: 'http://a:b@127.0.0.1/x', metadata: {} }],
    ['nothing that is there', 'NOWHERE'], ['nothing', 'EMPTY'], ['a query', 'QUERY'], ['a fragment full of signs', 'SIGNS'], ['a number in its metadata', 'NUMBER'],
    ['no metadata', { url: 'http://127.0.0.1/x' }], ['no url', { metadata: {} }], ['a list', []], ['text', 'x'], ['more in validation_data', 'SURPLUS'], ['half of validation_data', 'HALF'],
  ])('refuses with 400 a location of %s', async (_, value) => {
    const special: Record<string, unknown> = {
      NOWHERE: at('/nowhere'), EMPTY: at('/empty'), QUERY: at('/disk?signature=x'), SIGNS: at('/disk#a=b'), NUMBER: at('/disk', { n: 1 }),
      SURPLUS: { ...at('/disk'), validation_data: { os_hash_algo: 'sha512', os_hash_value: 'a'.repeat(128), more: 'x' } }, HALF: { ...at('/disk'), validation_data: { os_hash_algo: 'sha512' } },
    };
    const id = await demo.image(formats);
    expect((await add(id, typeof value === 'string' ? special[value] ?? value : value)).status).toBe(400);
    expect(await shown(id)).toMatchObject({ status: 'queued', locations: [] });
  });

  it.each([['/locations'], ['/locations/x'], ['/locations/0/url'], ['/locations/-1']])('refuses with 400 to add at %s', async (path) => {
    expect((await patch(await demo.image(formats), [{ op: 'add', path, value: at('/disk') }])).status).toBe(400);
  });

  it('refuses what would exchange the data of an image', async () => {
    const id = await located('/disk', '/disk#two');
    expect((await patch(id, [{ op: 'replace', path: '/locations', value: [at('/disk')] }])).status).toBe(400);
    expect((await patch(id, [{ op: 'replace', path: '/locations', value: [] }])).status).toBe(403);
    expect((await patch(id, [{ op: 'replace', path: '/locations', value: [at('/disk'), at('/disk#three')] }])).status).toBe(400);
    expect((await add(id, at('/shorter'))).status).toBe(409);
    expect((await add(id, at('/disk'))).status).toBe(400);
    const admin = api.as('admin');
    expect((await patch(id, [{ op: 'remove', path: '/locations/2' }], admin)).status).toBe(400);
    expect((await patch(id, [{ op: 'remove', path: '/locations/0' }, { op: 'remove', path: '/locations/0' }], admin)).status).toBe(403);
    expect(await locationsOf(id)).toHaveLength(2);
  });

  it('refuses with 413 more than an image may have', async () => {
    expect((await add(await located('/disk', '/disk#two', '/disk#three'), at('/disk#four'))).status).toBe(413);
  });

  it('refuses with 409 an image that is neither queued nor active', async () => {
    const id = await located('/disk');
    await demo.post(`/v2/images/${id}/actions/deactivate`);
    expect((await add(id, at('/disk#two'))).status).toBe(409);
    expect((await patch(id, [{ op: 'remove', path: '/locations/0' }], api.as('admin'))).status).toBe(409);
  });

  it('is for the owner; only an administrator removes; who cannot see the image finds none', async () => {
    const id = await located('/disk', '/disk#two');
    expect((await patch(id, [{ op: 'remove', path: '/locations/0' }])).status).toBe(403);
    expect((await add(id, at('/disk#three'), '-', api.as('alt'))).status).toBe(404);
    await patch(id, [{ op: 'replace', path: '/visibility', value: 'community' }]);
    expect((await add(id, at('/disk#three'), '-', api.as('alt'))).status).toBe(403);
    expect(await locationsOf(id)).toHaveLength(2);
  });

  it('is in the history of the image', async () => {
    const id = await located('/disk');
    const { history } = (await demo.get(`/v2/images/${id}/history`)).json<{ history: object[] }>();
    expect(history.at(-1)).toMatchObject({ events: ['ImageLocationAdded', 'ImageActivated'], locations_added: [{ url: `${web.url}/disk`, metadata: {} }] });
  });
});

describe('Show image: locations and direct_url', () => {
  it('tell those who may know where the data lies, and nobody else', async () => {
    const id = await demo.activeImage('twelve bytes', { visibility: 'community' });
    expect(await shown(id)).toMatchObject({ locations: [{ url: expect.stringMatching(/^store:\/\/fast\//) as string, metadata: { store: 'fast' } }], direct_url: expect.stringMatching(/^store:/) as string });
    expect(await shown(id, api.as('alt'))).toMatchObject({ locations: [] });
    expect(await shown(id, api.as('alt'))).not.toHaveProperty('direct_url');
    const { images } = (await demo.get('/v2/images?visibility=community')).json<{ images: { id: string; locations: unknown[] }[] }>();
    expect(images.find((image) => image.id === id)?.locations).toHaveLength(1);
  });

  it('give the copy in the store that is read first', async () => {
    const id = await located('/disk');
    await api.as('admin').post(`/v2/images/${id}/import`, { body: { method: { name: 'copy-image' }, stores: ['fast'] } });
    await importsAt(api).ended(id);
    expect(await shown(id)).toMatchObject({ direct_url: expect.stringMatching(/^store:\/\/fast\//) as string, os_hash_algo: 'sha512' });
  });

  it('let the bytes go when the location of a copy of ours is removed', async () => {
    const id = await located('/disk');
    await api.as('admin').post(`/v2/images/${id}/import`, { body: { method: { name: 'copy-image' }, stores: ['fast'] } });
    await importsAt(api).ended(id);
    expect((await patch(id, [{ op: 'remove', path: '/locations/1' }], api.as('admin'))).status).toBe(200);
    expect(await eventually(() => importsAt(api).filesOf(id), (files) => files.length === 0)).toEqual([]);
  });
});

describe('Add location where nothing is hashed (do_secure_hash = false)', () => {
  it('makes the image active at once, with the hash that came with it', async () => {
    const id = await demo.image(formats);
    const said = { os_hash_algo: 'sha256', os_hash_value: 'a'.repeat(64) };
    expect((await demo.post(`/v2/images/${id}/locations`, { body: { url: `${web.url}/disk`, validation_data: said } })).status).toBe(202);
    expect(await shown(id)).toMatchObject({ ...said, status: 'active', checksum: null, size: bytes.length });
    expect((await demo.post(`/v2/images/${await demo.image(formats)}/locations`, { body: { url: `${web.url}/nowhere` } })).status).toBe(400);
  });
});
