import { startApi, type Api, type Person } from './harness.js';

let api: Api;
let demo: Person;
let admin: Person;
beforeAll(async () => {
  api = await startApi();
  [demo, admin] = [api.as('demo'), api.as('admin')];
});
afterAll(() => api.stop());

interface Past { version: number; sequence: number; changed_at: string; image: Record<string, unknown> & { id: string; name: string; status: string } }
interface PastList { images: Past[]; first: string; next?: string }

const patch = (id: string, body: unknown, person = demo) => person.patch(`/v2/images/${id}`, { body, headers: { 'content-type': 'application/openstack-images-v2.1-json-patch' } });
const rename = (id: string, name: string) => patch(id, [{ op: 'replace', path: '/name', value: name }]);
const state = async (id: string, query: string, person = demo): Promise<Past> => (await person.get(`/v2/images/${id}/history/state?${query}`)).json<Past>();
const now = async (): Promise<string> => {
  const moment = new Date().toISOString();
  await new Promise((resolve) => setTimeout(resolve, 5));
  return moment;
};
const nowhere = '11111111-1111-4111-8111-111111111111';

describe('An image as it was: GET /v2/images/{image_id}/history/state', () => {
  it('is what the API showed then, at every version, its moment and its sequence', async () => {
    const id = await demo.image({ name: 'first', visibility: 'private' });
    const shown: Record<string, unknown>[] = [(await demo.get(`/v2/images/${id}`)).json()];
    const changes = [
      () => rename(id, 'second'), () => demo.put(`/v2/images/${id}/tags/red`), () => patch(id, [{ op: 'add', path: '/os_distro', value: 'debian' }]),
      () => patch(id, [{ op: 'replace', path: '/visibility', value: 'shared' }]), () => demo.post(`/v2/images/${id}/members`, { body: { member: 'alt' } }), () => rename(id, 'third'),
    ];
    for (const change of changes) {
      expect((await change()).status).toBeLessThan(300);
      shown.push((await demo.get(`/v2/images/${id}`)).json());
    }
    for (const [index, image] of shown.entries()) {
      const then = await state(id, `version=${index + 1}`);
      expect(then.image).toEqual(image);
      for (const query of [`time=${then.changed_at}`, `sequence=${then.sequence}`]) expect(await state(id, query)).toEqual(then);
    }
    expect((await state(id, `time=${await now()}`)).image).toEqual(shown.at(-1));
  });

  it('is there after the deletion, and says that it is deleted from then on', async () => {
    const id = await demo.activeImage('some data', { name: 'gone' });
    const before = await now();
    await demo.delete(`/v2/images/${id}`);
    for (const person of [demo, admin]) expect((await state(id, `time=${before}`, person)).image).toMatchObject({ name: 'gone', status: 'active', size: 9 });
    expect((await state(id, `time=${await now()}`)).image.status).toBe('deleted');
  });

  it('is told to who owns the image today, and to nobody who did or could see it then', async () => {
    const id = await demo.image({ name: 'moves', visibility: 'community' });
    expect((await api.as('alt').get(`/v2/images/${id}/history/state?version=1`)).status).toBe(403);
    await patch(id, [{ op: 'replace', path: '/visibility', value: 'private' }]);
    expect((await api.as('alt').get(`/v2/images/${id}/history/state?version=1`)).status).toBe(404);
    expect((await patch(id, [{ op: 'replace', path: '/owner', value: 'alt' }], admin)).status).toBe(200);
    expect((await demo.get(`/v2/images/${id}/history/state?version=1`)).status).toBe(404);
    expect((await state(id, 'version=1', api.as('alt'))).image).toMatchObject({ name: 'moves', owner: 'demo', visibility: 'community' });
  });

  it('is not found where there was none yet or never one, and wants one place in time', async () => {
    const before = await now();
    const id = await demo.image();
    const early = await demo.get(`/v2/images/${id}/history/state?time=${before}`);
    expect([early.status, early.text]).toEqual([404, expect.stringContaining('did not exist yet')]);
    expect((await demo.get(`/v2/images/${nowhere}/history/state?version=1`)).status).toBe(404);
    expect((await demo.get('/v2/images/no-uuid/history/state?version=1')).status).toBe(404);
    for (const query of ['', 'time=yesterday', 'version=0', 'version=1&sequence=1', 'sequence=-1']) expect((await demo.get(`/v2/images/${id}/history/state?${query}`)).status).toBe(400);
  });
});

describe('The list as it was: GET /v2/history/images', () => {
  const names = ({ images }: PastList) => images.map(({ image }) => image.name);
  const list = async (query: string, person = demo): Promise<PastList> => (await person.get(`/v2/history/images?${query}`)).json<PastList>();

  it('has the images of that moment as they were, deleted ones too, and none of later', async () => {
    const [kept, gone] = [await demo.image({ name: 'kept' }), await demo.image({ name: 'gone' })];
    const { sequence } = await state(gone, 'version=1');
    const then = await now();
    await rename(kept, 'renamed');
    await demo.delete(`/v2/images/${gone}`);
    await demo.image({ name: 'later' });
    expect(names(await list(`time=${then}`)).slice(0, 2)).toEqual(['gone', 'kept']);
    expect(names(await list(`sequence=${sequence}`)).slice(0, 2)).toEqual(['gone', 'kept']);
    expect(names(await list(`time=${await now()}`)).slice(0, 2)).toEqual(['later', 'renamed']);
    expect(names(await list(`time=${then}`, admin)).slice(0, 2)).toEqual(['gone', 'kept']);
  });

  it('comes in pages, each image once', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e']) await demo.image({ name });
    const then = await now();
    const seen: string[] = [];
    let next: string | undefined = `/v2/history/images?limit=2&time=${then}`;
    while (next !== undefined) {
      const page: PastList = (await demo.get(next)).json<PastList>();
      expect(page.images.length).toBeLessThanOrEqual(2);
      seen.push(...page.images.map(({ image }) => image.id));
      ({ next } = page);
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toEqual((await list(`limit=100&time=${then}`)).images.map(({ image }) => image.id));
    expect(seen.length).toBeGreaterThan(5);
  });

  it('shows a project its own of today, and an administrator everybody\'s or one owner\'s', async () => {
    const id = await demo.image({ name: 'open to all', visibility: 'community' });
    const then = await now();
    const ids = async (query: string, person: Person) => (await list(`limit=100&time=${then}${query}`, person)).images.map(({ image }) => image.id);
    expect(await ids('', api.as('alt'))).not.toContain(id);
    expect(await ids('&owner=demo', api.as('alt'))).not.toContain(id);
    expect(await ids('', admin)).toContain(id);
    expect(await ids('&owner=demo', admin)).toContain(id);
    expect(await ids('&owner=alt', admin)).not.toContain(id);
  });

  it('refuses what is no place in time, and a sequence that the log has not', async () => {
    for (const query of ['', 'time=soon', 'version=1', 'time=2026-01-01T00:00:00Z&sequence=1', 'sequence=99999999', 'time=2026-01-01T00:00:00Z&marker=x', 'time=2026-01-01T00:00:00Z&limit=0']) {
      expect((await demo.get(`/v2/history/images?${query}`)).status).toBe(400);
    }
    expect(names(await list('time=2020-01-01T00:00:00Z'))).toEqual([]);
  });
});
