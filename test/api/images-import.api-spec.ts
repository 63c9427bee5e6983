import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { projectDir } from '#libs/embedded';
import { startApi, type Api, type Person } from './harness.js';
import { eventually, importsAt, type Task } from './imports.js';

let api: Api;
let demo: Person;
let admin: Person;
beforeAll(async () => {
  api = await startApi({ 'heliograph.removal_interval': '1' });
  [demo, admin] = [api.as('demo'), api.as('admin')];
});
afterAll(() => api.stop());

const data = 'twelve bytes';
const missing = '11111111-2222-4333-8444-555555555555';
const copyTo = (...stores: string[]) => ({ body: { method: { name: 'copy-image' }, stores } });
const importOf = (id: string) => `/v2/images/${id}/import`;
const shown = async (id: string) => (await demo.get(`/v2/images/${id}`)).json<Record<string, string>>();
const filesIn = async (store: string, id: string): Promise<string[]> => (await readdir(join(api.imagesDir, store), { recursive: true })).filter((name) => name.includes(id) && name.endsWith(store));

const tasks = async (id: string, person = admin) => (await person.get(`/v2/images/${id}/tasks`)).json<{ tasks: Task[] }>().tasks;

const ended = (id: string) => importsAt(api).ended(id);

describe('Copy an image to other stores: POST /v2/images/{image_id}/import with copy-image', () => {
  it('answers 202 with no body, and the image, active all the while, then is in both stores', async () => {
    const id = await demo.activeImage(data);
    const answer = await admin.post(importOf(id), copyTo('far'));
    expect([answer.status, answer.text]).toEqual([202, '']);
    expect((await shown(id))['status']).toBe('active');
    expect(await ended(id)).toMatchObject({ type: 'api_image_import', status: 'success', owner: 'admin', image_id: id, result: { image_id: id } });
    expect(await shown(id)).toMatchObject({ stores: 'fast,far', os_glance_importing_to_stores: '', os_glance_failed_import: '' });
    expect(await filesIn('far', id)).toHaveLength(1);
  });

  it('copies to all stores that do not have the data, and to none where all have', async () => {
    const id = await demo.activeImage(data);
    const all = { body: { method: { name: 'copy-image' }, all_stores: true } };
    expect((await admin.post(importOf(id), all)).status).toBe(202);
    await ended(id);
    expect((await shown(id))['stores']).toBe('fast,far');
    expect((await admin.post(importOf(id), all)).status).toBe(202);
    expect(await tasks(id)).toHaveLength(1);
  });

  it('refuses a store that has the data with 400, one that is not there with 409, and an image without data with 409', async () => {
    const id = await demo.activeImage(data);
    expect((await admin.post(importOf(id), copyTo('fast'))).status).toBe(400);
    expect((await admin.post(importOf(id), copyTo('near'))).status).toBe(409);
    expect((await admin.post(importOf(id), { ...copyTo(), headers: { 'x-image-meta-store': 'near' } })).status).toBe(409);
    expect((await admin.post(importOf(await demo.image({ disk_format: 'raw', container_format: 'bare' })), copyTo('far'))).status).toBe(409);
  });

  it('refuses bodies that ask for nothing it can do with 400', async () => {
    const id = await demo.activeImage(data);
    const bodies = [{}, { method: {} }, { method: { name: 'glance-download' } }, { method: { name: 'copy-image' }, all_stores: 'yes' }, { method: { name: 'copy-image' }, all_stores: true, stores: ['far'] }];
    for (const body of bodies) expect((await admin.post(importOf(id), { body })).status).toBe(400);
  });

  it('is for administrators; who cannot see the image does not learn that it is there', async () => {
    const id = await demo.activeImage(data, { visibility: 'private' });
    expect([(await demo.post(importOf(id), copyTo('far'))).status, (await api.as('alt').post(importOf(id), copyTo('far'))).status, (await admin.post(importOf(missing), copyTo('far'))).status])
      .toEqual([403, 404, 404]);
  });

  it('answers a repeated request with the same Idempotency-Key without copying again', async () => {
    const id = await demo.activeImage(data);
    const asked = { ...copyTo('far'), headers: { 'idempotency-key': 'copy once' } };
    expect((await admin.post(importOf(id), asked)).status).toBe(202);
    await ended(id);
    expect((await admin.post(importOf(id), asked)).status).toBe(202);
    expect(await tasks(id)).toHaveLength(1);
  });
});

describe('The tasks of an image: GET /v2/images/{image_id}/tasks', () => {
  it('are shown to the project that asked for them and to administrators', async () => {
    const id = await demo.activeImage(data);
    await admin.post(importOf(id), copyTo('far'));
    const task = await ended(id);
    expect(task).toMatchObject({ user_id: 'user-admin', deleted: false, input: { import_req: { method: { name: 'copy-image' }, stores: ['far'] } } });
    expect(await tasks(id, demo)).toEqual([]);
    expect((await api.as('alt').get(`/v2/images/${await demo.image({ visibility: 'private' })}/tasks`)).status).toBe(404);
  });
});

describe('Delete an image from one store: DELETE /v2/stores/{store}/{image_id}', () => {
  const from = (store: string, id: string) => `/v2/stores/${store}/${id}`;

  it('takes the data out of that store and leaves it in the others', async () => {
    const id = await demo.activeImage(data);
    await admin.post(importOf(id), copyTo('far'));
    await ended(id);
    expect((await admin.delete(from('fast', id))).status).toBe(204);
    expect(await shown(id)).toMatchObject({ status: 'active', stores: 'far' });
    expect((await demo.get(`/v2/images/${id}/file`)).text).toBe(data);
    expect(await eventually(() => filesIn('fast', id), (files) => files.length === 0)).toEqual([]);
    expect(await filesIn('far', id)).toHaveLength(1);
  });

  it('refuses to take anything from an image in one store with 403, a store that is not there with 409, and an image without data with 409', async () => {
    const id = await demo.activeImage(data);
    expect([(await admin.delete(from('fast', id))).status, (await admin.delete(from('far', id))).status, (await admin.delete(from('near', id))).status]).toEqual([403, 403, 409]);
    expect([(await admin.delete(from('fast', await demo.image()))).status, (await admin.delete(from('fast', missing))).status]).toEqual([409, 404]);
  });

  it('is for administrators', async () => {
    expect((await demo.delete(from('fast', await demo.activeImage(data)))).status).toBe(403);
  });
});

describe('What the services measure at /metrics', () => {
  const documented = async (service: string): Promise<string[]> => {
    const section = (await readFile(join(projectDir(), 'docs/metrics.md'), 'utf8')).split(/^## /m).find((text) => text.startsWith(`${service}\n`)) ?? '';
    return [...section.matchAll(/^\| `(heliograph_\w+)`/gm)].map(([, name = '']) => name).toSorted();
  };

  it.each(['gateway', 'catalog', 'staging', 'importer'] as const)('is, in the %s, what docs/metrics.md says', async (service) => {
    const exported = [...(await api.metricsOf(service)).matchAll(/^# TYPE (heliograph_\w+)/gm)].map(([, name = '']) => name);
    const usual = new Set(await documented('Every service'));
    expect(usual.size).toBeGreaterThan(10);
    // This gateway has no cache.
    expect(exported.filter((name) => !usual.has(name)).toSorted()).toEqual((await documented(service)).filter((name) => !name.startsWith('heliograph_cache_')));
  });

  it('says how far what follows the log is behind it, what is under way and which leases are held', async () => {
    const lines = async (service: 'catalog' | 'importer' | 'gateway') => (await api.metricsOf(service)).replaceAll(/(service|region)="[^"]*",?|\{\}/g, '').replaceAll(/,\}/g, '}').replaceAll('{} ', ' ').split('\n');
    await ended(await importedAgain());
    await eventually(() => lines('importer'), (all) => all.includes('heliograph_consumer_in_hand_commits{consumer="importer"} 0'));
    expect(await lines('importer')).toEqual(expect.arrayContaining(['heliograph_consumer_waiting_commits{consumer="importer"} 0', 'heliograph_consumer_in_hand_commits{consumer="importer"} 0']));
    expect(await lines('catalog')).toEqual(expect.arrayContaining([
      'heliograph_projection_lag_commits 0', 'heliograph_projection_lag_seconds 0', 'heliograph_imports_under_way{status="processing"} 0', 'heliograph_import_oldest_seconds 0',
    ]));
    expect(await lines('gateway')).toEqual(expect.arrayContaining(['heliograph_leases_held 0', 'heliograph_leases_lost_total 0']));
  });

  async function importedAgain(): Promise<string> {
    const id = await demo.activeImage(data);
    await admin.post(importOf(id), copyTo('far'));
    return id;
  }
});
