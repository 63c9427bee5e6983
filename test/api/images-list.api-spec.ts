import { startApi, type Api, type Person } from './harness.js';

let api: Api;
let demo: Person;
let alt: Person;
let admin: Person;
const ids: Record<string, string> = {};
const nameOf = (id: string): string => Object.entries(ids).find(([, each]) => each === id)?.[0] ?? id;

interface List { images: { id: string; name: string | null }[]; first: string; next?: string; schema: string }
const list = async (query = '', person = demo): Promise<List> => {
  const answer = await person.get(`/v2/images${query}`);
  if (answer.status !== 200) throw new Error(`${query}: ${answer.status} ${answer.text}`);
  return answer.json<List>();
};
const names = async (query = '', person = demo): Promise<string[]> => (await list(query, person)).images.map(({ id }) => nameOf(id));
const sorted = async (query = '', person = demo): Promise<string[]> => (await names(query, person)).sort();

beforeAll(async () => {
  api = await startApi();
  [demo, alt, admin] = [api.as('demo'), api.as('alt'), api.as('admin')];
  const make = async (name: string, person: Person, attributes: Record<string, unknown>) => { ids[name] = await person.image({ name, ...attributes }); };
  await make('own-private', demo, { visibility: 'private', disk_format: 'qcow2', container_format: 'bare', min_ram: 512, tags: ['blue', 'round'], os_distro: 'debian' });
  await make('own-shared', demo, { disk_format: 'raw', container_format: 'ovf', min_disk: 20, tags: ['blue'], protected: true });
  await make('own-community', demo, { visibility: 'community' });
  await make('own-hidden', demo, { os_hidden: true });
  await make('public', admin, { visibility: 'public', disk_format: 'raw' });
  await make('alt-private', alt, { visibility: 'private' });
  await make('alt-shared', alt, {});
  await make('alt-accepted', alt, {});
  await make('alt-pending', alt, {});
  await make('alt-community', alt, { visibility: 'community' });
  for (const name of ['alt-accepted', 'alt-pending']) await alt.post(`/v2/images/${ids[name] ?? ''}/members`, { body: { member: 'demo' } });
  await demo.put(`/v2/images/${ids['alt-accepted'] ?? ''}/members/demo`, { body: { status: 'accepted' } });
});
afterAll(() => api.stop());

describe('List images: GET /v2/images, what a project sees', () => {
  it('is its own, public ones and accepted shares, but not the community images of others', async () => {
    expect(await sorted()).toEqual(['alt-accepted', 'own-community', 'own-private', 'own-shared', 'public']);
  });

  it('is everybody\'s to an administrator, but for the community images of others', async () => {
    expect(await sorted('', admin)).toEqual(['alt-accepted', 'alt-pending', 'alt-private', 'alt-shared', 'own-private', 'own-shared', 'public']);
  });

  it.each([
    ['?visibility=public', ['public']],
    ['?visibility=private', ['own-private']],
    ['?visibility=shared', ['alt-accepted', 'own-shared']],
    ['?visibility=community', ['alt-community', 'own-community']],
    ['?visibility=all', ['alt-accepted', 'alt-community', 'own-community', 'own-private', 'own-shared', 'public']],
    ['?member_status=pending', ['alt-pending', 'own-community', 'own-private', 'own-shared', 'public']],
    ['?visibility=shared&member_status=all', ['alt-accepted', 'alt-pending', 'own-shared']],
    ['?visibility=shared&owner=alt', ['alt-accepted']],
    ['?owner=demo', ['own-community', 'own-private', 'own-shared']],
    ['?os_hidden=True', ['own-hidden']],
    ['?tag=blue', ['own-private', 'own-shared']],
    ['?tag=blue&tag=round', ['own-private']],
    ['?name=own-shared', ['own-shared']],
    ['?name=in:own-shared,"own-private"', ['own-private', 'own-shared']],
    ['?disk_format=raw', ['own-shared', 'public']],
    ['?container_format=in:ovf,bare', ['own-private', 'own-shared']],
    ['?status=active', []],
    ['?min_ram=512', ['own-private']],
    ['?min_disk_min=1', ['own-shared']],
    ['?protected=true', ['own-shared']],
    ['?os_distro=debian', ['own-private']],
    ['?no_such_property=x', []],
    ['?size_min=0', []],
    ['?created_at=gt:2000-01-01T00:00:00Z&name=public', ['public']],
    ['?created_at=lt:2000-01-01T00:00:00Z', []],
    ['?deleted=true&name=public', ['public']],
  ])('with %s is %j', async (query, expected) => {
    expect(await sorted(query)).toEqual(expected);
  });

  it('finds an image by its id, however that is written', async () => {
    expect(await names(`?id=${ids['public']?.toUpperCase() ?? ''}`)).toEqual(['public']);
    expect(await names('?id=no-uuid')).toEqual([]);
  });

  it('leaves deleted images out', async () => {
    const id = await demo.image({ name: 'short-lived' });
    await demo.delete(`/v2/images/${id}`);
    expect(await names('?name=short-lived')).toEqual([]);
  });

  it('is refused to who has no role, and shown to readers', async () => {
    expect((await api.as('nobody').get('/v2/images')).status).toBe(403);
    expect(await sorted('', api.as('demoReader'))).toEqual(await sorted());
  });

  it.each(['?limit=-1', '?visibility=none', '?sort_key=owner', '?marker=no-image', '?marker=11111111-1111-4111-8111-111111111111', '?name=like:x', '?protected=yes', '?changes-since=2020-01-01'])(
    'refuses %s with 400', async (query) => {
      expect((await demo.get(`/v2/images${query}`)).status).toBe(400);
    });

  it('refuses another\'s private image as marker with 400, not 404', async () => {
    expect((await demo.get(`/v2/images?marker=${ids['alt-private'] ?? ''}`)).status).toBe(400);
  });
});

describe('List images: GET /v2/images, order and pages', () => {
  const ascending = ['alt-accepted', 'own-community', 'own-private', 'own-shared', 'public'];

  it('is newest first', async () => {
    const moments = (await demo.get('/v2/images')).json<{ images: { created_at: string }[] }>().images.map(({ created_at }) => created_at);
    expect(moments).toEqual([...moments].sort().reverse());
  });

  it.each([
    ['?sort=name', [...ascending].reverse()], ['?sort=name:asc', ascending], ['?sort_key=name&sort_dir=asc', ascending], ['?sort_key=name', [...ascending].reverse()],
    ['?sort=status:asc,name:asc', ascending],
  ])('with %s is %j', async (query, expected) => {
    expect(await names(query)).toEqual(expected);
  });

  it('gives all images once when every next is followed', async () => {
    for (const query of ['?limit=2', '?limit=2&sort=name:asc', '?limit=1&sort=disk_format:desc,name:asc', '?limit=3&sort_key=size&sort_dir=asc']) {
      const seen: string[] = [];
      let link: string | undefined = `/v2/images${query}`;
      while (link !== undefined) {
        const page: List = await list(link.slice('/v2/images'.length));
        seen.push(...page.images.map(({ id }) => nameOf(id)));
        link = page.next;
      }
      expect(seen.sort()).toEqual(ascending);
    }
  });

  it('keeps every parameter in its links, also repeated ones', async () => {
    const page = await list('?limit=1&tag=blue&tag=round&name=own-private');
    expect(page.first).toBe('/v2/images?limit=1&tag=blue&tag=round&name=own-private');
    expect(page.next).toBe(`/v2/images?marker=${ids['own-private'] ?? ''}&limit=1&tag=blue&tag=round&name=own-private`);
    expect(page.schema).toBe('/v2/schemas/images');
  });

  it('has no next where the page is not full', async () => {
    expect((await list('?limit=6')).next).toBeUndefined();
  });

  it('is empty with limit 0, and takes a limit over the most for the most', async () => {
    expect(await list('?limit=0')).toMatchObject({ images: [] });
    expect((await list('?limit=0')).next).toBeUndefined();
    expect((await list('?limit=100000')).images).toHaveLength(5);
  });
});
