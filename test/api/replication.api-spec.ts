import { startApi, type Api } from './harness.js';

let api: Api;
beforeAll(async () => { api = await startApi({}, { federation: {} }); });
afterAll(() => api.stop());

const path = '/v2/replication-policies';
const least = { name: 'golden images', remote_region: 'RegionTwo' };
interface Policy { id: string; status: string; [name: string]: unknown }
const created = async (body: object = {}): Promise<Policy> => {
  const answer = await api.as('admin').post(path, { body: { ...least, ...body } });
  expect(answer.status).toBe(201);
  return answer.json<Policy>();
};

describe('POST /v2/replication-policies', () => {
  it('creates a policy with defaults for what it does not say, and tells where it is', async () => {
    const answer = await api.as('admin').post(path, { body: least });
    expect(answer.status).toBe(201);
    const policy = answer.json<Policy>();
    expect(answer.headers.get('location')).toMatch(new RegExp(`${path}/${policy.id}$`));
    expect(policy).toEqual({
      id: policy.id, name: 'golden images', direction: 'pull', remote_region: 'RegionTwo', filter: {}, trigger: 'manual', concurrency: 2, metadata: true, members: false, deletions: false,
      conflict: 'source', keep_ids: false, status: 'active', created_at: expect.any(String) as string, updated_at: policy['created_at'], self: `${path}/${policy.id}`, schema: '/v2/schemas/replication_policy',
    });
  });

  it('keeps all that can be said', async () => {
    const all = {
      name: 'all', direction: 'push', remote_region: 'RegionTwo', trigger: 'schedule', schedule: '0 3 * * *', bandwidth: 1_000_000, concurrency: 32, metadata: false, members: true, deletions: true,
      conflict: 'copy', keep_ids: true, copy_owner: 'library', filter: { visibility: ['public', 'shared'], owner: 'p', name: 'ubuntu-*', tags: ['golden'], properties: { os_type: 'linux' }, size_min: 1, size_max: 2 ** 42 },
    };
    const policy = await created(all);
    expect((await api.as('admin').get(`${path}/${policy.id}`)).json()).toMatchObject(all);
  });

  it('answers a repeated request with an Idempotency-Key as the first one', async () => {
    const send = (body: object) => api.as('admin').post(path, { body, headers: { 'idempotency-key': 'one policy' } });
    const [first, again] = [await send(least), await send(least)];
    expect(again.json()).toEqual(first.json());
    expect((await send({ ...least, name: 'other' })).status).toBe(422);
  });

  it.each<[string, object]>([
    ['no name', { name: undefined }], ['no region', { remote_region: undefined }], ['an unknown word', { colour: 'red' }], ['a direction that is none', { direction: 'sideways' }], ['a filter of visibilities that are none', { filter: { visibility: ['secret'] } }],
    ['an unknown filter', { filter: { colour: 'red' } }], ['no concurrency', { concurrency: 0 }], ['too much of it', { concurrency: 33 }], ['a bandwidth that brings nothing', { bandwidth: 1 }], ['a schedule without its trigger', { schedule: '0 3 * * *' }],
    ['the trigger without a schedule', { trigger: 'schedule' }], ['a schedule that is none', { trigger: 'schedule', schedule: '61 3 * * *' }], ['text for a number', { concurrency: '2' }], ['sizes the wrong way round', { filter: { size_min: 2, size_max: 1 } }],
  ])('refuses %s with 400', async (_, wrong) => {
    const answer = await api.as('admin').post(path, { body: { ...least, ...wrong } });
    expect([answer.status, answer.text]).toEqual([400, expect.stringMatching(/\w/)]);
  });

  it('refuses a policy with itself', async () => {
    const region = (await api.as('admin').post(path, { body: { ...least, remote_region: 'RegionTest' } })).text;
    expect(region).toMatch(/another region/);
  });
});

describe('A replication policy', () => {
  it('is for administrators: everybody else is refused, whatever he asks for', async () => {
    const { id } = await created();
    for (const person of ['demo', 'demoReader', 'alt', 'nova'] as const) {
      const ask = api.as(person);
      expect((await ask.get(path)).status).toBe(403);
      expect((await ask.get(`${path}/${id}`)).status).toBe(403);
      expect((await ask.post(path, { body: least })).status).toBe(403);
      expect((await ask.put(`${path}/${id}`, { body: least })).status).toBe(403);
      expect((await ask.delete(`${path}/${id}`)).status).toBe(403);
      expect((await ask.post(`${path}/${id}/actions/pause`)).status).toBe(403);
      expect((await ask.post(`${path}/${id}/executions`)).status).toBe(403);
      expect((await ask.get(`${path}/${id}/executions`)).status).toBe(403);
    }
    expect((await api.as(undefined).get(path)).status).toBe(401);
  });

  it('is replaced as a whole, and may be sent back as it was shown', async () => {
    const policy = await created({ concurrency: 7, filter: { tags: ['a'] } });
    const changed = await api.as('admin').put(`${path}/${policy.id}`, { body: { ...policy, name: 'other' } });
    expect([changed.status, changed.json()]).toMatchObject([200, { name: 'other', concurrency: 7, filter: { tags: ['a'] } }]);
    expect((await api.as('admin').put(`${path}/${policy.id}`, { body: least })).json()).toMatchObject({ concurrency: 2, filter: {} });
  });

  it('is paused, resumed and deleted, and then there is none', async () => {
    const { id } = await created();
    const admin = api.as('admin');
    expect((await admin.post(`${path}/${id}/actions/pause`)).json()).toMatchObject({ status: 'paused' });
    expect((await admin.post(`${path}/${id}/executions`)).status).toBe(409);
    expect((await admin.post(`${path}/${id}/actions/resume`)).json()).toMatchObject({ status: 'active' });
    expect((await admin.delete(`${path}/${id}`)).status).toBe(204);
    for (const answer of [await admin.get(`${path}/${id}`), await admin.delete(`${path}/${id}`), await admin.put(`${path}/${id}`, { body: least }), await admin.post(`${path}/${id}/executions`), await admin.get(`${path}/no-id`)]) {
      expect(answer.status).toBe(404);
    }
  });

  it('is listed in pages, oldest first', async () => {
    for (let number = 0; number < 3; number += 1) await created({ name: `page ${number}` });
    const names: string[] = [];
    for (let next: string | undefined = `${path}?limit=2`; next !== undefined;) {
      const page: { policies: { name: string }[]; next?: string } = (await api.as('admin').get(next)).json();
      names.push(...page.policies.map(({ name }) => name));
      next = page.next;
    }
    expect(names.slice(-3)).toEqual(['page 0', 'page 1', 'page 2']);
    expect((await api.as('admin').get(`${path}?marker=nothing`)).status).toBe(400);
    expect((await api.as('admin').get(`${path}?limit=0`)).status).toBe(400);
  });

  it('has a schema, which is served', async () => {
    expect((await api.as('demo').get('/v2/schemas/replication_policy')).json()).toMatchObject({ name: 'replication_policy', properties: { remote_region: { type: 'string' } } });
    expect((await api.as('demo').get('/v2/schemas/replication_policies')).json()).toMatchObject({ name: 'replication_policies' });
  });
});

describe('An execution', () => {
  it('is started and driven at once: without an account for the regions it fails and says so', async () => {
    const { id } = await created();
    const other = await created();
    const admin = api.as('admin');
    const started = await admin.post(`${path}/${id}/executions`, { body: { dry_run: false } });
    expect(started.status).toBe(201);
    const execution = started.json<{ id: string }>();
    expect(execution).toMatchObject({ policy_id: id, trigger: 'manual', dry_run: false, status: 'waiting', images: { pending: 0, done: 0, skipped: 0, failed: 0 }, size: 0, sent: 0 });
    const at = `${path}/${id}/executions/${execution.id}`;
    for (let shown = execution as { status?: string }; shown.status !== 'failed';) {
      await new Promise((resolve) => { setTimeout(resolve, 100); });
      shown = (await admin.get(at)).json<{ status: string }>();
    }
    expect((await admin.get(at)).json()).toMatchObject({ status: 'failed', cause: expect.stringContaining('the operator has given no account') as string });
    for (const action of ['pause', 'resume', 'cancel', 'retry']) expect([action, (await admin.post(`${at}/actions/${action}`)).status]).toEqual([action, 409]);
    expect((await admin.post(`${at}/actions/dance`)).status).toBe(404);
    expect((await admin.get(`${at}/images`)).json()).toEqual({ images: [], first: `${at}/images` });
    expect((await admin.get(`${path}/${id}/executions`)).json()).toMatchObject({ executions: [{ id: execution.id, status: 'failed' }] });
    expect((await admin.get(`${path}/${other.id}/executions/${execution.id}`)).status).toBe(404);
    expect((await admin.get(`${path}/${other.id}/executions`)).json()).toMatchObject({ executions: [] });
  });

  it('is refused with a body that says something else', async () => {
    const { id } = await created();
    expect((await api.as('admin').post(`${path}/${id}/executions`, { body: { dry_run: 'yes' } })).status).toBe(400);
    expect((await api.as('admin').post(`${path}/${id}/executions`, { body: { images: [] } })).status).toBe(400);
  });
});

describe('GET /v2/images/{image_id}/copies', () => {
  it('tells which image is the first, to who may see the image', async () => {
    const origin = { heliograph_origin_region: 'RegionTwo', heliograph_origin_id: '11111111-2222-4333-8444-555555555555' };
    const [first, copy] = [await api.as('demo').image(), await api.as('demo').image(origin)];
    expect((await api.as('demo').get(`/v2/images/${first}/copies`)).json()).toMatchObject({ origin: { id: first }, copies: [] });
    expect((await api.as('demo').get(`/v2/images/${copy}/copies`)).json()).toMatchObject({ origin: { region: 'RegionTwo', id: origin.heliograph_origin_id }, copies: [] });
    expect((await api.as('alt').get(`/v2/images/${copy}/copies`)).status).toBe(404);
    expect((await api.as(undefined).get(`/v2/images/${copy}/copies`)).status).toBe(401);
  });
});
