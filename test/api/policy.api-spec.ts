import { startApi, type Api, type Person } from './harness.js';

let api: Api;
let demo: Person;
let alt: Person;
beforeAll(async () => {
  api = await startApi();
  [demo, alt] = [api.as('demo'), api.as('alt')];
});
afterAll(() => api.stop());
afterEach(() => api.writePolicy({}));

interface List { images: { id: string }[]; next?: string }
const list = async (person: Person, query = '') => (await person.get(`/v2/images${query}`)).json<List>();

describe('Policy: the operator\'s policy.yaml', () => {
  it('takes a right away, and gives it back, without a restart', async () => {
    const id = await demo.image();
    await api.writePolicy({ delete_image: 'role:admin', add_image: '!' });
    expect((await demo.delete(`/v2/images/${id}`)).status).toBe(403);
    expect((await demo.post('/v2/images', { body: {} })).status).toBe(403);
    await api.writePolicy({});
    expect((await demo.delete(`/v2/images/${id}`)).status).toBe(204);
  });

  it('hides an image whose get_image is refused: every action on it is 404', async () => {
    const id = await demo.image();
    await api.writePolicy({ get_image: '!', modify_image: '!', delete_image: '!' });
    expect((await demo.get(`/v2/images/${id}`)).status).toBe(404);
    expect((await demo.delete(`/v2/images/${id}`)).status).toBe(404);
    expect((await demo.put(`/v2/images/${id}/tags/x`)).status).toBe(404);
  });

  it('is asked about every listed image where get_image is the operator\'s own, and pages go on behind what it hides', async () => {
    const shown: string[] = [];
    for (let i = 0; i < 6; i += 1) {
      const id = await alt.image({ name: i % 3 === 0 ? 'plain' : 'secret' });
      if (i % 3 === 0) shown.push(id);
    }
    await api.writePolicy({ get_image: 'role:admin or (role:reader and not \'secret\':%(name)s)' });
    const seen: string[] = [];
    for (let link: string | undefined = '?limit=1'; link !== undefined;) {
      const page: List = await list(alt, link);
      seen.push(...page.images.map(({ id }) => id));
      link = page.next?.slice('/v2/images'.length);
    }
    expect(seen.sort()).toEqual(shown.sort());
  });

  it('cannot show another project\'s private image to a tenant, whatever get_image says', async () => {
    const id = await demo.image({ visibility: 'private' });
    await api.writePolicy({ get_image: '', get_images: '' });
    expect((await alt.get(`/v2/images/${id}`)).status).toBe(404);
    expect((await list(alt)).images.map((image) => image.id)).not.toContain(id);
  });

  it('stays as it was where the file becomes unreadable', async () => {
    await api.writePolicy({ add_image: '!' });
    expect((await demo.post('/v2/images', { body: {} })).status).toBe(403);
    await api.writePolicy({ add_image: 'role:member and (' });
    expect((await demo.post('/v2/images', { body: {} })).status).toBe(403);
  });
});
