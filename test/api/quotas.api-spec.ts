import { Readable } from 'node:stream';
import { setTimeout as pause } from 'node:timers/promises';
import { createLogger } from '#libs/platform';
import { startDevelopmentIdentity } from '../../apps/development-identity/src/app.js';
import { startApi, type Api, type Person } from './harness.js';
import { eventually } from './imports.js';
import { importsAt } from './imports.js';
import { startWebServer, type WebServer } from './web-server.js';

const formats = { disk_format: 'raw', container_format: 'bare' };
const octets = { 'content-type': 'application/octet-stream' };
const mebibyte = 1024 ** 2;
const status = async (person: Person, id: string) => (await person.get(`/v2/images/${id}`)).json<{ status: string }>().status;

/** Data that does not say how much of it there is, in pieces of 64 KiB. */
async function sendChunked(api: Api, person: string, path: string, sizeBytes: number): Promise<number> {
  const pieces = function* (): Generator<Buffer> {
    for (let sent = 0; sent < sizeBytes; sent += 65_536) yield Buffer.alloc(Math.min(65_536, sizeBytes - sent), 7);
  };
  const answer = await fetch(api.url + path, { method: 'PUT', headers: { 'x-auth-token': person, ...octets }, body: Readable.toWeb(Readable.from(pieces())) as ReadableStream, duplex: 'half' } as RequestInit);
  return answer.status;
}

describe('Limits of the identity service', () => {
  let api: Api;
  let identity: Awaited<ReturnType<typeof startDevelopmentIdentity>>;
  let token: string;
  let demo: Person;

  beforeAll(async () => {
    identity = await startDevelopmentIdentity({
      host: '127.0.0.1', port: 0, password: 'secret', imageEndpoints: { RegionOne: 'http://127.0.0.1:9292' }, logger: createLogger({ service: 'development-identity', region: 'all', level: 'silent' }),
    });
    token = await signIn();
    api = await startApi({
      'default.use_keystone_limits': 'true', 'oslo_limit.auth_url': identity.url, 'oslo_limit.password': 'secret', 'default.enabled_import_methods': 'glance-direct,copy-image',
    });
    demo = api.as('demo');
  });
  afterAll(async () => {
    await api.stop();
    await identity.close();
  });
  beforeEach(async () => {
    const { images } = (await demo.get('/v2/images?owner=demo&limit=1000')).json<{ images: { id: string }[] }>();
    for (const { id } of images) await demo.delete(`/v2/images/${id}`);
    await limit({ image_count_total: 100, image_count_uploading: 100, image_size_total: 100, image_stage_total: 100 });
  });

  async function signIn(): Promise<string> {
    const auth = { identity: { methods: ['password'], password: { user: { name: 'admin', password: 'secret', domain: { id: 'default' } } } }, scope: { project: { name: 'admin', domain: { id: 'default' } } } };
    const answer = await fetch(`${identity.url}/auth/tokens`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ auth }) });
    return answer.headers.get('x-subject-token') ?? '';
  }
  async function limit(wanted: Readonly<Record<string, number>>): Promise<void> {
    const headers = { 'x-auth-token': token, 'content-type': 'application/json' };
    const { registered_limits: registered } = await (await fetch(`${identity.url}/registered_limits`, { headers })).json() as { registered_limits: { id: string; resource_name: string }[] };
    for (const { id, resource_name: name } of registered) {
      if (wanted[name] === undefined) continue;
      const answer = await fetch(`${identity.url}/registered_limits/${id}`, { method: 'PATCH', headers, body: JSON.stringify({ registered_limit: { default_limit: wanted[name] } }) });
      expect(answer.status).toBe(200);
    }
  }
  const usage = async () => (await demo.get('/v2/info/usage')).json<{ usage: Record<string, { usage: number; limit: number }> }>().usage;
  const create = () => demo.post('/v2/images', { body: formats });
  /** As a careful client does: on a slow machine an answer may come too late, and says so. */
  async function createdInTheEnd(key: string): Promise<number> {
    for (;;) {
      const answer = await demo.post('/v2/images', { body: formats, headers: { 'idempotency-key': key } });
      if (answer.status !== 503) return answer.status;
      await pause(500);
    }
  }

  it('hold exactly when fifty images are created at once where ten may be', async () => {
    await limit({ image_count_total: 10 });
    const answers = await Promise.all(Array.from({ length: 50 }, (_, number) => createdInTheEnd(`image-${number}`)));
    expect(answers.toSorted()).toEqual([...Array.from({ length: 10 }, () => 201), ...Array.from({ length: 40 }, () => 413)]);
    expect((await usage())['image_count_total']).toEqual({ usage: 10, limit: 10 });
    expect((await api.as('alt').post('/v2/images', { body: formats })).status).toBe(201);
  });

  it('tell what is used of what: GET /v2/info/usage', async () => {
    const id = await demo.image(formats);
    expect((await demo.upload(id, Buffer.alloc(2.5 * mebibyte))).status).toBe(204);
    const staging = await demo.image(formats);
    expect((await demo.put(`/v2/images/${staging}/stage`, { body: Buffer.alloc(mebibyte), headers: octets })).status).toBe(204);
    expect(await usage()).toEqual({
      image_size_total: { usage: 2, limit: 100 }, image_stage_total: { usage: 1, limit: 100 }, image_count_total: { usage: 2, limit: 100 }, image_count_uploading: { usage: 1, limit: 100 },
    });
  });

  it('refuse an image over image_count_total until another is deleted, and say what to do', async () => {
    await limit({ image_count_total: 1 });
    const id = await demo.image(formats);
    const refused = await create();
    expect([refused.status, refused.text]).toEqual([413, expect.stringContaining('2 of the 1 that it may have as image_count_total. Delete')]);
    await demo.delete(`/v2/images/${id}`);
    expect((await create()).status).toBe(201);
  });

  it('refuse declared sizes exactly, before a byte is taken', async () => {
    await limit({ image_size_total: 3 });
    const ids = await Promise.all([1, 2, 3, 4, 5].map(() => demo.image(formats)));
    const answers = await Promise.all(ids.map((id) => demo.upload(id, Buffer.alloc(mebibyte))));
    expect(answers.map((answer) => answer.status).toSorted()).toEqual([204, 204, 204, 413, 413]);
    expect((await Promise.all(ids.map((id) => status(demo, id)))).toSorted()).toEqual(['active', 'active', 'active', 'queued', 'queued']);
    expect((await usage())['image_size_total']).toEqual({ usage: 3, limit: 3 });
  });

  it('let one upload of undeclared size cross image_size_total, and nobody begin over it', async () => {
    await limit({ image_size_total: 1 });
    const [first, second, third] = [await demo.image(formats), await demo.image(formats), await demo.image(formats)];
    expect(await sendChunked(api, 'demo', `/v2/images/${first}/file`, mebibyte)).toBe(204);
    expect(await sendChunked(api, 'demo', `/v2/images/${second}/file`, mebibyte)).toBe(204);
    expect(await sendChunked(api, 'demo', `/v2/images/${third}/file`, mebibyte)).toBe(413);
    expect(await status(demo, third)).toBe('queued');
    await limit({ image_size_total: 2 });
    expect(await sendChunked(api, 'demo', `/v2/images/${third}/file`, mebibyte)).toBe(204);
  });

  it('count an upload from its first byte until it is active, and staged data until it is imported', async () => {
    await limit({ image_count_uploading: 1 });
    const [staged, other] = [await demo.image(formats), await demo.image(formats)];
    expect((await demo.put(`/v2/images/${staged}/stage`, { body: 'twelve bytes', headers: octets })).status).toBe(204);
    expect((await demo.put(`/v2/images/${other}/stage`, { body: 'twelve bytes', headers: octets })).status).toBe(413);
    expect((await demo.upload(other, 'twelve bytes')).status).toBe(413);
    expect((await demo.post(`/v2/images/${staged}/import`, { body: { method: { name: 'glance-direct' } } })).status).toBe(202);
    await eventually(() => status(demo, staged), (told) => told === 'active');
    await eventually(usage, (told) => told['image_count_uploading']?.usage === 0);
    expect((await demo.upload(other, 'twelve bytes')).status).toBe(204);
  });

  it('bound the staging area by image_stage_total', async () => {
    await limit({ image_stage_total: 1 });
    const [first, second] = [await demo.image(formats), await demo.image(formats)];
    expect((await demo.put(`/v2/images/${first}/stage`, { body: Buffer.alloc(2 * mebibyte), headers: octets })).status).toBe(413);
    expect(await status(demo, first)).toBe('queued');
    expect((await demo.put(`/v2/images/${first}/stage`, { body: Buffer.alloc(mebibyte), headers: octets })).status).toBe(204);
    expect((await demo.put(`/v2/images/${second}/stage`, { body: 'twelve bytes', headers: octets })).status).toBe(413);
    expect((await demo.upload(second, 'twelve bytes')).status).toBe(204);
  });

  it('bound what is staged in parts, all parts together', async () => {
    await limit({ image_stage_total: 1 });
    const id = await demo.image(formats);
    const part = (from: number, to: number, total: number) =>
      demo.put(`/v2/images/${id}/stage`, { body: Buffer.alloc(to - from), headers: { ...octets, 'content-range': `bytes ${from}-${to - 1}/${total}` } });
    expect((await part(0, mebibyte, 2 * mebibyte)).status).toBe(413);
    expect([(await part(0, mebibyte / 2, mebibyte)).status, (await part(mebibyte / 2, mebibyte, mebibyte)).status]).toEqual([308, 204]);
    expect((await usage())['image_stage_total']).toEqual({ usage: 1, limit: 1 });
  });

  it('refuse an import for which there is no room at once: the data counts in every store', async () => {
    const id = await demo.image(formats);
    expect((await demo.put(`/v2/images/${id}/stage`, { body: Buffer.alloc(2 * mebibyte), headers: octets })).status).toBe(204);
    await limit({ image_size_total: 3 });
    const request = (stores: string[]) => demo.post(`/v2/images/${id}/import`, { body: { method: { name: 'glance-direct' }, stores } });
    expect((await request(['fast', 'far'])).status).toBe(413);
    expect(await status(demo, id)).toBe('uploading');
    expect((await request(['fast'])).status).toBe(202);
  });

  it('are not used up by what is refused for another reason', async () => {
    await limit({ image_count_uploading: 1, image_size_total: 1 });
    const id = await demo.image({ ...formats, disk_format: 'qcow2' });
    for (let times = 0; times < 3; times += 1) expect((await demo.upload(id, Buffer.alloc(mebibyte))).status).toBe(415);
    const active = await demo.activeImage();
    for (let times = 0; times < 3; times += 1) expect((await demo.upload(active, 'twelve bytes')).status).toBe(409);
    const other = await demo.image(formats);
    expect((await demo.upload(other, Buffer.alloc(mebibyte - 12))).status).toBe(204);
  });
});

describe('user_storage_quota', () => {
  let api: Api;
  let web: WebServer;
  let demo: Person;
  beforeAll(async () => {
    web = await startWebServer();
    api = await startApi({ 'default.user_storage_quota': '2MB', 'import_filtering_opts.allowed_hosts': '127.0.0.1', 'import_filtering_opts.allowed_ports': String(web.port) });
    demo = api.as('demo');
  });
  afterAll(async () => {
    await api.stop();
    await web.close();
  });

  it('refuses what is declared larger than what is left, and cuts off what turns out to be', async () => {
    const [first, second] = [await demo.image(formats), await demo.image(formats)];
    expect((await demo.upload(first, Buffer.alloc(3 * mebibyte))).status).toBe(413);
    expect((await demo.upload(first, Buffer.alloc(mebibyte))).status).toBe(204);
    expect(await sendChunked(api, 'demo', `/v2/images/${second}/file`, mebibyte + 1)).toBe(413);
    expect(await status(demo, second)).toBe('queued');
    expect(await sendChunked(api, 'demo', `/v2/images/${second}/file`, mebibyte)).toBe(204);
    expect((await demo.get('/v2/info/usage')).json()).toEqual({ usage: {} });
  });

  it('counts the data once in each store', async () => {
    const third = api.as('third');
    const id = await third.activeImage('x'.repeat(1.5 * mebibyte));
    expect((await api.as('admin').post(`/v2/images/${id}/import`, { body: { method: { name: 'copy-image' }, stores: ['far'] } })).status).toBe(413);
    expect((await third.image(formats)).length).toBe(36);
  });

  it('gives the room of a deleted image back', async () => {
    const alt = api.as('alt');
    const id = await alt.activeImage('x'.repeat(2 * mebibyte));
    const other = await alt.image(formats);
    expect((await alt.upload(other, 'more')).status).toBe(413);
    await alt.delete(`/v2/images/${id}`);
    expect((await alt.upload(other, 'more')).status).toBe(204);
  });

  it('ends an import that brings more than there is room for, whether its source says how much it is or not, and keeps nothing of it', async () => {
    const admin = api.as('admin');
    const large = Buffer.alloc(2 * mebibyte + 1);
    web.serve('/announced', large);
    web.answer('/unannounced', (_, response) => { response.write(large); response.end(); });
    for (const path of ['/announced', '/unannounced']) {
      const id = await admin.image({ ...formats, visibility: 'shared' });
      expect((await admin.post(`/v2/images/${id}/import`, { body: { method: { name: 'web-download', uri: web.url + path } } })).status).toBe(202);
      expect(await importsAt(api).ended(id)).toMatchObject({ status: 'failure', message: expect.stringContaining('may have as image_size_total') as string });
      expect(await status(admin, id)).toBe('queued');
    }
    expect((await admin.upload(await admin.image(formats), large.subarray(1))).status).toBe(204);
  });
});
