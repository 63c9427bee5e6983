import { createHash, randomBytes } from 'node:crypto';
import { startApi, type Api, type Person } from './harness.js';
import { importsAt } from './imports.js';
import { startWebServer, type WebServer } from './web-server.js';

let web: WebServer;
let api: Api;
let demo: Person;
beforeAll(async () => {
  web = await startWebServer();
  api = await startApi({
    'default.enabled_backends': 'fast:file, far:file, web:http', 'fast.weight': '10',
    'import_filtering_opts.allowed_hosts': '127.0.0.1', 'import_filtering_opts.allowed_ports': `[${web.port}]`,
  });
  demo = api.as('demo');
});
afterAll(async () => {
  await api.stop();
  await web.close();
});

const bytes = randomBytes(200_000);
const hashOf = (algo: string): string => createHash(algo).update(bytes).digest('hex');
const formats = { disk_format: 'raw', container_format: 'bare' };
const locationsOf = (id: string): string => `/v2/images/${id}/locations`;
const shown = async (id: string) => (await demo.get(`/v2/images/${id}`)).json<Record<string, unknown>>();
const add = (id: string, body: unknown, person = demo) => person.post(locationsOf(id), { body });
const dataOf = async (id: string, headers: Record<string, string> = {}) =>
  Buffer.from(await (await fetch(`${api.url}/v2/images/${id}/file`, { headers: { 'x-auth-token': 'demo', ...headers } })).arrayBuffer());

async function located(path: string, more: object = {}): Promise<string> {
  const id = await demo.image(formats);
  const answer = await add(id, { url: web.url + path, ...more });
  expect([answer.status, answer.text]).toEqual([202, '']);
  return id;
}

describe('Add location: POST /v2/images/{image_id}/locations', () => {
  it('makes an image of data that stays where it is, once its size and hashes are known', async () => {
    web.serve('/stays', bytes);
    const id = await located('/stays', { validation_data: {} });
    expect(await importsAt(api).ended(id)).toMatchObject({ status: 'success', type: 'location_import' });
    expect(await shown(id)).toMatchObject({ status: 'active', size: bytes.length, stores: 'web', checksum: hashOf('md5'), os_hash_algo: 'sha512', os_hash_value: hashOf('sha512') });
    expect(await importsAt(api).filesOf(id)).toEqual([]);
  });

  it('gives the data from there, also a part of it', async () => {
    web.serve('/read', bytes);
    const id = await located('/read');
    await importsAt(api).ended(id);
    expect((await dataOf(id)).equals(bytes)).toBe(true);
    expect((await dataOf(id, { range: 'bytes=100-199' })).equals(bytes.subarray(100, 200))).toBe(true);
  });

  it('says 503 while the server where it lies has trouble: GET /v2/images/{image_id}/file', async () => {
    web.serve('/troubled', bytes);
    const id = await located('/troubled');
    await importsAt(api).ended(id);
    web.answer('/troubled', (_, response) => { response.writeHead(500).end(); });
    expect((await demo.get(`/v2/images/${id}/file`)).status).toBe(503);
    web.serve('/troubled', bytes);
    expect((await dataOf(id)).equals(bytes)).toBe(true);
  });

  it('lets the data be copied to a store that keeps it, and dropped from where it was', async () => {
    web.serve('/copied', bytes);
    const id = await located('/copied');
    await importsAt(api).ended(id);
    expect((await api.as('admin').post(`/v2/images/${id}/import`, { body: { method: { name: 'copy-image' }, stores: ['far'] } })).status).toBe(202);
    await importsAt(api).ended(id);
    expect((await api.as('admin').delete(`/v2/stores/web/${id}`)).status).toBe(204);
    expect([(await shown(id))['stores'], (await dataOf(id)).equals(bytes)]).toEqual(['far', true]);
  });

  it('takes the data where it hashes to what was said', async () => {
    web.serve('/right', bytes);
    const id = await located('/right', { validation_data: { os_hash_algo: 'sha256', os_hash_value: hashOf('sha256') } });
    expect(await importsAt(api).ended(id)).toMatchObject({ status: 'success' });
    expect(await shown(id)).toMatchObject({ checksum: hashOf('md5'), os_hash_algo: 'sha256', os_hash_value: hashOf('sha256') });
  });

  it('leaves the image queued, without a location, where the data is other data or cannot be had', async () => {
    web.serve('/other', bytes);
    const other = await located('/other', { validation_data: { os_hash_algo: 'sha256', os_hash_value: '0'.repeat(64) } });
    for (const id of [other, await located('/nowhere')]) {
      expect(await importsAt(api).ended(id)).toMatchObject({ status: 'failure' });
      expect(await shown(id)).toMatchObject({ status: 'queued', size: null, stores: 'web' });
      expect((await api.as('service').get(locationsOf(id))).json()).toEqual([]);
    }
  });

  it('refuses with 409 an image that is not queued', async () => {
    web.serve('/twice', bytes);
    expect((await add(await demo.activeImage(), { url: `${web.url}/twice` })).status).toBe(409);
  });

  it.each([
    ['no url', {}], ['a url that is none', { url: 'x' }], ['a number as url', { url: 7 }], ['a file', { url: 'file:///etc/passwd' }], ['a url with a query', { url: 'OK?sig=1' }], ['a port that is not allowed', { url: 'http://127.0.0.1:9/x' }],
    ['a host that is not allowed', { url: 'http://169.254.169.254/x' }], ['an algorithm alone', { url: 'OK', validation_data: { os_hash_algo: 'md5' } }],
    ['a hash alone', { url: 'OK', validation_data: { os_hash_value: 'a' } }], ['a hash of another length', { url: 'OK', validation_data: { os_hash_algo: 'sha256', os_hash_value: 'abc' } }],
    ['an algorithm that nobody knows', { url: 'OK', validation_data: { os_hash_algo: 'sha3_256', os_hash_value: '0'.repeat(64) } }],
    ['more validation data', { url: 'OK', validation_data: { os_hash_algo: 'md5', os_hash_value: '0'.repeat(32), checksum: 'x' } }],
  ] as [string, { url?: unknown }][])('refuses %s with 400, and the image stays queued', async (_, body) => {
    const id = await demo.image(formats);
    expect((await add(id, typeof body.url === 'string' ? { ...body, url: body.url.replace(/^OK/, `${web.url}/x`) } : body)).status).toBe(400);
    expect(await shown(id)).toMatchObject({ status: 'queued' });
  });

  it('is for the owner and for services; who cannot see the image finds none', async () => {
    web.serve('/whose', bytes);
    const body = { url: `${web.url}/whose` };
    const shared = await demo.image({ ...formats, visibility: 'community' });
    expect((await add(shared, body, api.as('alt'))).status).toBe(403);
    expect((await add(await demo.image(formats), body, api.as('alt'))).status).toBe(404);
    expect((await add(shared, body, api.as('service'))).status).toBe(202);
  });
});

describe('Show locations: GET /v2/images/{image_id}/locations', () => {
  it('tells services where the data lies, and nobody else', async () => {
    web.serve('/told', bytes);
    const id = await located('/told');
    await importsAt(api).ended(id);
    const answer = await api.as('service').get(locationsOf(id));
    expect([answer.status, answer.json()]).toEqual([200, [{ url: `${web.url}/told`, metadata: { store: 'web' } }]]);
    expect((await demo.get(locationsOf(id))).status).toBe(403);
    const uploaded = await demo.activeImage();
    expect((await api.as('service').get(locationsOf(uploaded))).json()).toEqual([{ url: expect.stringMatching(/^store:\/\/fast\//) as string, metadata: { store: 'fast' } }]);
  });
});
