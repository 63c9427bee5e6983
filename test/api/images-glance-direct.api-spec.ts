import { startApi, type Api, type Person } from './harness.js';
import { eventually, importsAt } from './imports.js';

let api: Api;
let demo: Person;
let imports: ReturnType<typeof importsAt>;
beforeAll(async () => {
  api = await startApi({ 'heliograph.removal_interval': '1' });
  demo = api.as('demo');
  imports = importsAt(api);
});
afterAll(() => api.stop());

const data = 'twelve bytes';
const direct = (more: object = {}, method: object = {}) => ({ body: { method: { name: 'glance-direct', ...method }, ...more } });
const importOf = (id: string) => `/v2/images/${id}/import`;
const shown = async (id: string) => (await demo.get(`/v2/images/${id}`)).json<Record<string, unknown>>();

async function aStagedImage(): Promise<string> {
  const id = await demo.image({ disk_format: 'raw', container_format: 'bare', visibility: 'private' });
  expect((await demo.put(`/v2/images/${id}/stage`, { body: data, headers: { 'content-type': 'application/octet-stream' } })).status).toBe(204);
  return id;
}

describe('Import an image: POST /v2/images/{image_id}/import with glance-direct', () => {
  it('makes what was staged the image\'s data, and nothing of it stays in the staging area', async () => {
    const id = await aStagedImage();
    const answer = await demo.post(importOf(id), direct());
    expect([answer.status, answer.text]).toEqual([202, '']);
    expect(await imports.ended(id)).toMatchObject({ status: 'success', owner: 'demo', request_id: answer.headers.get('x-openstack-request-id'), input: { import_req: { method: { name: 'glance-direct' } } } });
    expect(await shown(id)).toMatchObject({ status: 'active', size: 12, stores: 'fast', os_glance_importing_to_stores: '', os_glance_failed_import: '' });
    expect((await demo.get(`/v2/images/${id}/file`)).text).toBe(data);
    expect(await eventually(() => imports.stagedFilesOf(id), (files) => files.length === 0)).toEqual([]);
    expect(await imports.filesOf(id)).toHaveLength(1);
  });

  it('goes to all stores', async () => {
    const id = await aStagedImage();
    expect((await demo.post(importOf(id), direct({ all_stores: true, all_stores_must_succeed: false }))).status).toBe(202);
    expect(await imports.ended(id)).toMatchObject({ status: 'success' });
    expect((await shown(id))['stores']).toBe('fast,far');
  });

  it('keeps what was staged when it fails, and takes it at the next try', async () => {
    const id = await aStagedImage();
    const wrong = { validation_data: { os_hash_algo: 'md5', os_hash_value: '0'.repeat(32) } };
    expect((await demo.post(importOf(id), direct({}, wrong))).status).toBe(202);
    expect(await imports.ended(id)).toMatchObject({ status: 'failure', message: expect.stringContaining('are not the bytes that were announced') as string });
    expect(await shown(id)).toMatchObject({ status: 'queued', os_glance_failed_import: 'fast' });
    expect(await imports.stagedFilesOf(id)).toHaveLength(1);
    expect((await demo.post(importOf(id), direct({ stores: ['far'] }))).status).toBe(202);
    expect(await imports.ended(id)).toMatchObject({ status: 'success' });
    expect(await shown(id)).toMatchObject({ status: 'active', stores: 'far', os_glance_failed_import: '' });
  });

  it('refuses with 409 an image of which nothing is staged, and one that has data', async () => {
    const [queued, active] = [await demo.image({ disk_format: 'raw', container_format: 'bare' }), await demo.activeImage()];
    expect([(await demo.post(importOf(queued), direct())).status, (await demo.post(importOf(active), direct())).status]).toEqual([409, 409]);
  });

  it('is for who may change the image', async () => {
    const id = await aStagedImage();
    expect([(await api.as('demoReader').post(importOf(id), direct())).status, (await api.as('alt').post(importOf(id), direct())).status]).toEqual([403, 404]);
  });
});
