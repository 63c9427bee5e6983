import { randomBytes } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findQemuImg } from '#libs/embedded';
import { startApi, type Answer, type Api } from './harness.js';
import { eventually } from './imports.js';
import { startWebServer, type WebServer } from './web-server.js';

const found = await findQemuImg();
const command = 'command' in found ? found.command : '';
const triedWithQemu = 'command' in found ? it : it.skip;

interface Action { readonly id: string; readonly status: string; readonly message?: string; readonly [field: string]: unknown }
const data = randomBytes(300_000);
let web: WebServer;
let api: Api;
let source: string;
beforeAll(async () => {
  web = await startWebServer();
  api = await startApi({
    'import_filtering_opts.allowed_hosts': '127.0.0.1', 'import_filtering_opts.allowed_ports': String(web.port), 'heliograph.image_exports': 'true',
    ...(command === '' ? {} : { 'heliograph.image_conversions': 'qcow2', 'heliograph.qemu_img': command }),
  });
  source = await api.as('demo').image({ disk_format: 'raw', container_format: 'bare', visibility: 'private' });
  await api.as('demo').upload(source, data);
});
afterAll(async () => {
  await api.stop();
  await web.close();
});

const exported = (path: string, { person = 'demo', ...more }: { person?: 'demo' | 'alt'; readonly [field: string]: unknown } = {}): Promise<Answer> =>
  api.as(person).post('/v2/image-actions', { body: { action_type: 'export', image_id: source, location: web.url + path, ...more } });
const show = async (id: string): Promise<Action> => (await api.as('demo').get(`/v2/image-actions/${id}`)).json<Action>();
const ended = (id: string): Promise<Action> => eventually(() => show(id), ({ status }) => status === 'success' || status === 'failure');

/** Takes what is sent there, whole. */
function taking(path: string): { readonly taken: Buffer[] } {
  const taken: Buffer[] = [];
  web.answer(path, (request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('error', () => undefined);
    request.on('end', () => {
      taken.push(Buffer.concat(chunks));
      response.writeHead(200).end();
    });
  });
  return { taken };
}

describe('Export an image: POST /v2/image-actions with action_type export', () => {
  it('writes the data to a presigned address, whose query stands nowhere', async () => {
    const { taken } = taking('/bucket/key?signature=very-secret');
    const before = (await api.as('demo').get('/v2/images?limit=1000')).json<{ images: unknown[] }>().images.length;
    const answer = await exported('/bucket/key?signature=very-secret');
    expect(answer.status).toBe(201);
    const done = await ended(answer.json<Action>().id);
    expect(done).toMatchObject({ action_type: 'export', status: 'success', image_id: source, location: `${web.url}/bucket/key`, 'expires-by': expect.any(String) as string });
    expect(done).not.toHaveProperty('image_ref');
    expect(taken).toEqual([data]);
    const everything = [answer.text, JSON.stringify(done), (await api.as('demo').get(`/v2/images/${source}/history`)).text, (await api.as('demo').get('/v2/image-actions')).text, api.logged.join()].join();
    expect(everything).not.toContain('very-secret');
    expect((await api.as('demo').get('/v2/images?limit=1000')).json<{ images: unknown[] }>().images).toHaveLength(before);
    expect((await api.as('admin').get('/v2/tasks?limit=1000')).text).not.toContain(done.id);
    expect((await api.as('demo').get('/v2/image-actions?action_type=export')).json<{ image_actions: Action[] }>().image_actions.map(({ id }) => id)).toContain(done.id);
    const progress = (person: 'demo' | 'alt') => api.as(person).get(`/v2/image-actions/${done.id}/progress`);
    expect((await progress('demo')).json()).toHaveProperty('progress');
    expect((await progress('alt')).status).toBe(404);
  });

  it('fails with the words of the other side', async () => {
    web.answer('/closed', (request, response) => {
      request.resume();
      request.on('end', () => { response.writeHead(403).end('<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>'); });
    });
    const failed = await ended((await exported('/closed')).json<Action>().id);
    expect(failed).toMatchObject({ status: 'failure', message: expect.stringContaining('the server answered 403, AccessDenied: Request has expired') as string });
  });

  triedWithQemu('converts it before where the request says so', async () => {
    const { taken } = taking('/converted');
    expect(await ended((await exported('/converted', { disk_format: 'qcow2' })).json<Action>().id)).toMatchObject({ status: 'success', image_properties: { disk_format: 'qcow2' } });
    const dir = await mkdtemp(join(tmpdir(), 'heliograph-exports-'));
    await writeFile(join(dir, 'got'), taken[0] ?? Buffer.alloc(0));
    expect(spawnSync(command, ['convert', '-f', 'qcow2', '-O', 'raw', join(dir, 'got'), join(dir, 'raw')]).status).toBe(0);
    expect((await readFile(join(dir, 'raw'))).subarray(0, data.length)).toEqual(data);
    await rm(dir, { recursive: true });
  });

  it('can be cancelled, and the other side never has a whole', async () => {
    let begun = 0;
    let cut = 0;
    let whole = 0;
    web.answer('/slow', (request) => {
      begun += 1;
      // Slower than its sender: what was sent waits here.
      setTimeout(() => {
        request.on('error', () => undefined).on('end', () => { whole += 1; }).on('close', () => { cut += 1; });
        request.resume();
      }, 4000);
    });
    // More than waits in the buffers of a connection.
    const large = await api.as('demo').image({ disk_format: 'raw', container_format: 'bare' });
    await api.as('demo').upload(large, randomBytes(32 * 1024 ** 2));
    const { id } = (await exported('/slow', { image_id: large })).json<Action>();
    await eventually(() => Promise.resolve(begun), (times) => times === 1);
    expect((await api.as('demo').delete(`/v2/image-actions/${id}`)).status).toBe(204);
    expect(await show(id)).toMatchObject({ status: 'failure', message: 'The export was cancelled.' });
    await eventually(() => Promise.resolve(cut), (times) => times === 1);
    expect(whole).toBe(0);
  });

  it.each([['no location', { location: undefined }, 400], ['a host that is not allowed', { location: 'http://s3.example/x' }, 400], ['a format that is not offered', { disk_format: 'vdi' }, 400], ['no image', { image_id: 7 }, 400],
    ['an image that is not there', { image_id: '11111111-2222-4333-8444-555555555555' }, 404]])('refuses %s', async (_, more, status) => {
    const refused = (await exported('/x', more)).status;
    expect(command === '' && status === 400 ? [400, 403] : [status]).toContain(refused);
  });

  it('is for who may download the image, once it has data', async () => {
    expect((await exported('/x', { person: 'alt' })).status).toBe(404);
    const queued = await api.as('demo').image({ disk_format: 'raw', container_format: 'bare' });
    expect((await exported('/x', { image_id: queued })).status).toBe(409);
  });
});
