import { join } from 'node:path';
import { startApi, type Api, type Person } from './harness.js';
import { importsAt } from './imports.js';

let api: Api;
let demo: Person;
beforeAll(async () => {
  process.env['HELIOGRAPH_FAST__WEIGHT'] = '10';
  // Nobody answers at the staging service's address.
  api = await startApi({ 'default.enabled_backends': 'web:http, fast:file, far:file' }, { gateway: { 'heliograph.staging_url': 'http://127.0.0.1:1' } });
  demo = api.as('demo');
});
afterAll(async () => {
  delete process.env['HELIOGRAPH_FAST__WEIGHT'];
  await api.stop();
});

const formats = { disk_format: 'raw', container_format: 'bare' };
const shown = async (id: string) => (await demo.get(`/v2/images/${id}`)).json<Record<string, unknown>>();

describe('List stores detail: GET /v2/info/stores/detail', () => {
  it('tells administrators and services of what kind each store is, its weight and its properties', async () => {
    const answer = await api.as('admin').get('/v2/info/stores/detail');
    expect([answer.status, answer.json()]).toEqual([200, { stores: [
      { id: 'web', 'read-only': 'true', type: 'http', weight: 0, properties: {} },
      { id: 'fast', default: 'true', type: 'file', weight: 10, properties: { data_dir: join(api.imagesDir, 'fast'), chunk_size: 65_536, thin_provisioning: false } },
      { id: 'far', type: 'file', weight: 0, properties: { data_dir: join(api.imagesDir, 'far'), chunk_size: 65_536, thin_provisioning: false } },
    ] }]);
  });

  it('is for nobody else', async () => {
    expect((await demo.get('/v2/info/stores/detail')).status).toBe(403);
  });
});

describe('A store that can only be read', () => {
  it('says so in List stores: GET /v2/info/stores, and is not the default one though it stands first', async () => {
    expect((await demo.get('/v2/info/stores')).json()).toEqual({ stores: [{ id: 'web', 'read-only': 'true' }, { id: 'fast', default: 'true' }, { id: 'far' }] });
  });

  it('takes no upload: 503, and the image is queued as before', async () => {
    const id = await demo.image(formats);
    expect((await demo.upload(id, 'twelve bytes', { 'x-image-meta-store': 'web' })).status).toBe(503);
    expect(await shown(id)).toMatchObject({ status: 'queued' });
    expect((await demo.upload(id, 'twelve bytes')).status).toBe(204);
    expect(await shown(id)).toMatchObject({ status: 'active', stores: 'fast' });
  });

  it('has no data to be deleted from it: 404 from DELETE /v2/stores/{store}/{image_id}, where the image is in two others', async () => {
    const [admin, id] = [api.as('admin'), await demo.activeImage('twelve bytes')];
    expect((await admin.post(`/v2/images/${id}/import`, { body: { method: { name: 'copy-image' }, stores: ['far'] } })).status).toBe(202);
    await importsAt(api).ended(id);
    expect((await admin.delete(`/v2/stores/web/${id}`)).status).toBe(404);
    expect(await shown(id)).toMatchObject({ status: 'active', stores: 'fast,far' });
  });

  it('is left out where an import asks for all stores', async () => {
    const id = await demo.activeImage('twelve bytes');
    expect((await api.as('admin').post(`/v2/images/${id}/import`, { body: { method: { name: 'copy-image' }, all_stores: true } })).status).toBe(202);
    const importing = await shown(id);
    expect(String(importing['os_glance_importing_to_stores'] ?? '')).not.toContain('web');
  });

  it('may be named by a download, and holds nothing there', async () => {
    const id = await demo.activeImage('twelve bytes');
    expect((await demo.get(`/v2/images/${id}/file?prefer=web`)).text).toBe('twelve bytes');
  });
});

describe('Stage binary image data: PUT /v2/images/{image_id}/stage, while no staging service can be reached', () => {
  it('says 503 and when to try again, and leaves the image queued', async () => {
    const id = await demo.image(formats);
    const answer = await demo.put(`/v2/images/${id}/stage`, { body: 'twelve bytes', headers: { 'content-type': 'application/octet-stream' } });
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '5']);
    expect(await shown(id)).toMatchObject({ status: 'queued', size: null });
  });
});
