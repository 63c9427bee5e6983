import { startApi, type Api, type Person } from './harness.js';

let api: Api;
let demo: Person;
beforeAll(async () => {
  api = await startApi();
  demo = api.as('demo');
});
afterAll(() => api.stop());

interface Entry extends Record<string, unknown> { version: number; changes: { name: string; from?: unknown; to?: unknown }[] }
interface History { history: Entry[]; first: string; next?: string }
const rename = (id: string, name: string, person = demo, headers = {}) =>
  person.patch(`/v2/images/${id}`, { body: [{ op: 'replace', path: '/name', value: name }], headers: { 'content-type': 'application/openstack-images-v2.1-json-patch', ...headers } });
const history = async (id: string, query = '', person = demo): Promise<History> => (await person.get(`/v2/images/${id}/history${query}`)).json<History>();

describe('Image history: GET /v2/images/{image_id}/history', () => {
  it('tells who changed what from what to what, when, from where and in which request', async () => {
    const id = await demo.image({ name: 'first' });
    await rename(id, 'second', api.as('admin'), { 'x-openstack-request-id': 'req-the-rename' });
    const { history: entries } = await history(id);
    expect(entries.map(({ version, action, user_id, project_id }) => [version, action, user_id, project_id])).toEqual([
      [1, 'CreateImage', 'user-demo', 'demo'], [2, 'ChangeImageProperties', 'user-admin', 'admin'],
    ]);
    expect(entries[1]).toMatchObject({
      request_id: 'req-the-rename', user_name: 'admin', source_address: '127.0.0.1', auth_method: 'password', domain_id: 'default', events: ['ImagePropertiesChanged'],
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as unknown,
    });
    expect(entries[1]?.changes).toContainEqual({ name: 'name', from: 'first', to: 'second' });
    expect(entries[0]?.changes).toContainEqual({ name: 'name', to: 'first' });
  });

  it('comes in pages', async () => {
    const id = await demo.image();
    for (const name of ['a', 'b', 'c']) await rename(id, name);
    const page = await history(id, '?limit=3');
    expect(page.history.map(({ version }) => version)).toEqual([1, 2, 3]);
    expect(page.next).toBe(`/v2/images/${id}/history?limit=3&after=3`);
    const rest = await history(id, '?limit=3&after=3');
    expect([rest.history.map(({ version }) => version), rest.next]).toEqual([[4], undefined]);
    for (const query of ['?limit=0', '?limit=x', '?after=-1']) expect((await demo.get(`/v2/images/${id}/history${query}`)).status).toBe(400);
  });

  it('stays after deletion, for the last owner and administrators only', async () => {
    const id = await demo.image({ visibility: 'community' });
    await demo.delete(`/v2/images/${id}`);
    for (const person of ['demo', 'demoReader', 'admin'] as const) {
      expect((await history(id, '', api.as(person))).history.map(({ action }) => action)).toEqual(['CreateImage', 'DeleteImage']);
    }
    for (const person of ['alt', 'nobody'] as const) expect((await api.as(person).get(`/v2/images/${id}/history`)).status).toBe(404);
  });

  it('is forbidden to who may see the image but does not own it, and not found for all others', async () => {
    const [open, secret] = [await demo.image({ visibility: 'community' }), await demo.image({ visibility: 'private' })];
    expect((await api.as('alt').get(`/v2/images/${open}/history`)).status).toBe(403);
    expect((await api.as('alt').get(`/v2/images/${secret}/history`)).status).toBe(404);
    expect((await demo.get('/v2/images/11111111-1111-4111-8111-111111111111/history')).status).toBe(404);
    expect((await demo.get('/v2/images/no-uuid/history')).status).toBe(404);
  });
});

describe('Idempotency-Key', () => {
  const once = { 'idempotency-key': 'the same' };

  it('makes a repeated create answer with the same image', async () => {
    const [first, second] = [await demo.post('/v2/images', { body: { name: 'once' }, headers: once }), await demo.post('/v2/images', { body: { name: 'once' }, headers: once })];
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(second.json()).toEqual(first.json());
    expect((await demo.get('/v2/images?name=once')).json<{ images: unknown[] }>().images).toHaveLength(1);
  });

  it('refuses the same key with another body', async () => {
    await demo.post('/v2/images', { body: { name: 'one' }, headers: { 'idempotency-key': 'k2' } });
    expect((await demo.post('/v2/images', { body: { name: 'two' }, headers: { 'idempotency-key': 'k2' } })).status).toBe(422);
  });

  it('means nothing to another user or project', async () => {
    const mine = await demo.post('/v2/images', { body: { name: 'mine' }, headers: { 'idempotency-key': 'k3' } });
    const theirs = await api.as('alt').post('/v2/images', { body: { name: 'mine' }, headers: { 'idempotency-key': 'k3' } });
    expect(theirs.json<{ id: string }>().id).not.toBe(mine.json<{ id: string }>().id);
  });

  it('answers a repeated change with what it came to then, and changes nothing again', async () => {
    const id = await demo.image();
    const change = { body: [{ op: 'add', path: '/color', value: 'red' }], headers: { ...once, 'content-type': 'application/openstack-images-v2.1-json-patch' } };
    const first = await demo.patch(`/v2/images/${id}`, change);
    await rename(id, 'changed since');
    const second = await demo.patch(`/v2/images/${id}`, change);
    expect([second.status, second.json()]).toEqual([200, first.json()]);
    expect((await history(id)).history).toHaveLength(3);
  });

  it('answers a repeated delete with 204, and a new one with 404', async () => {
    const id = await demo.image();
    const remove = (key: string) => demo.delete(`/v2/images/${id}`, { headers: { 'idempotency-key': key } });
    expect([(await remove('a')).status, (await remove('a')).status, (await remove('b')).status]).toEqual([204, 204, 404]);
  });

  it('opens nothing to who may not see the image', async () => {
    const id = await demo.image({ visibility: 'private' });
    const answer = await api.as('alt').delete(`/v2/images/${id}`, { headers: once });
    expect([answer.status, (await demo.get(`/v2/images/${id}`)).status]).toEqual([404, 200]);
  });

  it('must be 1 to 255 printable characters', async () => {
    for (const key of ['x'.repeat(256), 'ü']) expect((await demo.post('/v2/images', { body: {}, headers: { 'idempotency-key': key } })).status).toBe(400);
    expect((await demo.post('/v2/images', { body: {}, headers: { 'idempotency-key': 'x'.repeat(255) } })).status).toBe(201);
  });
});
