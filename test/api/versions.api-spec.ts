import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startApi, type Api } from './harness.js';

const dir = mkdtempSync(join(tmpdir(), 'versions-'));
const disabling = join(dir, 'disabled');
let api: Api;
beforeAll(async () => { api = await startApi({ 'oslo_middleware.enable_proxy_headers_parsing': 'true', 'healthcheck.disable_by_file_path': disabling }); });
afterAll(async () => {
  await api.stop();
  rmSync(dir, { recursive: true });
});

interface Versions { versions: { id: string; status: string; links: { rel: string; href: string }[] }[] }

describe('API versions: GET /, GET /versions', () => {
  it('lists the versions with 300 at the root and 200 at /versions, to everybody', async () => {
    const [root, versions] = [await api.as(undefined).get('/'), await api.as(undefined).get('/versions')];
    expect([root.status, versions.status]).toEqual([300, 200]);
    expect(root.json()).toEqual(versions.json());
  });

  it('has one CURRENT version, and the links of all lead to /v2/', async () => {
    const { versions } = (await api.as(undefined).get('/versions')).json<Versions>();
    expect(versions.filter(({ status }) => status === 'CURRENT').map(({ id }) => id)).toEqual(['v2.17']);
    expect(versions.map(({ id }) => id)).toEqual(
      [15, 13, 12, 11, 10, 9, 8, 17, 7, 6, 5, 4, 3, 2, 1, 0].map((minor) => `v2.${minor}`));
    expect(new Set(versions.flatMap(({ links }) => links.map(({ href }) => href)))).toEqual(new Set([`${api.url}/v2/`]));
  });

  it.each(['/foo', '/v1/images', '/v3', '/v2.99/images', '/v2.16/images'])('answers %s, which is no version, with the list', async (path) => {
    expect((await api.as(undefined).get(path)).status).toBe(300);
  });

  it('shows the address that the proxy was asked at', async () => {
    const answer = await api.as(undefined).get('/versions', { headers: { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'images.example', 'x-forwarded-prefix': '/image' } });
    expect(answer.json<Versions>().versions[0]?.links[0]?.href).toBe('https://images.example/image/v2/');
  });

  it('leads every minor version to the same routes', async () => {
    for (const prefix of ['/v2', '/v2.0', '/v2.7', '/v2.12', '/v2.17']) expect((await api.as('demo').get(`${prefix}/images`)).status).toBe(200);
  });

  it('takes the version from Accept where the path has none', async () => {
    const accept = { accept: 'application/vnd.openstack.images-v2.1' };
    expect((await api.as('demo').get('/images', { headers: accept })).status).toBe(200);
    expect((await api.as('demo').get('/v2/images', { headers: accept })).status).toBe(200);
    expect((await api.as('demo').get('/images', { headers: { accept: 'application/vnd.openstack.images-v9.9' } })).status).toBe(300);
  });

  it('has nothing at /v2/ itself', async () => {
    expect((await api.as('demo').get('/v2/')).status).toBe(404);
    expect((await api.as('demo').get('/v2')).status).toBe(404);
  });
});

describe('Health check: GET /healthcheck', () => {
  it('says OK to everybody', async () => {
    const answer = await api.as(undefined).get('/healthcheck');
    expect([answer.status, answer.text]).toEqual([200, 'OK']);
    const json = await api.as(undefined).get('/healthcheck', { headers: { accept: 'application/json' } });
    expect(json.json()).toEqual({ detailed: false, reasons: ['OK'] });
    expect((await api.as(undefined).request('HEAD', '/healthcheck')).status).toBe(204);
  });
});

describe('Health check: GET /healthcheck, while the operator\'s file is there', () => {
  it('says that it is disabled, and says OK again without the file', async () => {
    writeFileSync(disabling, '');
    const answer = await api.as(undefined).get('/healthcheck');
    expect([answer.status, answer.text]).toEqual([503, 'DISABLED BY FILE']);
    expect((await api.as(undefined).request('HEAD', '/healthcheck')).status).toBe(503);
    rmSync(disabling);
    expect((await api.as(undefined).get('/healthcheck')).status).toBe(200);
  });
});

describe('Image schemas: GET /v2/schemas/…', () => {
  it('describes an image with the formats that may be chosen', async () => {
    const schema = (await api.as('demo').get('/v2/schemas/image')).json<{ name: string; properties: Record<string, Record<string, unknown>>; additionalProperties: unknown }>();
    expect(schema.name).toBe('image');
    expect(schema.additionalProperties).toEqual({ type: 'string' });
    expect(schema.properties['disk_format']?.['enum']).toEqual(expect.arrayContaining([null, 'qcow2', 'vhd', 'vmdk', 'raw']));
    expect(schema.properties['kernel_id']?.['is_base']).toBe(false);
    expect(schema.properties['name']?.['is_base']).toBeUndefined();
    expect(schema.properties['status']?.['readOnly']).toBe(true);
  });

  it('describes lists of images, members, and a member', async () => {
    const document = async (name: string) => (await api.as('demo').get(`/v2/schemas/${name}`)).json<{ name: string; properties: Record<string, { items?: { name: string } }> }>();
    expect((await document('images')).properties['images']?.items?.name).toBe('image');
    expect((await document('members')).properties['members']?.items?.name).toBe('member');
    expect((await document('member')).name).toBe('member');
  });

  it('wants a token, and takes no other method', async () => {
    expect((await api.as(undefined).get('/v2/schemas/image')).status).toBe(401);
    const answer = await api.as('demo').request('DELETE', '/v2/schemas/image');
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET']);
  });
});

describe('All schemas', () => {
  it.each(['image', 'images', 'member', 'members', 'task', 'tasks', ...['namespace', 'object', 'property', 'resource_type', 'tag'].flatMap((name) => [name, name === 'property' ? 'properties' : `${name}s`]).map((name) => `metadefs/${name}`)])(
    'of %s has its name and properties', async (name) => {
      const answer = await api.as('demoReader').get(`/v2/schemas/${name}`);
      expect([answer.status, Object.keys(answer.json())]).toEqual([200, expect.arrayContaining(['properties']) as unknown]);
    });
});

describe('Show usage: GET /v2/info/usage', () => {
  it('names no limit where none is kept', async () => {
    const answer = await api.as('demo').get('/v2/info/usage');
    expect([answer.status, answer.json()]).toEqual([200, { usage: {} }]);
  });
});

describe('Service info discovery: GET /v2/info/…', () => {
  it('names the stores, and says in text which one is the default', async () => {
    expect((await api.as('demo').get('/v2/info/stores')).json()).toEqual({ stores: [{ id: 'fast', default: 'true' }, { id: 'far' }] });
  });

  it('names the import methods that are switched on and work', async () => {
    expect((await api.as('demo').get('/v2/info/import')).json()).toEqual({ 'import-methods': { description: 'Import methods available.', type: 'array', value: ['glance-direct', 'web-download', 'copy-image'] } });
  });

  it('names no region to whose catalogue has no image service: GET /v2/info/regions', async () => {
    const answer = await api.as('demo').get('/v2/info/regions');
    expect([answer.status, answer.json()]).toEqual([200, { regions: [] }]);
  });
});

describe('Cache where there is none', () => {
  it('is not found by administrators, forbidden to others, and an unknown image is not found first', async () => {
    const ask = async (person: 'admin' | 'demo', method: string, path: string) => (await api.as(person).request(method, path)).status;
    expect([await ask('admin', 'GET', '/v2/cache'), await ask('demo', 'GET', '/v2/cache')]).toEqual([404, 403]);
    const id = await api.as('demo').image();
    expect([await ask('admin', 'PUT', `/v2/cache/${id}`), await ask('demo', 'PUT', `/v2/cache/${id}`), await ask('demo', 'PUT', '/v2/cache/nonsense')]).toEqual([404, 403, 404]);
    expect([await ask('admin', 'DELETE', `/v2/cache/${id}`), await ask('demo', 'DELETE', '/v2/cache/nonsense')]).toEqual([404, 404]);
    for (const [method, path] of [['DELETE', '/v2/cache'], ['GET', `/v2/cache/nodes/${id}`], ['POST', '/v2/cache/clean'], ['POST', '/v2/cache/prune']] as const) {
      expect([path, await ask('admin', method, path), await ask('demo', method, path)]).toEqual([path, 404, 403]);
    }
  });
});
