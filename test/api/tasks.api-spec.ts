import { randomBytes } from 'node:crypto';
import { startApi, type Api, type Person } from './harness.js';
import { eventually } from './imports.js';
import { startWebServer, type WebServer } from './web-server.js';

let web: WebServer;
let api: Api;
let admin: Person;
beforeAll(async () => {
  web = await startWebServer();
  api = await startApi({ 'import_filtering_opts.allowed_hosts': '127.0.0.1', 'import_filtering_opts.allowed_ports': String(web.port) });
  admin = api.as('admin');
  web.serve('/image', bytes);
});
afterAll(async () => {
  await api.stop();
  await web.close();
});

const bytes = randomBytes(50_000);
interface Task { readonly id: string; readonly status: string; readonly [field: string]: unknown }
const task = (input: object = {}, type: unknown = 'import') => ({
  body: { type, input: { import_from: `${web.url}/image`, import_from_format: 'raw', image_properties: { name: 'from a task', visibility: 'public' }, ...input } },
});
const show = async (id: string): Promise<Task> => (await admin.get(`/v2/tasks/${id}`)).json<Task>();
const list = async (query = ''): Promise<{ tasks: Task[]; next?: string }> => (await admin.get(`/v2/tasks${query}`)).json();

async function ended(path = '/image'): Promise<Task> {
  const created = await admin.post('/v2/tasks', task({ import_from: web.url + path }));
  return eventually(() => show(created.json<Task>().id), ({ status }) => status === 'success' || status === 'failure');
}

describe('Create a task: POST /v2/tasks', () => {
  it('makes an image and imports it, and the task ends with it', async () => {
    const answer = await admin.post('/v2/tasks', task());
    const { id } = answer.json<Task>();
    expect([answer.status, answer.headers.get('location')]).toEqual([201, `${api.url}/v2/tasks/${id}`]);
    expect(answer.json()).toMatchObject({ type: 'import', owner: 'admin', self: `/v2/tasks/${id}`, schema: '/v2/schemas/task', input: { import_from: `${web.url}/image` } });
    const done = await eventually(() => show(id), ({ status }) => status === 'success');
    const { image_id: imageId } = done['result'] as { image_id: string };
    expect(done).toMatchObject({ image_id: imageId, message: '', expires_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) as string });
    expect((await admin.get(`/v2/images/${imageId}`)).json()).toMatchObject({ status: 'active', name: 'from a task', disk_format: 'raw', container_format: 'bare', size: bytes.length });
  });

  it('tells why a task failed', async () => {
    expect(await ended('/nothing')).toMatchObject({ status: 'failure', message: expect.stringContaining('Could not retrieve') as string, result: null });
  });

  it.each([
    ['another type', () => task({}, 'api_image_import')], ['no input', () => ({ body: { type: 'import' } })], ['no format', () => task({ import_from_format: undefined })],
    ['no properties', () => task({ image_properties: undefined })], ['no source', () => task({ import_from: undefined })], ['a source that is not allowed', () => task({ import_from: 'http://images.example/x' })],
    ['properties that are none', () => task({ image_properties: { min_disk: 'much' } })],
  ])('refuses %s with 400', async (_, options) => {
    expect((await admin.post('/v2/tasks', options())).status).toBe(400);
  });

  it('is for administrators, as all of tasks is', async () => {
    const { id } = await ended();
    const demo = api.as('demo');
    expect([(await demo.post('/v2/tasks', task())).status, (await demo.get('/v2/tasks')).status, (await demo.get(`/v2/tasks/${id}`)).status]).toEqual([403, 403, 403]);
  });
});

describe('List and show tasks: GET /v2/tasks', () => {
  it('lists imports of every kind, the newest first, without what is long in them', async () => {
    const old = await ended();
    const demo = api.as('demo');
    const imageId = await demo.image({ disk_format: 'raw', container_format: 'bare' });
    await demo.post(`/v2/images/${imageId}/import`, { body: { method: { name: 'web-download', uri: `${web.url}/image` } } });
    const { tasks } = await list();
    expect(tasks[0]).toMatchObject({ type: 'api_image_import', owner: 'demo' });
    expect(tasks[0]).not.toHaveProperty('input');
    expect(tasks.map(({ id }) => id).indexOf(old.id)).toBe(1);
    expect((await list('?type=import')).tasks.every(({ type }) => type === 'import')).toBe(true);
  });

  it('comes in pages, each import once, and by status', async () => {
    await ended();
    await ended('/nothing');
    const all = (await list('?limit=1000')).tasks.map(({ id }) => id);
    const seen: string[] = [];
    for (let path: string | undefined = '/v2/tasks?limit=2'; path !== undefined;) {
      const page: { tasks: Task[]; next?: string } = (await admin.get(path)).json();
      seen.push(...page.tasks.map(({ id }) => id));
      path = page.next;
    }
    expect(seen).toEqual(all);
    expect((await list('?status=failure')).tasks.every(({ status }) => status === 'failure')).toBe(true);
    expect((await list('?sort_key=created_at&sort_dir=asc&limit=1000')).tasks.map(({ id }) => id)).toEqual(all.toReversed());
  });

  it.each(['?limit=-1', '?status=odd', '?type=odd', '?sort_key=odd', '?sort_dir=odd', '?marker=odd', '?marker=11111111-2222-4333-8444-555555555555'])('refuses %s with 400', async (query) => {
    expect((await admin.get(`/v2/tasks${query}`)).status).toBe(400);
  });

  it('knows tasks that are there, deletes none, and ends the task of an image that is deleted', async () => {
    const answer = await admin.delete(`/v2/tasks/${(await ended()).id}`);
    expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET']);
    expect((await admin.get('/v2/tasks/11111111-2222-4333-8444-555555555555')).status).toBe(404);
    expect((await admin.get('/v2/tasks/odd')).status).toBe(404);
    web.answer('/silent', () => undefined);
    const { id, image_id: imageId } = (await admin.post('/v2/tasks', task({ import_from: `${web.url}/silent` }))).json<Task>();
    expect((await admin.delete(`/v2/images/${String(imageId)}`)).status).toBe(204);
    expect(await show(id)).toMatchObject({ status: 'failure', message: 'The image was deleted.' });
  });
});
