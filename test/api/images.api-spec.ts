import { randomUUID } from 'node:crypto';
import { startApi, type Answer, type Api, type Person } from './harness.js';

let api: Api;
let demo: Person;
let admin: Person;
beforeAll(async () => {
  api = await startApi();
  demo = api.as('demo');
  admin = api.as('admin');
});
afterAll(() => api.stop());

interface Image extends Record<string, unknown> { id: string; tags: string[] }
const create = async (body: object, person = demo): Promise<Answer> => person.post('/v2/images', { body });
const moment = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

describe('Create image: POST /v2/images', () => {
  it('answers 201 with the image, queued, and every attribute of the API', async () => {
    const answer = await create({ name: 'debian', disk_format: 'raw', container_format: 'bare', min_disk: 1, min_ram: 2, tags: ['a', 'a', 'b'], os_distro: 'debian', protected: true, os_hidden: true });
    expect(answer.status).toBe(201);
    const { id, created_at, updated_at, tags, ...rest } = answer.json<Image>();
    expect(rest).toEqual({
      name: 'debian', status: 'queued', visibility: 'shared', protected: true, os_hidden: true, owner: 'demo', container_format: 'bare', disk_format: 'raw', min_disk: 1, min_ram: 2,
      size: null, virtual_size: null, checksum: null, os_hash_algo: null, os_hash_value: null, os_distro: 'debian',
      self: `/v2/images/${id}`, file: `/v2/images/${id}/file`, schema: '/v2/schemas/image',
    });
    expect(tags.sort()).toEqual(['a', 'b']);
    expect([created_at, updated_at]).toEqual([expect.stringMatching(moment), expect.stringMatching(moment)]);
  });

  it('says where the image is, absolutely, and which stores there are', async () => {
    const answer = await create({});
    expect(answer.headers.get('location')).toBe(`${api.url}/v2/images/${answer.json<Image>().id}`);
    expect(answer.headers.get('openstack-image-store-ids')).toBe('fast,far');
    expect(answer.headers.get('openstack-image-import-methods')).toBe('glance-direct,web-download,copy-image');
  });

  it('can be read by every following request', async () => {
    const created = await create({ name: 'seen at once', 'ünï cödé': '☃' });
    const shown = await demo.get(`/v2/images/${created.json<Image>().id}`);
    expect([shown.status, shown.json()]).toEqual([200, created.json()]);
  });

  it('takes the id that the client chose, and refuses it for ever after', async () => {
    const id = randomUUID();
    expect((await create({ id })).json<Image>().id).toBe(id);
    expect((await create({ id })).status).toBe(409);
    expect((await demo.delete(`/v2/images/${id}`)).status).toBe(204);
    expect((await create({ id })).status).toBe(409);
    expect((await create({ id: id.toUpperCase() })).status).toBe(409);
  });

  it('takes a property without a name, and null for what may be null', async () => {
    expect((await create({ '': 'y', kernel_id: null })).json()).toMatchObject({ '': 'y', kernel_id: null });
  });

  it.each([
    ['an id that is no UUID', { id: 'x' }], ['a number as name', { name: 7 }], ['a name of 256 characters', { name: 'x'.repeat(256) }], ['an unknown visibility', { visibility: 'secret' }],
    ['an unknown disk format', { disk_format: 'floppy' }], ['an unknown container format', { container_format: 'box' }], ['a negative min_disk', { min_disk: -1 }],
    ['a min_ram beyond 32 bits', { min_ram: 2 ** 31 }], ['a fraction', { min_disk: 1.5 }], ['text for protected', { protected: 'true' }], ['a number as property', { color: 7 }],
    ['null as property', { color: null }], ['a list as property', { color: ['red'] }], ['tags that are no list', { tags: 'a' }], ['a tag of 256 characters', { tags: ['x'.repeat(256)] }],
    ['a property name of 256 characters', { ['x'.repeat(256)]: 'y' }], ['a kernel that is no UUID', { kernel_id: 'vmlinuz' }],
    ['a status that is none', { status: 'happy' }], ['a property longer than it can be', { color: 'x'.repeat(65_536) }],
  ])('refuses %s with 400', async (_, body) => {
    expect((await create(body)).status).toBe(400);
  });

  it.each(['zvhd', 'zvhd2'])('says of the disk format %s why it cannot be, and what to do', async (format) => {
    const answer = await create({ disk_format: format });
    expect([answer.status, answer.text]).toEqual([400, expect.stringContaining(`no published description of ${format}`)]);
    expect(answer.text).toContain('convert the image to qcow2 or raw');
  });

  it.each([
    ['status', 'queued'], ['size', 1], ['checksum', 'x'], ['created_at', 'x'], ['updated_at', 'x'], ['os_hash_algo', 'x'], ['virtual_size', 1], ['self', '/'], ['file', '/'],
    ['schema', '/'], ['direct_url', 'x'], ['locations', []], ['location', 'x'], ['deleted', 'x'], ['deleted_at', 'x'], ['os_glance_import_task', 'x'], ['stores', 'x'],
  ])('forbids to set %s', async (name, value) => {
    expect((await create({ [name]: value })).status).toBe(403);
  });

  it('refuses more tags or properties than the quota with 413', async () => {
    expect((await create({ tags: Array.from({ length: 129 }, (_, i) => `t${i}`) })).status).toBe(413);
    expect((await create(Object.fromEntries(Array.from({ length: 129 }, (_, i) => [`p${i}`, 'x'])))).status).toBe(413);
  });

  it('lets only an administrator choose another owner or publish', async () => {
    expect((await create({ owner: 'alt' })).status).toBe(403);
    expect((await create({ owner: null })).status).toBe(403);
    expect((await create({ owner: 'demo' })).status).toBe(201);
    expect((await create({ visibility: 'public' })).status).toBe(403);
    expect((await create({ visibility: 'community' })).status).toBe(201);
    expect((await create({ owner: 'alt', visibility: 'public' }, admin)).json()).toMatchObject({ owner: 'alt', visibility: 'public' });
  });

  it('wants the role member', async () => {
    for (const person of ['demoReader', 'nobody'] as const) expect((await create({}, api.as(person))).status).toBe(403);
  });

  it('keeps properties whose names mean something to JavaScript', async () => {
    const answer = await demo.post('/v2/images', { body: '{"__proto__":"p","constructor":"c","toString":"t"}' });
    expect(answer.status).toBe(201);
    const shown = await demo.get(`/v2/images/${answer.json<Image>().id}`);
    expect(shown.text).toContain('"__proto__":"p"');
    expect(shown.json()).toMatchObject({ constructor: 'c', toString: 't' });
  });
});

describe('Show image: GET /v2/images/{image_id}', () => {
  it('answers 404 for what is no image, no UUID, or another project\'s', async () => {
    const id = await demo.image({ visibility: 'private' });
    expect((await demo.get(`/v2/images/${randomUUID()}`)).status).toBe(404);
    expect((await demo.get('/v2/images/some-name')).status).toBe(404);
    expect((await api.as('alt').get(`/v2/images/${id}`)).status).toBe(404);
    expect((await api.as('demoReader').get(`/v2/images/${id}`)).status).toBe(200);
    expect((await api.as('nobody').get(`/v2/images/${id}`)).status).toBe(404);
    expect((await admin.get(`/v2/images/${id}`)).status).toBe(200);
  });

  it('finds the id in any case', async () => {
    const id = await demo.image();
    expect((await demo.get(`/v2/images/${id.toUpperCase()}`)).json<Image>().id).toBe(id);
  });

  it('shows community images to everybody who knows the id, and public ones', async () => {
    const [community, open] = [await demo.image({ visibility: 'community' }), await admin.image({ visibility: 'public' })];
    for (const id of [community, open]) expect((await api.as('third').get(`/v2/images/${id}`)).status).toBe(200);
  });

  it('does not show a shared image to who is no member', async () => {
    expect((await api.as('alt').get(`/v2/images/${await demo.image({ visibility: 'shared' })}`)).status).toBe(404);
  });

  it('answers 404 after deletion', async () => {
    const id = await demo.image();
    await demo.delete(`/v2/images/${id}`);
    expect((await demo.get(`/v2/images/${id}`)).status).toBe(404);
  });
});

describe('Update image: PATCH /v2/images/{image_id}', () => {
  const patch = (id: string, body: unknown, person = demo, type?: string) =>
    person.patch(`/v2/images/${id}`, { body, ...(type === undefined ? {} : { headers: { 'content-type': type } }) });

  it('changes what was asked, all at once, and answers with the image', async () => {
    const id = await demo.image({ color: 'red', shape: 'round' });
    const answer = await patch(id, [
      { op: 'replace', path: '/name', value: 'new' }, { op: 'add', path: '/size_of_hat', value: 'L' }, { op: 'replace', path: '/color', value: 'blue' }, { op: 'remove', path: '/shape' },
      { op: 'replace', path: '/tags', value: ['x'] }, { op: 'replace', path: '/visibility', value: 'private' }, { op: 'replace', path: '/min_ram', value: 64 }, { op: 'add', path: '/disk_format', value: 'qcow2' },
    ]);
    expect(answer.status).toBe(200);
    expect(answer.json()).toMatchObject({ name: 'new', size_of_hat: 'L', color: 'blue', tags: ['x'], visibility: 'private', min_ram: 64, disk_format: 'qcow2' });
    expect(answer.json()).not.toHaveProperty('shape');
    expect((await demo.get(`/v2/images/${id}`)).json()).toEqual(answer.json());
  });

  it('changes nothing where one operation fails', async () => {
    const id = await demo.image({ name: 'before' });
    expect((await patch(id, [{ op: 'replace', path: '/name', value: 'after' }, { op: 'replace', path: '/nothing', value: 'x' }])).status).toBe(409);
    expect((await demo.get(`/v2/images/${id}`)).json()).toMatchObject({ name: 'before' });
  });

  it('leaves everything, also updated_at, alone where the list is empty', async () => {
    const id = await demo.image();
    const before = (await demo.get(`/v2/images/${id}`)).json();
    const answer = await patch(id, []);
    expect([answer.status, answer.json()]).toEqual([200, before]);
  });

  it('refuses other media types with 415 and names the two it takes', async () => {
    const answer = await patch(await demo.image(), [], demo, 'application/json');
    expect(answer.status).toBe(415);
    expect(answer.headers.get('accept-patch')).toBe('application/openstack-images-v2.1-json-patch, application/openstack-images-v2.0-json-patch');
  });

  it('understands the older media type, whose add refuses to overwrite', async () => {
    const older = 'application/openstack-images-v2.0-json-patch';
    const id = await demo.image({ color: 'red' });
    expect((await patch(id, [{ add: '/shape', value: 'round' }, { replace: '/color', value: 'blue' }], demo, older)).json()).toMatchObject({ shape: 'round', color: 'blue' });
    expect((await patch(id, [{ add: '/color', value: 'green' }], demo, older)).status).toBe(409);
    expect((await patch(id, [{ op: 'add', path: '/color', value: 'green' }])).json()).toMatchObject({ color: 'green' });
  });

  it('answers 409 for a property that is missing, 403 for an attribute that cannot go', async () => {
    const id = await demo.image();
    expect((await patch(id, [{ op: 'replace', path: '/nothing', value: 'x' }])).status).toBe(409);
    expect((await patch(id, [{ op: 'remove', path: '/nothing' }])).status).toBe(409);
    expect((await patch(id, [{ op: 'remove', path: '/name' }])).status).toBe(403);
  });

  it('strips spaces around a name in a path', async () => {
    expect((await patch(await demo.image(), [{ op: 'add', path: '/ color ', value: 'red' }])).json()).toMatchObject({ color: 'red' });
  });

  it('forbids read-only and reserved names before it looks for the image', async () => {
    for (const name of ['status', 'id', 'os_glance_failed_import', 'deleted']) {
      expect((await patch(randomUUID(), [{ op: 'replace', path: `/${name}`, value: 'x' }])).status).toBe(403);
    }
    expect((await patch(randomUUID(), [{ op: 'remove', path: '/name' }])).status).toBe(404);
  });

  it('forbids locations while they are not shown', async () => {
    expect((await patch(await demo.image(), [{ op: 'add', path: '/locations/-', value: { url: 'http://x', metadata: {} } }])).status).toBe(403);
  });

  it('is for members of the owning project; others learn nothing they could not see', async () => {
    const change = [{ op: 'replace', path: '/name', value: 'mine now' }];
    const secret = await demo.image({ visibility: 'private' });
    const open = await demo.image({ visibility: 'community' });
    expect([(await patch(secret, change, api.as('alt'))).status, (await patch(open, change, api.as('alt'))).status]).toEqual([404, 403]);
    expect([(await patch(secret, change, api.as('demoReader'))).status, (await patch(secret, change, admin)).status]).toEqual([403, 200]);
  });

  it('keeps publishing and owners for administrators', async () => {
    const id = await demo.image();
    expect((await patch(id, [{ op: 'replace', path: '/visibility', value: 'public' }])).status).toBe(403);
    expect((await patch(id, [{ op: 'replace', path: '/owner', value: 'alt' }])).status).toBe(403);
    expect((await patch(id, [{ op: 'add', path: '/owner', value: 'alt' }])).status).toBe(403);
    expect((await patch(id, [{ op: 'replace', path: '/owner', value: 'alt' }, { op: 'replace', path: '/visibility', value: 'public' }], admin)).json()).toMatchObject({ owner: 'alt', visibility: 'public' });
    expect((await patch(id, [{ op: 'replace', path: '/name', value: 'x' }])).status).toBe(403);
  });

  it('refuses more properties or tags than the quota with 413', async () => {
    const id = await demo.image(Object.fromEntries(Array.from({ length: 128 }, (_, i) => [`p${i}`, 'x'])));
    expect((await patch(id, [{ op: 'add', path: '/one_more', value: 'x' }])).status).toBe(413);
    expect((await patch(id, [{ op: 'add', path: '/p1', value: 'y' }])).status).toBe(200);
    expect((await patch(id, [{ op: 'replace', path: '/tags', value: Array.from({ length: 129 }, (_, i) => `t${i}`) }])).status).toBe(413);
  });

  it('loses none of many changes at once', async () => {
    const id = await demo.image();
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => patch(id, [{ op: 'add', path: `/p${i}`, value: String(i) }])));
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect((await demo.get(`/v2/images/${id}`)).json()).toMatchObject(Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`p${i}`, String(i)])));
  });
});

describe('Delete image: DELETE /v2/images/{image_id}', () => {
  it('answers 204, and 404 from then on', async () => {
    const id = await demo.image();
    expect([(await demo.delete(`/v2/images/${id}`)).status, (await demo.delete(`/v2/images/${id}`)).status]).toEqual([204, 404]);
  });

  it('forbids it for protected images, also to administrators', async () => {
    const id = await demo.image({ protected: true });
    for (const person of [demo, admin]) expect((await person.delete(`/v2/images/${id}`)).status).toBe(403);
  });

  it('is for members of the owning project', async () => {
    const [secret, open] = [await demo.image({ visibility: 'private' }), await demo.image({ visibility: 'community' })];
    expect([(await api.as('alt').delete(`/v2/images/${secret}`)).status, (await api.as('alt').delete(`/v2/images/${open}`)).status]).toEqual([404, 403]);
    expect((await api.as('demoReader').delete(`/v2/images/${secret}`)).status).toBe(403);
  });
});

describe('Deactivate and reactivate image: POST /v2/images/{image_id}/actions/…', () => {
  it('forbids it for an image that is not active', async () => {
    const id = await demo.image();
    for (const action of ['deactivate', 'reactivate']) expect((await demo.post(`/v2/images/${id}/actions/${action}`)).status).toBe(403);
  });

  it('is 404 for who cannot see the image, 403 for who can', async () => {
    const [secret, open] = [await demo.image({ visibility: 'private' }), await demo.image({ visibility: 'community' })];
    for (const action of ['deactivate', 'reactivate']) {
      expect((await api.as('alt').post(`/v2/images/${secret}/actions/${action}`)).status).toBe(404);
      expect((await api.as('alt').post(`/v2/images/${open}/actions/${action}`)).status).toBe(403);
    }
  });
});

describe('Image tags: PUT and DELETE /v2/images/{image_id}/tags/{tag}', () => {
  it('adds a tag with 204, again and again, and removes it', async () => {
    const id = await demo.image();
    const tag = `/v2/images/${id}/tags/${encodeURIComponent('grün/blau')}`;
    expect([(await demo.put(tag)).status, (await demo.put(tag)).status]).toEqual([204, 204]);
    expect((await demo.get(`/v2/images/${id}`)).json()).toMatchObject({ tags: ['grün/blau'] });
    expect([(await demo.delete(tag)).status, (await demo.delete(tag)).status]).toEqual([204, 404]);
  });

  it('refuses tags that are too long with 400, and too many with 413', async () => {
    const id = await demo.image({ tags: Array.from({ length: 128 }, (_, i) => `t${i}`) });
    expect((await demo.put(`/v2/images/${id}/tags/${'x'.repeat(256)}`)).status).toBe(400);
    expect((await demo.put(`/v2/images/${id}/tags/one-more`)).status).toBe(413);
    expect((await demo.put(`/v2/images/${id}/tags/t1`)).status).toBe(204);
  });

  it('is for members of the owning project', async () => {
    const open = await demo.image({ visibility: 'community' });
    expect((await api.as('alt').put(`/v2/images/${open}/tags/x`)).status).toBe(403);
    expect((await api.as('alt').put(`/v2/images/${await demo.image()}/tags/x`)).status).toBe(404);
  });
});
