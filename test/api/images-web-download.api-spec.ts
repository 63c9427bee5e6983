import { createHash, randomBytes } from 'node:crypto';
import { startApi, type Api, type Person } from './harness.js';
import { eventually, importsAt } from './imports.js';
import { startWebServer, type WebServer } from './web-server.js';

let web: WebServer;
let api: Api;
let demo: Person;
let admin: Person;
beforeAll(async () => {
  web = await startWebServer();
  api = await startApi({
    'heliograph.removal_interval': '1', 'import_filtering_opts.allowed_hosts': '127.0.0.1', 'import_filtering_opts.allowed_ports': `[${web.port}]`,
    'image_import_opts.image_import_plugins': '[inject_image_metadata]', 'inject_metadata_properties.inject': 'imported_by:heliograph',
  });
  [demo, admin] = [api.as('demo'), api.as('admin')];
});
afterAll(async () => {
  await api.stop();
  await web.close();
});

const bytes = randomBytes(300_000);
const sha256 = createHash('sha256').update(bytes).digest('hex');
const formats = { disk_format: 'raw', container_format: 'bare' };
const importOf = (id: string) => `/v2/images/${id}/import`;
const download = (uri: string, more: object = {}, method: object = {}) => ({ body: { method: { name: 'web-download', uri, ...method }, ...more } });
const from = (path: string, more: object = {}, method: object = {}) => download(web.url + path, more, method);
const shown = async (id: string) => (await demo.get(`/v2/images/${id}`)).json<Record<string, string>>();
const ended = (id: string) => importsAt(api).ended(id);
const lastTask = (id: string) => importsAt(api).last(id);
const filesOf = (id: string) => importsAt(api).filesOf(id);

async function imported(options: { body: object }, person = demo): Promise<string> {
  const id = await person.image({ ...formats, visibility: 'shared' });
  expect((await person.post(importOf(id), options)).status).toBe(202);
  return id;
}

describe('Import an image: POST /v2/images/{image_id}/import with web-download', () => {
  it('brings what lies behind a URI, and the image is active with it', async () => {
    web.serve('/image', bytes);
    const id = await imported(from('/image'));
    expect(['importing', 'active']).toContain((await shown(id))['status']);
    expect(await ended(id)).toMatchObject({ status: 'success', input: { import_req: { method: { name: 'web-download', uri: `${web.url}/image` } } } });
    expect(await shown(id)).toMatchObject({ status: 'active', size: bytes.length, stores: 'fast', os_glance_failed_import: '', os_glance_importing_to_stores: '' });
    expect(createHash('sha256').update(Buffer.from(await (await fetch(`${api.url}/v2/images/${id}/file`, { headers: { 'x-auth-token': 'demo' } })).arrayBuffer())).digest('hex')).toBe(sha256);
  });

  it('asks its server once however many stores take the data', async () => {
    web.serve('/once', bytes);
    const id = await imported(from('/once', { all_stores: true }));
    expect(await ended(id)).toMatchObject({ status: 'success' });
    expect((await shown(id))['stores']).toBe('fast,far');
    expect(web.asked.filter((path) => path.startsWith('/once'))).toEqual(['/once']);
    expect(await filesOf(id)).toHaveLength(2);
  });

  it('goes on where the connection broke', async () => {
    web.serveBroken('/broken', bytes, 100_000);
    const id = await imported(from('/broken'));
    expect(await ended(id)).toMatchObject({ status: 'success' });
    expect(web.asked.filter((path) => path.startsWith('/broken'))).toEqual(['/broken', '/broken bytes=100000-']);
  });

  it('puts every redirect into the history, and no query', async () => {
    web.serve('/there?signature=secret', bytes);
    web.answer('/moved', (_, response) => { response.writeHead(302, { location: '/there?signature=secret' }).end(); });
    const id = await imported(from('/moved'));
    expect(await ended(id)).toMatchObject({ status: 'success' });
    const history = (await demo.get(`/v2/images/${id}/history`)).text;
    expect(history).toContain('RecordImportHops');
    expect(history).not.toContain('secret');
    expect((JSON.parse(history) as { history: object[] }).history).toContainEqual(expect.objectContaining({ action: 'RecordImportHops',
      import_hops: [{ uri: `${web.url}/moved`, status: 302 }, { uri: `${web.url}/there`, status: 200 }] }));
  });

  it('takes a URI with a query, a signature perhaps: it reaches its server, and stands in no history, task or log line', async () => {
    const query = '?X-Amz-Signature=s1gn4ture-of-nobody&part=%C3%A9';
    web.serve(`/signed${query}`, bytes);
    const id = await imported(from(`/signed${query}`, { all_stores: true }));
    expect(await ended(id)).toMatchObject({ status: 'success', input: { import_req: { method: { name: 'web-download', uri: `${web.url}/signed`, uri_has_query: true } } } });
    expect(await shown(id)).toMatchObject({ status: 'active', size: bytes.length, stores: 'fast,far' });
    expect(web.asked.filter((path) => path.startsWith('/signed'))).toEqual([`/signed${query}`]);
    const told = [(await demo.get(`/v2/images/${id}/history`)).text, JSON.stringify(await lastTask(id)), JSON.stringify(await shown(id)), ...api.logged];
    expect(told.filter((text) => text.includes('s1gn4ture'))).toEqual([]);
    expect(told[0]).toContain('"uri":');
  });

  it('goes on behind a query where the connection broke, and says why nothing came without telling it', async () => {
    web.serveBroken('/signed-broken?sig=s1gn4ture', bytes, 100_000);
    expect(await ended(await imported(from('/signed-broken?sig=s1gn4ture')))).toMatchObject({ status: 'success' });
    expect(web.asked.filter((path) => path.startsWith('/signed-broken'))).toEqual(['/signed-broken?sig=s1gn4ture', '/signed-broken?sig=s1gn4ture bytes=100000-']);
    const id = await imported(from('/refused?sig=s1gn4ture'));
    const { message } = await ended(id) ?? {};
    expect(message).toContain(`Could not retrieve ${web.url}/refused:`);
    expect(message).not.toContain('s1gn4ture');
  });

  it('compares the bytes with the hash that the caller knows', async () => {
    web.serve('/image', bytes);
    const hash = (value: string) => ({ validation_data: { os_hash_algo: 'sha256', os_hash_value: value } });
    const good = await imported(from('/image', {}, hash(sha256.toUpperCase())));
    expect(await ended(good)).toMatchObject({ status: 'success' });
    const bad = await imported(from('/image', {}, hash('0'.repeat(64))));
    expect(await ended(bad)).toMatchObject({ status: 'failure', message: expect.stringContaining('not the bytes that were announced') as string });
    expect(await shown(bad)).toMatchObject({ status: 'queued', size: null });
    expect(await eventually(() => filesOf(bad), (files) => files.length === 0)).toEqual([]);
  });

  it('sets the operator\'s properties before the image is active, but not for administrators', async () => {
    web.serve('/image', bytes);
    const [mine, theirs] = [await imported(from('/image')), await imported(from('/image'), admin)];
    await Promise.all([ended(mine), ended(theirs)]);
    expect((await shown(mine))['imported_by']).toBe('heliograph');
    expect((await admin.get(`/v2/images/${theirs}`)).json()).not.toHaveProperty('imported_by');
  });

  it('says why nothing came, and lets it be tried again', async () => {
    const id = await imported(from('/nothing-here'));
    const { message } = await ended(id) ?? {};
    expect(message).toContain(`Could not retrieve ${web.url}/nothing-here`);
    expect(await shown(id)).toMatchObject({ status: 'queued', os_glance_failed_import: 'fast' });
    web.serve('/nothing-here', bytes);
    expect((await demo.post(importOf(id), from('/nothing-here'))).status).toBe(202);
    expect(await ended(id)).toMatchObject({ status: 'success' });
  });

  it('follows no redirect to where the operator does not allow it', async () => {
    web.answer('/away', (_, response) => { response.writeHead(302, { location: 'http://169.254.169.254/latest/meta-data' }).end(); });
    const id = await imported(from('/away'));
    expect(await ended(id)).toMatchObject({ status: 'failure', message: expect.stringContaining('it redirects to another one') as string });
  });

  it.each([
    ['no uri', { name: 'web-download' }], ['a uri that is no text', { name: 'web-download', uri: 7 }], ['a host that is not allowed', { name: 'web-download', uri: 'http://images.example/x' }],
    ['another port', { name: 'web-download', uri: 'http://127.0.0.1:22/' }], ['another scheme', { name: 'web-download', uri: 'file:///etc/passwd' }], ['an address in disguise', { name: 'web-download', uri: 'http://2130706433/' }],
    ['half a hash', { name: 'web-download', uri: 'http://127.0.0.1/', validation_data: { os_hash_algo: 'sha256' } }],
  ])('is refused with 400 with %s', async (_, method) => {
    expect((await demo.post(importOf(await demo.image(formats)), { body: { method } })).status).toBe(400);
  });

  it('is refused with 409 for an image that has data, is being imported, or lacks a format', async () => {
    web.answer('/slow', () => undefined);
    const busy = await imported(from('/slow'));
    expect((await demo.post(importOf(await demo.activeImage()), from('/slow'))).status).toBe(409);
    expect((await demo.post(importOf(await demo.image()), from('/slow'))).status).toBe(409);
    expect((await demo.post(importOf(busy), from('/slow'))).status).toBe(409);
    expect(await shown(busy)).toMatchObject({ status: 'importing', os_glance_importing_to_stores: 'fast', os_glance_import_task: (await lastTask(busy))?.id });
    expect((await demo.delete(importOf(busy))).status).toBe(204);
  });
});

describe('Cancel an import: DELETE /v2/images/{image_id}/import', () => {
  const halfOf = (path: string): Promise<void> => new Promise((resolve) => {
    web.answer(path, (_, response) => {
      response.writeHead(200, { 'content-length': String(bytes.length) });
      response.write(bytes.subarray(0, 100_000));
      response.on('close', () => { resolve(); });
    });
  });

  it('ends it at once: the connection is closed, the bytes go, and the image can be imported again', async () => {
    const closed = halfOf('/half');
    const id = await imported(from('/half'));
    await eventually(() => filesOf(id), (files) => files.length === 1);
    expect((await api.as('alt').delete(importOf(id))).status).toBe(404);
    expect((await demo.delete(importOf(id))).status).toBe(204);
    expect(await ended(id)).toMatchObject({ status: 'failure', message: 'The import was cancelled.' });
    await closed;
    expect(await eventually(() => filesOf(id), (files) => files.length === 0)).toEqual([]);
    expect(await shown(id)).toMatchObject({ status: 'queued' });
    expect((await demo.delete(importOf(id))).status).toBe(409);
  });

  it('is what the deletion of the image does, too', async () => {
    const closed = halfOf('/deleted');
    const id = await imported(from('/deleted'));
    await eventually(() => filesOf(id), (files) => files.length === 1);
    expect((await demo.delete(`/v2/images/${id}`)).status).toBe(204);
    await closed;
    expect(await eventually(() => filesOf(id), (files) => files.length === 0)).toEqual([]);
  });
});
