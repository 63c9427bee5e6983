import { randomBytes } from 'node:crypto';
import { qcow2Image } from '../../libs/inspection/test/qcow-images.js';
import { startApi, type Answer, type Api } from './harness.js';
import { eventually, importsAt } from './imports.js';
import { startWebServer, type WebServer } from './web-server.js';

let web: WebServer;
let api: Api;
beforeAll(async () => {
  web = await startWebServer();
  api = await startApi({ 'import_filtering_opts.allowed_hosts': '127.0.0.1', 'import_filtering_opts.allowed_ports': String(web.port), 'heliograph.actions_per_project': '3' });
  web.serve('/myaccount/mycontainer/path', qcow2);
  web.serve('/noise', randomBytes(5000));
});
afterAll(async () => {
  await api.stop();
  await web.close();
});

const qcow2 = Buffer.from(qcow2Image());
const moment = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+0000$/) as string;
const imageProperties = { name: 'GreatStack 1.22', tags: ['lamp', 'custom'] };

interface Import { readonly id: string; readonly status: string; readonly image_ref?: string; readonly message?: string; readonly [field: string]: unknown }
const begin = (person: 'demo' | 'alt' | 'admin' = 'demo', path = '/myaccount/mycontainer/path', properties: object = imageProperties): Promise<Answer> =>
  api.as(person).post('/v2/image-imports', { body: { location: web.url + path, image_properties: properties } });
const show = async (id: string, person: 'demo' | 'alt' | 'admin' = 'demo'): Promise<Import> => (await api.as(person).get(`/v2/image-imports/${id}`)).json<Import>();
const ended = (id: string, person: 'demo' | 'alt' | 'admin' = 'demo'): Promise<Import> => eventually(() => show(id, person), ({ status }) => status === 'success' || status === 'failure');
const idIn = (answer: Answer): string => answer.json<Import>().id;
const imageIds = async (): Promise<string[]> => (await api.as('admin').get('/v2/images?limit=1000')).json<{ images: { id: string }[] }>().images.map(({ id }) => id);

/** A server that says nothing until it is told to. */
function holding(path: string): { go(bytes: Buffer): void } {
  let go: (bytes: Buffer) => void = () => undefined;
  web.answer(path, (_, response) => { go = (bytes) => { response.writeHead(200, { 'content-length': String(bytes.length), etag: '"one"' }).end(bytes); }; });
  return { go: (bytes) => { go(bytes); } };
}

describe('The new upload workflow, in the order of its document', () => {
  it('goes from the request by polling to the image', async () => {
    const held = holding('/slow');
    const before = await imageIds();

    // Request 1: POST /v2/image-imports. Response 1: 201 Created, Location.
    const created = await begin('demo', '/slow');
    const id = idIn(created);
    expect([created.status, created.headers.get('location')]).toEqual([201, `${api.url}/v2/image-imports/${id}`]);
    // An importer may have begun before the answer was written.
    expect(created.json()).toMatchObject({ status: expect.stringMatching(/^(waiting|uploading)$/) as string, image_properties: imageProperties });

    // Request 2 - N: GET /v2/image-imports/<id>. Responses before the last: waiting, uploading, verifying.
    const uploading = await eventually(() => show(id), ({ status }) => status !== 'waiting');
    expect(uploading).toMatchObject({ status: 'uploading', image_properties: imageProperties });
    expect(uploading).not.toHaveProperty('image_ref');
    expect(uploading).not.toHaveProperty('expires-by');
    expect(await imageIds()).toEqual(before);
    await eventually(() => Promise.resolve(web.asked), (asked) => asked.includes('/slow'));
    held.go(qcow2);

    // Response N, success: image_ref in the place of image_properties.
    const done = await ended(id);
    expect(done).toMatchObject({ status: 'success', image_ref: expect.stringMatching(/^\/v2\/images\/[0-9a-f-]{36}$/) as string, 'expires-by': moment });
    expect(done).not.toHaveProperty('image_properties');

    // Request N+1: GET the image. Response N+1: 200 OK.
    const image = await api.as('demo').get(done.image_ref ?? '');
    expect(image.status).toBe(200);
    expect(image.json()).toMatchObject({ status: 'active', name: 'GreatStack 1.22', disk_format: 'qcow2', container_format: 'bare', visibility: 'shared', owner: 'demo', size: qcow2.length });
    expect(image.json<{ tags: string[] }>().tags.toSorted()).toEqual(['custom', 'lamp']);
    expect(await imageIds()).toHaveLength(before.length + 1);
  });

  it('ends in a failure that tells why, with what was asked for', async () => {
    const before = await imageIds();
    const failed = await ended(idIn(await begin('demo', '/nothing')));
    expect(failed).toMatchObject({ status: 'failure', 'expires-by': moment, image_properties: imageProperties });
    expect(failed.message).toMatch(/^Could not retrieve .*\/nothing: the server answered 404/);
    expect(failed).not.toHaveProperty('image_ref');
    expect(await imageIds()).toEqual(before);
  });
});

describe('Import an image as a resource of its own: POST /v2/image-imports', () => {
  it('shows nothing of the image to anybody while it is on its way, and leaves nothing of one that came to nothing', async () => {
    holding('/held');
    const id = idIn(await begin('demo', '/held', { id: 'deadbeef-dead-4ead-8eef-beefbeefbeef', ...imageProperties }));
    await eventually(() => show(id), ({ status }) => status === 'uploading');
    const imageId = 'deadbeef-dead-4ead-8eef-beefbeefbeef';
    for (const person of ['demo', 'admin'] as const) {
      const ask = api.as(person);
      const answers = await Promise.all([
        ask.get(`/v2/images/${imageId}`), ask.get(`/v2/images/${imageId}/file`), ask.get(`/v2/images/${imageId}/members`), ask.get(`/v2/images/${imageId}/tasks`),
        ask.patch(`/v2/images/${imageId}`, { body: [{ op: 'replace', path: '/name', value: 'x' }] }), ask.delete(`/v2/images/${imageId}`), ask.delete(`/v2/images/${imageId}/import`),
      ]);
      expect([person, ...answers.map(({ status }) => status)]).toEqual([person, 404, 404, 404, 404, 404, 404, 404]);
      expect((await ask.get(`/v2/images?id=${imageId}`)).json()).toMatchObject({ images: [] });
      expect((await ask.get(`/v2/images?marker=${imageId}`)).status).toBe(400);
    }
    expect((await api.as('demo').delete(`/v2/image-imports/${id}`)).status).toBe(204);
    expect(await show(id)).toMatchObject({ status: 'failure', message: 'The import was cancelled.', image_properties: { name: 'GreatStack 1.22' } });
    expect((await api.as('demo').delete(`/v2/image-imports/${id}`)).status).toBe(409);
    await eventually(() => importsAt(api).filesOf(imageId), (files) => files.length === 0);
    expect((await api.as('demo').get(`/v2/images/${imageId}`)).status).toBe(404);
  });

  it.each([
    ['noise without a disk_format', '/noise', {}, /cannot be told from the data/],
    ['data of another format', '/myaccount/mycontainer/path', { disk_format: 'iso', container_format: 'bare' }, /its disk_format is iso, but its data is qcow2/],
  ])('fails with %s', async (_, path, properties, message) => {
    expect(await ended(idIn(await begin('demo', path, properties)))).toMatchObject({ status: 'failure', message: expect.stringMatching(message) as string });
  });

  it('takes noise for what it is said to be', async () => {
    const { image_ref: image = '' } = await ended(idIn(await begin('demo', '/noise', { disk_format: 'raw', visibility: 'private', min_disk: 1, mine: 'x' })));
    expect((await api.as('demo').get(image)).json()).toMatchObject({ status: 'active', disk_format: 'raw', visibility: 'private', min_disk: 1, mine: 'x' });
  });

  it.each([
    ['no location', { image_properties: {} }], ['an empty location', { location: '' }], ['another scheme', { location: 'ftp://a.example/b' }], ['a host that is not allowed', { location: 'http://images.example/x' }],
    ['properties that are none', { location: 'LOCATION', image_properties: [] }], ['a property of the wrong type', { location: 'LOCATION', image_properties: { min_disk: 'much' } }], ['a container without a format', { location: 'LOCATION', image_properties: { container_format: 'ova' } }],
    ['an object store that is not in the catalogue', { location: 'swift://cloud.foo/myaccount/mycontainer/path' }],
    ['a word that it does not know', { location: 'LOCATION', stores: ['fast'] }],
  ])('refuses %s with 400', async (_, body) => {
    expect((await api.as('demo').post('/v2/image-imports', { body: { ...body, ...('location' in body && body.location === 'LOCATION' ? { location: `${web.url}/noise` } : {}) } })).status).toBe(400);
  });

  it('refuses what the caller may not create with 403, and properties beyond 64 KiB with 413', async () => {
    expect((await begin('demo', '/noise', { visibility: 'public' })).status).toBe(403);
    expect((await begin('demo', '/noise', { owner: 'alt' })).status).toBe(403);
    expect((await begin('demo', '/noise', { long: 'x'.repeat(64 * 1024 - 5) })).status).toBe(413);
  });

  it('is one import however often a request with the same key is repeated', async () => {
    const body = { location: `${web.url}/noise`, image_properties: { disk_format: 'raw' } };
    const ask = () => api.as('demo').post('/v2/image-imports', { body, headers: { 'idempotency-key': 'twice' } });
    const [one, other] = [idIn(await ask()), idIn(await ask())];
    expect(other).toBe(one);
    expect((await ended(one)).status).toBe('success');
  });

  it('lets a project have so many under way and no more', async () => {
    holding('/forever');
    const open = await Promise.all([1, 2, 3].map(() => begin('alt', '/forever')));
    const more = await begin('alt', '/forever');
    expect([...open.map(({ status }) => status), more.status, more.headers.get('retry-after')]).toEqual([201, 201, 201, 429, '30']);
    for (const answer of open) await api.as('alt').delete(`/v2/image-imports/${idIn(answer)}`);
    expect((await begin('alt', '/nothing')).status).toBe(201);
  });
});

describe('List and show imports: GET /v2/image-imports', () => {
  it('tells projects of their own only, and administrators of all', async () => {
    const id = idIn(await begin('demo', '/nothing'));
    await ended(id);
    expect((await api.as('alt').get(`/v2/image-imports/${id}`)).status).toBe(404);
    expect((await api.as('alt').delete(`/v2/image-imports/${id}`)).status).toBe(404);
    expect((await show(id, 'admin')).status).toBe('failure');
    const listed = async (person: 'demo' | 'alt' | 'admin') => (await api.as(person).get('/v2/image-imports?limit=100')).json<{ image_imports: Import[] }>().image_imports.map((each) => each.id);
    expect([(await listed('demo')).includes(id), (await listed('alt')).includes(id), (await listed('admin')).includes(id)]).toEqual([true, false, true]);
  });

  it('comes in pages, each import once, the newest first', async () => {
    const last = idIn(await begin('demo', '/nothing'));
    await ended(last);
    const seen: string[] = [];
    for (let path: string | undefined = '/v2/image-imports?limit=2'; path !== undefined;) {
      const page: { image_imports: Import[]; next?: string } = (await api.as('demo').get(path)).json();
      seen.push(...page.image_imports.map(({ id }) => id));
      path = page.next;
    }
    expect(seen[0]).toBe(last);
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toEqual((await api.as('demo').get('/v2/image-imports?limit=1000')).json<{ image_imports: Import[] }>().image_imports.map(({ id }) => id));
  });

  it.each(['?limit=-1', '?marker=odd', '?marker=11111111-2222-4333-8444-555555555555'])('refuses %s with 400', async (query) => {
    expect((await api.as('demo').get(`/v2/image-imports${query}`)).status).toBe(400);
  });

  it('knows no import of another kind, and none that never was', async () => {
    const imageId = await api.as('demo').image({ disk_format: 'raw', container_format: 'bare' });
    await api.as('demo').post(`/v2/images/${imageId}/import`, { body: { method: { name: 'web-download', uri: `${web.url}/noise` } } });
    const task = await importsAt(api).ended(imageId);
    expect((await api.as('demo').get(`/v2/image-imports/${task?.id ?? ''}`)).status).toBe(404);
    expect((await api.as('demo').get('/v2/image-imports/odd')).status).toBe(404);
  });

  it('tells how far the bytes are', async () => {
    holding('/forever');
    const id = idIn(await begin('demo', '/forever'));
    expect((await api.as('demo').get(`/v2/image-imports/${id}/progress`)).json()).toHaveProperty('progress');
    expect((await api.as('alt').get(`/v2/image-imports/${id}/progress`)).status).toBe(404);
    await api.as('demo').delete(`/v2/image-imports/${id}`);
  });
});

describe('Everything under way: /v2/image-actions', () => {
  it('lists imports among the actions, by action_type', async () => {
    const answer = await api.as('demo').post('/v2/image-actions', { body: { action_type: 'import', location: `${web.url}/noise`, image_properties: { disk_format: 'raw' } } });
    const id = idIn(answer);
    expect([answer.status, answer.headers.get('location')]).toEqual([201, `${api.url}/v2/image-actions/${id}`]);
    await ended(id);
    expect((await api.as('demo').get(`/v2/image-actions/${id}`)).json()).toMatchObject({ id, action_type: 'import', status: 'success' });
    const ids = async (query: string) => (await api.as('demo').get(`/v2/image-actions${query}`)).json<{ image_actions: Import[] }>().image_actions.map((each) => each.id);
    expect([(await ids('')).includes(id), (await ids('?action_type=import')).includes(id), (await ids('?action_type=convert')).includes(id)]).toEqual([true, true, false]);
    expect((await api.as('demo').get('/v2/image-actions?action_type=odd')).status).toBe(400);
    expect((await api.as('demo').post('/v2/image-actions', { body: { action_type: 'odd' } })).status).toBe(400);
  });

  it('exports and converts nothing where the operator did not say so', async () => {
    const image_id = await api.as('demo').activeImage();
    const asked = [{ action_type: 'export', image_id, location: `${web.url}/noise` }, { action_type: 'convert', image_id, image_properties: { disk_format: 'qcow2' } }];
    expect(await Promise.all(asked.map(async (body) => (await api.as('demo').post('/v2/image-actions', { body })).status))).toEqual([403, 403]);
  });

  it('has schemas', async () => {
    for (const name of ['image-import', 'image-imports', 'image-action', 'image-actions']) expect((await api.as('demo').get(`/v2/schemas/${name}`)).json()).toHaveProperty('properties');
    expect((await api.as('demo').get('/v2/schemas/image-import')).json()).toMatchObject({ properties: { status: { enum: ['waiting', 'uploading', 'verifying', 'success', 'failure'] } } });
  });
});
