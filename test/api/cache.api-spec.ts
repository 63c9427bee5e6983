import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startApi, type Api, type Person } from './harness.js';
import { eventually, importsAt } from './imports.js';
import { startWebServer, type WebServer } from './web-server.js';

let web: WebServer;
let api: Api;
let dir: string;
let admin: Person;
let demo: Person;
beforeAll(async () => {
  web = await startWebServer();
  dir = await mkdtemp(join(tmpdir(), 'heliograph-cache-'));
  api = await startApi({
    'default.enabled_backends': 'fast:file, web:http', 'default.image_cache_dir': dir,
    'import_filtering_opts.allowed_hosts': '127.0.0.1', 'import_filtering_opts.allowed_ports': `[${web.port}]`,
  });
  admin = api.as('admin');
  demo = api.as('demo');
});
afterAll(async () => {
  await api.stop();
  await web.close();
  await rm(dir, { recursive: true, force: true });
});

const bytes = randomBytes(2_000_000);
interface State { readonly cached_images: { image_id: string; hits: number; size: number; last_accessed: number; last_modified: number }[]; readonly queued_images: string[] }
const state = async (): Promise<State> => (await admin.get('/v2/cache')).json<State>();
const cachedIds = async (): Promise<string[]> => (await state()).cached_images.map(({ image_id }) => image_id);
const isCached = (id: string): Promise<string[]> => eventually(cachedIds, (ids) => ids.includes(id));
const dataOf = async (id: string, headers: Record<string, string> = {}, person = 'demo') => {
  const answer = await fetch(`${api.url}/v2/images/${id}/file`, { headers: { 'x-auth-token': person, ...headers } });
  return { answer, data: Buffer.from(await answer.arrayBuffer()) };
};

/** An image whose data lies on a web server. */
async function far(path: string): Promise<string> {
  web.serve(path, bytes);
  const id = await demo.image({ disk_format: 'raw', container_format: 'bare' });
  expect((await demo.post(`/v2/images/${id}/locations`, { body: { url: web.url + path } })).status).toBe(202);
  await importsAt(api).ended(id);
  return id;
}
const timesAsked = (path: string): number => web.asked.filter((each) => each.startsWith(path)).length;

describe('Download image data through the cache', () => {
  it('reads a slow store once, and gives whole data and ranges from the cache', async () => {
    const id = await far('/once');
    const before = timesAsked('/once');
    const all = await Promise.all([1, 2, 3].map(() => dataOf(id)));
    for (const { answer, data } of all) expect([answer.status, answer.headers.get('content-length'), data.equals(bytes)]).toEqual([200, String(bytes.length), true]);
    await isCached(id);
    const hits = async (): Promise<number | undefined> => (await state()).cached_images.find(({ image_id, size }) => image_id === id && size === bytes.length)?.hits;
    const hitsBefore = (await hits()) ?? NaN;
    const { answer, data } = await dataOf(id, { range: 'bytes=10-19' });
    expect([answer.status, answer.headers.get('content-range'), data.equals(bytes.subarray(10, 20))]).toEqual([206, `bytes 10-19/${bytes.length}`, true]);
    expect(timesAsked('/once') - before).toBe(1);
    expect(await hits()).toBe(hitsBefore + 1);
  });

  it('asks for status and policy at every read, cached or not', async () => {
    const id = await far('/asked');
    await dataOf(id);
    await isCached(id);
    expect((await dataOf(id, {}, 'demoReader')).answer.status).toBe(403);
    expect((await dataOf(id, {}, 'alt')).answer.status).toBe(404);
    await demo.post(`/v2/images/${id}/actions/deactivate`);
    expect((await dataOf(id)).answer.status).toBe(403);
  });

  it('loses the data of an image that is deleted', async () => {
    const id = await far('/deleted');
    await dataOf(id);
    await isCached(id);
    await demo.delete(`/v2/images/${id}`);
    await eventually(() => readdir(dir), (names) => !names.includes(id));
    expect((await dataOf(id)).answer.status).toBe(404);
  });

  it('does not copy what lies in a directory anyway', async () => {
    const id = await demo.activeImage();
    await dataOf(id);
    expect(await cachedIds()).not.toContain(id);
  });
});

describe('Cache: PUT /v2/cache/{image_id}', () => {
  it('brings an active image into the cache, wherever it lies', async () => {
    const id = await demo.activeImage('some data');
    const answer = await admin.put(`/v2/cache/${id}`);
    expect([answer.status, answer.text]).toEqual([202, '']);
    await isCached(id);
    expect((await state()).queued_images).toEqual([]);
    expect((await admin.put(`/v2/cache/${id}`)).status).toBe(202);
  });

  it('refuses with 400 an image that is not active, and with 404 one that is not there', async () => {
    expect((await admin.put(`/v2/cache/${await demo.image()}`)).status).toBe(400);
    expect((await admin.put('/v2/cache/nonsense')).status).toBe(404);
  });
});

describe('Cache: DELETE /v2/cache/{image_id} and /v2/cache', () => {
  const cached = async (): Promise<string> => {
    const id = await demo.activeImage();
    await admin.put(`/v2/cache/${id}`);
    await isCached(id);
    return id;
  };

  it('takes one image out', async () => {
    const [goes, stays] = [await cached(), await cached()];
    expect((await admin.delete(`/v2/cache/${goes}`)).status).toBe(204);
    expect((await admin.delete(`/v2/cache/${goes}`)).status).toBe(204);
    expect((await admin.delete('/v2/cache/nonsense')).status).toBe(404);
    const ids = await cachedIds();
    expect([ids.includes(goes), ids.includes(stays)]).toEqual([false, true]);
  });

  it('takes everything out, or what x-image-cache-clear-target says', async () => {
    await cached();
    expect((await admin.delete('/v2/cache', { headers: { 'x-image-cache-clear-target': 'queue' } })).status).toBe(204);
    expect((await state()).cached_images.length).toBeGreaterThan(0);
    expect((await admin.delete('/v2/cache', { headers: { 'x-image-cache-clear-target': 'invalid' } })).status).toBe(400);
    expect((await admin.delete('/v2/cache', { headers: { 'x-image-cache-clear-target': 'cache' } })).status).toBe(204);
    await cached();
    expect((await admin.delete('/v2/cache')).status).toBe(204);
    expect(await state()).toEqual({ cached_images: [], queued_images: [] });
  });
});

describe('Cache: clean, prune and nodes', () => {
  it('cleans and prunes on demand', async () => {
    expect((await admin.post('/v2/cache/clean')).status).toBe(200);
    const answer = await admin.post('/v2/cache/prune');
    expect([answer.status, answer.json()]).toEqual([200, { total_files_pruned: 0, total_bytes_pruned: 0 }]);
  });

  it('knows of no other gateway', async () => {
    expect((await admin.get(`/v2/cache/nodes/${await demo.image()}`)).status).toBe(409);
  });

  it('is for administrators', async () => {
    const id = await demo.activeImage();
    const asks = [demo.get('/v2/cache'), demo.delete('/v2/cache'), demo.put(`/v2/cache/${id}`), demo.delete(`/v2/cache/${id}`), demo.get(`/v2/cache/nodes/${id}`), demo.post('/v2/cache/clean'), demo.post('/v2/cache/prune')];
    expect((await Promise.all(asks)).map(({ status }) => status)).toEqual(asks.map(() => 403));
    expect((await api.as('alt').put(`/v2/cache/${id}`)).status).toBe(404);
  });

  it('is told by the versions', async () => {
    const { versions } = (await api.as(undefined).get('/versions')).json<{ versions: { id: string; status: string }[] }>();
    expect(versions.map(({ id }) => id)).toEqual(Array.from({ length: 19 }, (_, index) => `v2.${18 - index}`));
    expect(versions.filter(({ status }) => status === 'CURRENT')).toMatchObject([{ id: 'v2.18' }]);
    expect((await admin.get('/v2.14/cache')).status).toBe(200);
  });
});
