import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { startApi, type Api, type Person } from './harness.js';

const data = 'twelve bytes';
const undelete = (id: string, person: Person, headers = {}) => person.post(`/v2/images/${id}/actions/undelete`, { headers });

describe('Undelete: POST /v2/images/{image_id}/actions/undelete', () => {
  let api: Api;
  let demo: Person;
  beforeAll(async () => {
    api = await startApi({ 'heliograph.deleted_image_retention': '3600', 'default.user_storage_quota': '30B' });
    demo = api.as('demo');
  });
  afterAll(() => api.stop());

  it('brings an image back as it was, with its data and members, while no list and no read knew it meanwhile', async () => {
    const id = await demo.activeImage(data, { name: 'back', visibility: 'shared', tags: ['kept'], os_distro: 'debian' });
    await demo.post(`/v2/images/${id}/members`, { body: { member: 'alt' } });
    const { updated_at: _, ...before } = (await demo.get(`/v2/images/${id}`)).json();
    await demo.delete(`/v2/images/${id}`);
    expect((await demo.get(`/v2/images/${id}`)).status).toBe(404);
    expect((await demo.get(`/v2/images/${id}/file`)).status).toBe(404);
    expect((await demo.get('/v2/images?name=back')).json<{ images: unknown[] }>().images).toEqual([]);
    expect((await undelete(id, demo)).status).toBe(204);
    expect((await demo.get(`/v2/images/${id}`)).json()).toMatchObject(before);
    expect((await demo.get(`/v2/images/${id}/file`)).text).toBe(data);
    expect((await demo.get('/v2/images?name=back')).json<{ images: unknown[] }>().images).toHaveLength(1);
    expect((await api.as('alt').get(`/v2/images/${id}`)).status).toBe(200);
    expect((await demo.get(`/v2/images/${id}/history`)).json<{ history: { events: string[] }[] }>().history.at(-1)?.events).toEqual(['ImageUndeleted']);
    await demo.delete(`/v2/images/${id}`);
  });

  it('is for who may delete: others are told nothing, or no', async () => {
    const id = await demo.activeImage(data, { visibility: 'community' });
    await demo.delete(`/v2/images/${id}`);
    for (const person of ['alt', 'demoReader', 'nobody'] as const) expect((await undelete(id, api.as(person))).status).toBe(404);
    expect((await undelete(id, api.as('admin'))).status).toBe(204);
    expect((await undelete(id, api.as('alt'))).status).toBe(403);
    await demo.delete(`/v2/images/${id}`);
  });

  it('answers a repetition with the same key, and refuses an image that is not deleted or never was', async () => {
    const id = await demo.image();
    await demo.delete(`/v2/images/${id}`);
    for (let times = 0; times < 2; times += 1) expect((await undelete(id, demo, { 'idempotency-key': 'once' })).status).toBe(204);
    const again = await undelete(id, demo);
    expect([again.status, again.text]).toEqual([409, expect.stringContaining('is queued, not deleted')]);
    for (const nowhere of ['11111111-1111-4111-8111-111111111111', 'no-uuid']) expect((await undelete(nowhere, demo)).status).toBe(404);
  });

  it('takes quota again, which the deletion gave back', async () => {
    const [first, second] = [await demo.activeImage(data), await demo.activeImage(data)];
    await demo.delete(`/v2/images/${first}`);
    const third = await demo.activeImage(data);
    const refused = await undelete(first, demo);
    expect([refused.status, refused.text]).toEqual([413, expect.stringContaining('Project demo would use')]);
    await demo.delete(`/v2/images/${second}`);
    expect((await undelete(first, demo)).status).toBe(204);
    for (const id of [first, third]) await demo.delete(`/v2/images/${id}`);
  });
});

describe('An image that was deleted for longer than it is kept', () => {
  let api: Api;
  beforeAll(async () => {
    api = await startApi({ 'heliograph.deleted_image_retention': '1', 'heliograph.sweep_interval': '1', 'heliograph.removal_interval': '1' });
  });
  afterAll(() => api.stop());

  it('comes back no more, and its bytes are gone', async () => {
    const demo = api.as('demo');
    const id = await demo.activeImage(data);
    await demo.delete(`/v2/images/${id}`);
    const events = async () => (await demo.get(`/v2/images/${id}/history`)).json<{ history: { events: string[] }[] }>().history.flatMap((entry) => entry.events);
    await until(async () => (await events()).includes('ImageDataRemoved'));
    expect((await events()).slice(-3)).toEqual(['ImageDeleted', 'ImageRetentionEnded', 'ImageDataRemoved']);
    expect((await readdir(join(api.imagesDir), { recursive: true })).filter((name) => name.includes(id) && name.includes('/fast'))).toEqual([]);
    const late = await undelete(id, demo);
    expect([late.status, late.text]).toEqual([410, expect.stringContaining('is no longer kept')]);
  });
});

async function until(isSo: () => Promise<boolean>): Promise<void> {
  for (const deadline = performance.now() + 60_000; !await isSo();) {
    if (performance.now() > deadline) throw new Error('it did not come about within a minute');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
