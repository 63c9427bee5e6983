import { randomBytes } from 'node:crypto';
import type { CatalogEntry } from '#libs/identity';
import { startApi, type Answer, type Api } from './harness.js';
import { eventually } from './imports.js';
import { startOtherRegion, type OtherRegion } from './other-region.js';
import { callers } from './personas.js';

interface Action { readonly id: string; readonly status: string; readonly message?: string; readonly image_ref?: string; readonly [field: string]: unknown }
const data = randomBytes(300_000);
let api: Api;
let two: OtherRegion;
let source: string;
beforeAll(async () => {
  two = await startOtherRegion('demo');
  api = await startApi({}, { federation: { 'heliograph.transfer_port': '0' } });
  const endpoints = [{ region: 'RegionTest', interface: 'public', url: api.url }, { region: 'RegionTwo', interface: 'public', url: two.url }];
  (callers.demo.catalog as CatalogEntry[]).push({ type: 'image', name: 'image', endpoints });
  source = await api.as('demo').image({ disk_format: 'raw', container_format: 'bare', visibility: 'private', os_type: 'linux', tags: ['golden'] });
  await api.as('demo').upload(source, data);
});
afterAll(async () => {
  await api.stop();
  await two.close();
});
beforeEach(() => {
  two.images.clear();
  [two.refusal, two.isSlow] = [undefined, false];
});

const act = (body: object, person: 'demo' | 'alt' | 'admin' = 'demo'): Promise<Answer> => api.as(person).post('/v2/image-actions', { body: { image_id: source, ...body } });
const clone = (body: object = {}, person: 'demo' | 'alt' = 'demo'): Promise<Answer> => act({ action_type: 'clone', region: 'RegionTwo', ...body }, person);
const show = async (id: string, person: 'demo' | 'admin' = 'demo'): Promise<Action> => (await api.as(person).get(`/v2/image-actions/${id}`)).json<Action>();
const ended = (id: string, person: 'demo' | 'admin' = 'demo'): Promise<Action> => eventually(() => show(id, person), ({ status }) => status === 'success' || status === 'failure');

describe('Clone an image to another region: POST /v2/image-actions with action_type clone', () => {
  it("makes one there in the caller's name, with the data, the properties and the lineage of the first; either side tells of it in one call", async () => {
    const answer = await clone({ image_properties: { name: 'mine' } });
    expect([answer.status, answer.headers.get('location')]).toEqual([201, `${api.url}/v2/image-actions/${answer.json<Action>().id}`]);
    const done = await ended(answer.json<Action>().id);
    expect(done).toMatchObject({ action_type: 'clone', status: 'success', image_id: source, region: 'RegionTwo', copies: `/v2/images/${source}/copies`, 'expires-by': expect.any(String) as string });
    const [copy] = [...two.images.values()];
    expect(done.image_ref).toBe(`/v2/images/${copy?.id}`);
    expect(copy).toMatchObject({ name: 'mine', status: 'active', os_type: 'linux', tags: ['golden'], disk_format: 'raw', heliograph_origin_region: 'RegionTest', heliograph_origin_id: source });
    expect(copy?.data?.equals(data)).toBe(true);
    expect((await api.as('demo').get(`/v2/images/${source}/copies`)).json()).toMatchObject({ origin: { region: 'RegionTest', id: source }, copies: [{ region: 'RegionTwo', id: copy?.id, status: 'active' }] });
  });

  it('is an action as every other: in the list of its type, in no list of images or tasks, and once for one Idempotency-Key', async () => {
    const before = (await api.as('demo').get('/v2/images?limit=1000')).json<{ images: unknown[] }>().images.length;
    const headers = { 'idempotency-key': 'one clone' };
    const body = { action_type: 'clone', image_id: source, region: 'RegionTwo' };
    const [first, again] = [await api.as('demo').post('/v2/image-actions', { body, headers }), await api.as('demo').post('/v2/image-actions', { body, headers })];
    const { id } = first.json<Action>();
    expect(again.json<Action>().id).toBe(id);
    await ended(id);
    expect(two.images.size).toBe(1);
    expect((await api.as('demo').get('/v2/image-actions?action_type=clone')).json<{ image_actions: Action[] }>().image_actions.map((each) => each.id)).toContain(id);
    expect((await api.as('demo').get('/v2/image-actions?action_type=export')).json<{ image_actions: Action[] }>().image_actions).toEqual([]);
    expect((await api.as('demo').get('/v2/images?limit=1000')).json<{ images: unknown[] }>().images).toHaveLength(before);
    expect((await api.as('admin').get('/v2/tasks?limit=1000')).text).not.toContain(id);
  });

  it('fails with the words of the other region, and leaves nothing there', async () => {
    two.refusal = { status: 403, message: 'You may not create images here.' };
    expect(await ended((await clone()).json<Action>().id)).toMatchObject({ status: 'failure', message: expect.stringContaining('region RegionTwo answered 403: You may not create images here.') as string });
    expect(two.images.size).toBe(0);
  });

  it('can be cancelled, and what it began there is taken away', async () => {
    two.isSlow = true;
    const { id } = (await clone()).json<Action>();
    await eventually(() => Promise.resolve(two.images.size), (count) => count === 1);
    expect((await api.as('demo').delete(`/v2/image-actions/${id}`)).status).toBe(204);
    expect(await show(id)).toMatchObject({ status: 'failure', message: 'The clone was cancelled.', image_properties: {} });
    await eventually(() => Promise.resolve(two.images.size), (count) => count === 0);
  });

  it.each([
    ['a region that the catalogue does not have', { region: 'RegionNine' }, 409], ['the region that the image is in', { region: 'RegionTest' }, 400], ['no region', { region: undefined }, 400],
    ['another format', { image_properties: { disk_format: 'qcow2' } }, 400], ['a word that it does not know', { location: 'https://x' }, 400], ['no image', { image_id: undefined }, 400],
  ])('refuses %s', async (_, body, status) => {
    expect((await clone(body)).status).toBe(status);
    expect(two.images.size).toBe(0);
  });

  it('is for who may download the image', async () => {
    expect((await clone({}, 'alt')).status).toBe(404);
  });
});

describe('Replicate an image: POST /v2/image-actions with action_type replicate', () => {
  const replicate = (body: object, person: 'demo' | 'admin' = 'admin'): Promise<Answer> => act({ action_type: 'replicate', ...body }, person);
  const policy = async (direction: 'pull' | 'push'): Promise<string> =>
    (await api.as('admin').post('/v2/replication-policies', { body: { name: direction, remote_region: 'RegionTwo', direction } })).json<{ id: string }>().id;

  it("is done with the operator's accounts, and names each region that has none", async () => {
    const { id } = (await replicate({ regions: ['RegionTwo', 'RegionThree'] })).json<Action>();
    const failed = await ended(id, 'admin');
    expect(failed).toMatchObject({ action_type: 'replicate', status: 'failure', regions: ['RegionTwo', 'RegionThree'], image_id: source, copies: `/v2/images/${source}/copies` });
    expect(failed.message).toContain('the operator has given no account for it (heliograph.replication_clouds)');
    expect((await api.as('admin').get('/v2/image-actions?action_type=replicate')).json<{ image_actions: Action[] }>().image_actions.map((each) => each.id)).toEqual([id]);
  });

  it('follows a policy that pushes from here', async () => {
    const id = await policy('push');
    expect((await replicate({ policy_id: id })).json()).toMatchObject({ regions: ['RegionTwo'], policy_id: id });
    expect((await replicate({ policy_id: await policy('pull') })).status).toBe(400);
    expect((await replicate({ policy_id: source })).status).toBe(404);
  });

  it.each([['no regions', {}], ['an empty list', { regions: [] }], ['regions and a policy', { regions: ['RegionTwo'], policy_id: 'x' }], ['this region', { regions: ['RegionTest'] }], ['what is asked of the image', { regions: ['RegionTwo'], image_properties: {} }]])('refuses %s', async (_, body) => {
    expect((await replicate(body)).status).toBe(400);
  });

  it('is for administrators', async () => {
    expect((await replicate({ regions: ['RegionTwo'] }, 'demo')).status).toBe(403);
  });
});
