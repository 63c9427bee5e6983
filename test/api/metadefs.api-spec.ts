import { startApi, type Answer, type Api, type Person } from './harness.js';

let api: Api;
let admin: Person;
let demo: Person;
let alt: Person;
beforeAll(async () => {
  api = await startApi();
  [admin, demo, alt] = [api.as('admin'), api.as('demo'), api.as('alt')];
});
afterAll(() => api.stop());

const root = '/v2/metadefs/namespaces';
let made = 0;
const newName = (): string => `OS::Test::${made += 1}`;
/** Creates a namespace and gives its path. */
async function namespace(body: object = {}): Promise<string> {
  const name = newName();
  const answer = await admin.post(root, { body: { namespace: name, visibility: 'public', ...body } });
  if (answer.status !== 201) throw new Error(`not created: ${answer.status} ${answer.text}`);
  return `${root}/${name}`;
}
const newestFirst = (tags: readonly { name: string }[]) => tags.toReversed();
const statuses = (...answers: Answer[]): number[] => answers.map(({ status }) => status);
const cores = { name: 'cores', title: 'Cores', type: 'integer' };
const full = {
  display_name: 'For tests', description: 'All kinds', resource_type_associations: [{ name: 'OS::Nova::Flavor', prefix: 'hw:' }, { name: 'OS::Glance::Image' }],
  properties: { cores: { title: 'Cores', type: 'integer', minimum: 1, operators: ['<or>'] } },
  objects: [{ name: 'box', description: 'A box', required: ['width'], properties: { width: { title: 'Width', type: 'number' } } }], tags: [{ name: 'red' }, { name: 'blue' }],
};
const names = async (path: string, key: string): Promise<string[]> => (await admin.get(path)).json<Record<string, { name: string }[]>>()[key]?.map(({ name }) => name) ?? [];

describe('Create namespace: POST /v2/metadefs/namespaces', () => {
  it('answers 201 with the namespace, its defaults and its address', async () => {
    const answer = await admin.post(root, { body: { namespace: 'OS::First' } });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('location')).toBe(`${api.url}/v2/metadefs/namespaces/OS::First`);
    const { created_at, updated_at, ...body } = answer.json();
    expect(body).toEqual({ namespace: 'OS::First', visibility: 'private', protected: false, owner: 'admin', self: `${root}/OS::First`, schema: '/v2/schemas/metadefs/namespace' });
    expect(created_at).toBe(updated_at);
    expect(created_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
  });

  it('creates all that the body holds with it', async () => {
    const path = await namespace(full);
    expect((await demo.get(path)).json()).toMatchObject({
      display_name: 'For tests', properties: full.properties, tags: newestFirst(full.tags),
      resource_type_associations: [{ name: 'OS::Nova::Flavor', prefix: 'hw:' }, { name: 'OS::Glance::Image' }],
      objects: [{ ...full.objects[0], self: `${path}/objects/box`, schema: '/v2/schemas/metadefs/object' }],
    });
  });

  it('creates nothing of a body of which a part is wrong', async () => {
    const name = newName();
    expect((await admin.post(root, { body: { namespace: name, tags: [{ name: 'a' }, { name: 'a' }] } })).status).toBe(409);
    expect((await admin.get(`${root}/${name}`)).status).toBe(404);
  });

  it('answers 409 for a name that is there, whoever owns it, also to many at once', async () => {
    const name = newName();
    const all = await Promise.all([1, 2, 3, 4, 5].map((number) => admin.post(root, { body: { namespace: name, owner: `p${number}` } })));
    expect(statuses(...all).sort()).toEqual([201, 409, 409, 409, 409]);
  });

  it('takes a name again that was given up', async () => {
    const path = await namespace(full);
    expect((await admin.delete(path)).status).toBe(204);
    expect((await admin.post(root, { body: { namespace: path.split('/').at(-1) } })).status).toBe(201);
    expect((await admin.get(path)).json()).not.toHaveProperty('tags');
  });

  it('takes any text of 1 to 80 characters as name', async () => {
    for (const name of ['ä ö/ü?#%', '🛰️'.repeat(20), '日本'.repeat(40), '../..', '*.>', 'a\tb']) {
      expect((await admin.post(root, { body: { namespace: name, tags: [{ name }] } })).status).toBe(201);
      expect((await admin.get(`${root}/${encodeURIComponent(name)}`)).json()).toMatchObject({ namespace: name });
      expect((await admin.delete(`${root}/${encodeURIComponent(name)}/tags/${encodeURIComponent(name)}`)).status).toBe(204);
      expect((await admin.delete(`${root}/${encodeURIComponent(name)}`)).status).toBe(204);
    }
  });

  it.each([
    [{}], [[]], ['{'], ['7'], [{ namespace: '' }], [{ namespace: 'x'.repeat(81) }], [{ namespace: 'n', foo: 1 }], [{ namespace: 'n', description: null }], [{ namespace: 'n', description: 'x'.repeat(501) }],
    [{ namespace: 'n', display_name: 'x'.repeat(81) }], [{ namespace: 'n', visibility: 'shared' }], [{ namespace: 'n', protected: 'yes' }], [{ namespace: 'n', owner: 'x'.repeat(256) }],
    [{ namespace: 'n', tags: ['a'] }], [{ namespace: 'n', tags: [{}] }], [{ namespace: 'n', tags: [{ name: 'x'.repeat(81) }] }], [{ namespace: 'n', objects: [{}] }], [{ namespace: 'n', properties: { a: {} } }],
    [{ namespace: 'n', properties: { a: { title: 't', type: 'strange' } } }], [{ namespace: 'n', properties: { a: { title: 't', type: null } } }], [{ namespace: 'n', properties: { ['x'.repeat(81)]: { title: 't', type: 'string' } } }],
    [{ namespace: 'n', resource_type_associations: [{}] }], [{ namespace: 'n', resource_type_associations: [{ name: 'a', prefix: 'x'.repeat(81) }] }], [{ namespace: 'n\u0000' }],
  ])('refuses %j with 400', async (body) => {
    expect((await admin.post(root, { body })).status).toBe(400);
    expect((await admin.get(`${root}/n`)).status).toBe(404);
  });

  it.each(['self', 'schema', 'created_at', 'updated_at'])('forbids to set %s', async (name) => {
    expect((await admin.post(root, { body: { namespace: 'n', [name]: 'x' } })).status).toBe(403);
  });

  it('is for admins alone', async () => {
    expect(statuses(await demo.post(root, { body: { namespace: 'n' } }), await api.as('demoReader').post(root, { body: { namespace: 'n' } }), await api.as(undefined).post(root, { body: {} }))).toEqual([403, 403, 401]);
  });

  it('answers a repetition with the same Idempotency-Key by the same namespace, and refuses the key for another body', async () => {
    const headers = { 'idempotency-key': 'metadef-1' };
    const body = { namespace: newName() };
    const [first, second] = [await admin.post(root, { body, headers }), await admin.post(root, { body, headers })];
    expect([first.status, second.status, second.text]).toEqual([201, 201, first.text]);
    expect((await admin.post(root, { body: { ...body, protected: true }, headers })).status).toBe(422);
  });

  it('refuses more than a namespace may hold with 413', async () => {
    const body = { namespace: newName(), properties: { a: { title: 'x'.repeat(300_000), type: 'string' } } };
    expect((await admin.post(root, { body })).status).toBe(413);
  });
});

describe('Show namespace: GET /v2/metadefs/namespaces/{namespace}', () => {
  it('puts the prefix of a resource type before the names of properties', async () => {
    const path = await namespace(full);
    const { properties, objects } = (await demo.get(`${path}?resource_type=OS::Nova::Flavor`)).json<{ properties: object; objects: { properties: object; required: string[] }[] }>();
    expect([Object.keys(properties), Object.keys(objects[0]?.properties ?? {}), objects[0]?.required]).toEqual([['hw:cores'], ['hw:width'], ['hw:width']]);
    expect((await demo.get(`${path}?resource_type=OS::Nope`)).json()).toMatchObject({ properties: full.properties });
  });

  it('shows a private one to its project and to admins, and to nobody else', async () => {
    const path = await namespace({ visibility: 'private', owner: 'demo' });
    expect(statuses(await admin.get(path), await demo.get(path), await api.as('demoReader').get(path), await alt.get(path), await api.as('nobody').get(path), await api.as('systemAdmin').get(path))).toEqual([200, 200, 200, 404, 404, 404]);
    for (const inner of ['objects', 'properties', 'tags', 'resource_types']) expect((await alt.get(`${path}/${inner}`)).status).toBe(404);
  });

  it.each(['nope', '%00', 'x'.repeat(2000), '%F0%9F%9B%B0'])('answers 404 for %s', async (name) => {
    expect((await admin.get(`${root}/${name}`)).status).toBe(404);
  });

  it('refuses a body, and a path that is not UTF-8, with 400', async () => {
    expect((await admin.request('DELETE', await namespace(), { body: '{}' })).status).toBe(400);
    expect((await admin.get(`${root}/%ff`)).status).toBe(400);
  });

  it('answers 405 with what is allowed', async () => {
    const answer = await admin.patch(await namespace(), { body: {} });
    expect([answer.status, answer.headers.get('allow')?.split(', ').sort()]).toEqual([405, ['DELETE', 'GET', 'PUT']]);
  });
});

describe('Update namespace: PUT /v2/metadefs/namespaces/{namespace}', () => {
  it('sets what the body says and the rest to its default, and leaves what the namespace holds', async () => {
    const path = await namespace({ ...full, owner: 'demo' });
    const answer = await admin.put(path, { body: { namespace: path.split('/').at(-1), description: 'new' } });
    expect(answer.status).toBe(200);
    expect(answer.json()).toMatchObject({ description: 'new', visibility: 'private', protected: false, owner: 'admin' });
    expect(answer.json()).not.toHaveProperty('display_name');
    expect((await admin.get(path)).json()).toMatchObject({ description: 'new', properties: full.properties, tags: newestFirst(full.tags) });
  });

  it('renames it with all that it holds, to a name that is free', async () => {
    const [path, taken, name] = [await namespace(full), await namespace(), newName()];
    expect((await admin.put(path, { body: { namespace: taken.split('/').at(-1) } })).status).toBe(409);
    expect((await admin.get(path)).json()).toMatchObject({ description: 'All kinds', tags: newestFirst(full.tags) });
    const answer = await admin.put(path, { body: { namespace: name, visibility: 'public', display_name: 'New' } });
    expect([answer.status, answer.json()]).toMatchObject([200, { namespace: name, display_name: 'New', self: `${root}/${name}` }]);
    expect((await admin.get(path)).status).toBe(404);
    expect((await demo.get(`${root}/${name}`)).json()).toMatchObject({ namespace: name, display_name: 'New', properties: full.properties, tags: newestFirst(full.tags) });
    expect((await admin.post(root, { body: { namespace: path.split('/').at(-1) } })).status).toBe(201);
  });

  it('renames once, however often the request is repeated with its Idempotency-Key', async () => {
    const [path, name] = [await namespace(full), newName()];
    const rename = () => admin.put(path, { body: { namespace: name }, headers: { 'idempotency-key': name } });
    const [first, second] = [await rename(), await rename()];
    expect([first.status, second.status, second.text]).toEqual([200, 200, first.text]);
  });

  it('refuses a body without namespace with 400, and who is no admin with 403, or 404 where he may not see it', async () => {
    const path = await namespace({ visibility: 'private', owner: 'demo' });
    const body = { namespace: path.split('/').at(-1) };
    expect(statuses(await admin.put(path, { body: { description: 'x' } }), await demo.put(path, { body }), await alt.put(path, { body }), await admin.put(`${root}/nope`, { body: { namespace: 'nope' } }))).toEqual([400, 403, 404, 404]);
  });
});

describe('Delete namespace: DELETE /v2/metadefs/namespaces/{namespace}', () => {
  it('deletes it with all that it holds', async () => {
    const path = await namespace(full);
    expect(statuses(await demo.delete(path), await admin.delete(path), await admin.delete(path), await admin.get(`${path}/tags`))).toEqual([403, 204, 404, 404]);
  });

  it('is forbidden while the namespace is protected, for everything in it too', async () => {
    const path = await namespace({ ...full, protected: true });
    for (const inner of ['', '/properties', '/properties/cores', '/objects', '/objects/box', '/tags', '/tags/red', '/resource_types/OS::Glance::Image']) {
      expect((await admin.delete(path + inner)).status).toBe(403);
    }
    expect((await admin.put(path, { body: { namespace: path.split('/').at(-1) } })).status).toBe(200);
    expect((await admin.delete(path)).status).toBe(204);
  });
});

describe('List namespaces: GET /v2/metadefs/namespaces', () => {
  const mine = new Set<string>();
  let shown: (person: Person, query?: string) => Promise<string[]>;
  beforeAll(async () => {
    for (const [visibility, owner, type] of [['public', 'admin', 'R0'], ['private', 'demo', 'R1'], ['private', 'alt', 'R0'], ['public', 'alt', 'R1']] as const) {
      mine.add((await namespace({ visibility, owner, resource_type_associations: [{ name: type }], display_name: `z${9 - mine.size}` })).split('/').at(-1) ?? '');
    }
    shown = async (person, query = '') => {
      const all = (await person.get(`${root}?limit=1000${query}`)).json<{ namespaces: { namespace: string }[] }>().namespaces.map((each) => each.namespace);
      return all.filter((name) => mine.has(name)).map((name) => String([...mine].indexOf(name)));
    };
  });

  it('shows public ones, those of the caller\'s project, and to an admin all; newest first', async () => {
    expect(await shown(demo)).toEqual(['3', '1', '0']);
    expect(await shown(alt)).toEqual(['3', '2', '0']);
    expect(await shown(admin)).toEqual(['3', '2', '1', '0']);
  });

  it('filters by visibility and by resource types, and sorts', async () => {
    expect(await shown(admin, '&visibility=public')).toEqual(['3', '0']);
    expect(await shown(demo, '&visibility=private')).toEqual(['1']);
    expect(await shown(admin, '&visibility=')).toEqual([]);
    expect(await shown(admin, '&resource_types=R0')).toEqual(['2', '0']);
    expect(await shown(admin, '&resource_types=R0,R1')).toHaveLength(4);
    expect(await shown(admin, '&sort_dir=asc')).toEqual(['0', '1', '2', '3']);
    expect(await shown(admin, '&sort_key=display_name&sort_dir=asc')).toEqual(['3', '2', '1', '0']);
    for (const key of ['namespace', 'updated_at', 'owner', 'visibility', 'protected', 'description', 'id']) expect(await shown(admin, `&sort_key=${key}`)).toHaveLength(4);
  });

  it('goes on page by page, with links that keep what was asked', async () => {
    const seen: string[] = [];
    for (let path: string | undefined = `${root}?limit=2&sort_dir=asc&resource_types=R0,R1`; path !== undefined;) {
      const answer: Answer = await admin.get(path);
      const { namespaces, next, first } = answer.json<{ namespaces: { namespace: string }[]; next?: string; first: string }>();
      expect(first).toBe(`${root}?limit=2&sort_dir=asc&resource_types=R0%2CR1`);
      seen.push(...namespaces.map((each) => each.namespace));
      path = next;
    }
    expect(seen).toEqual([...mine]);
  });

  it('shows the associations of each, and no more of what it holds', async () => {
    const { namespaces, schema } = (await admin.get(`${root}?limit=1&resource_types=R1`)).json<{ namespaces: Record<string, unknown>[]; schema: string }>();
    expect(namespaces).toMatchObject([{ resource_type_associations: [{ name: 'R1' }], self: `${root}/${[...mine][3]}`, schema: '/v2/schemas/metadefs/namespace' }]);
    expect(schema).toBe('/v2/schemas/metadefs/namespaces');
  });

  it('refuses what means nothing', async () => {
    for (const query of ['limit=x', 'limit=-1', 'limit=', 'sort_dir=up', 'sort_key=zz', 'visibility=shared']) expect((await admin.get(`${root}?${query}`)).status).toBe(400);
    expect(statuses(await admin.get(`${root}?marker=nope`), await demo.get(`${root}?marker=${[...mine][2]}`), await admin.get(`${root}?limit=0`), await api.as('nobody').get(root))).toEqual([404, 404, 200, 404]);
  });
});

describe('A namespace that is not there', () => {
  it.each([
    ['POST', '/resource_types', { name: 'OS::Nova::Flavor' }], ['POST', '/properties', cores], ['DELETE', '/properties', undefined], ['POST', '/objects', { name: 'box' }], ['DELETE', '/objects', undefined],
    ['POST', '/tags', { tags: [{ name: 'red' }] }], ['DELETE', '/tags', undefined], ['POST', '/tags/red', undefined], ['GET', '/objects/box', undefined], ['PUT', '/objects/box', { name: 'box' }],
  ])('is not found by %s of %s', async (method, inner, body) => {
    expect((await admin.request(method, `${root}/nope${inner}`, body === undefined ? {} : { body })).status).toBe(404);
  });
});

describe('Properties: /v2/metadefs/namespaces/{namespace}/properties', () => {
  it('are created, shown, replaced and removed', async () => {
    const path = `${await namespace()}/properties`;
    const made = await admin.post(path, { body: { ...cores, enum: ['1', '2'], default: 2, minimum: 1.5, items: { type: 'string' }, readonly: true } });
    expect([made.status, made.json()]).toEqual([201, { ...cores, enum: ['1', '2'], default: '2', minimum: 1, items: { type: 'string' }, readonly: true }]);
    expect((await admin.post(path, { body: cores })).status).toBe(409);
    expect((await demo.get(path)).json()).toEqual({ properties: { cores: made.json() } });
    expect((await demo.get(`${path}/cores`)).json()).toEqual(made.json());
    expect((await admin.put(`${path}/cores`, { body: { ...cores, name: 'threads' } })).json()).toEqual({ ...cores, name: 'threads' });
    expect(statuses(await admin.get(`${path}/cores`), await admin.put(`${path}/cores`, { body: cores }), await admin.delete(`${path}/threads`), await admin.delete(`${path}/threads`), await admin.delete(path))).toEqual([404, 404, 204, 404, 204]);
  });

  it('are known on a resource by the prefix of its type', async () => {
    const path = `${await namespace(full)}/properties`;
    expect((await demo.get(`${path}/hw:cores?resource_type=OS::Nova::Flavor`)).json()).toMatchObject({ name: 'cores', minimum: 1 });
    for (const wrong of ['cores?resource_type=OS::Nova::Flavor', 'cores?resource_type=OS::Glance::Image', 'cores?resource_type=OS::Nope']) expect((await demo.get(`${path}/${wrong}`)).status).toBe(404);
    expect((await demo.get(`${path}/cores?resource_type=`)).status).toBe(200);
  });

  it.each([
    { name: undefined }, { title: undefined }, { type: undefined }, { type: 'strange' }, { type: null }, { name: '' }, { name: 'x'.repeat(81) }, { minimum: '3' }, { minLength: -1 }, { maxLength: 1.5 }, { enum: [1] },
    { enum: 'a' }, { operators: [1] }, { required: ['a'] }, { items: {} }, { items: { type: 'string', foo: 1 } }, { items: { type: null } }, { items: { type: 'string', enum: [1] } }, { uniqueItems: 'true' }, { confidential: true }, { foo: 1 }, { self: 'x' },
  ])('are refused with 400 where they say %j', async (change) => {
    const path = `${await namespace()}/properties`;
    expect((await admin.post(path, { body: { ...cores, ...change } })).status).toBe(400);
    expect((await admin.get(path)).json()).toEqual({ properties: {} });
  });

  it('are not replaced by what is wrong, nor under a name that is there', async () => {
    const path = `${await namespace({ properties: { cores: full.properties.cores, threads: full.properties.cores } })}/properties`;
    expect(statuses(await admin.put(`${path}/cores`, { body: { ...cores, type: 'strange' } }), await admin.put(`${path}/cores`, { body: { name: 'cores' } }), await admin.put(`${path}/cores`, { body: { ...cores, name: 'threads' } }))).toEqual([400, 400, 409]);
    expect((await demo.get(path)).json()).toMatchObject({ properties: { cores: { minimum: 1 }, threads: { minimum: 1 } } });
  });

  it('keep names that mean something to JavaScript', async () => {
    const body = `{"namespace":"${newName()}","properties":{"__proto__":{"title":"t","type":"string"},"constructor":{"title":"u","type":"string"}}}`;
    const { namespace: name } = (await admin.post(root, { body })).json<{ namespace: string }>();
    expect(Object.keys((await admin.get(`${root}/${name}/properties`)).json<{ properties: object }>().properties).sort()).toEqual(['__proto__', 'constructor']);
    expect((await admin.delete(`${root}/${name}/properties/__proto__`)).status).toBe(204);
  });

  it('forbid their moments to be set, and every change to who is no admin', async () => {
    const path = `${await namespace({ properties: full.properties })}/properties`;
    expect(statuses(await admin.post(path, { body: { ...cores, created_at: 'x' } }), await demo.post(path, { body: cores }), await demo.put(`${path}/cores`, { body: cores }), await demo.delete(`${path}/cores`), await demo.delete(path))).toEqual([403, 403, 403, 403, 403]);
  });
});

describe('Objects: /v2/metadefs/namespaces/{namespace}/objects', () => {
  it('are created, shown, replaced and removed', async () => {
    const path = await namespace();
    const [body] = full.objects;
    const made = await admin.post(`${path}/objects`, { body });
    expect(made.status).toBe(201);
    expect(made.json()).toMatchObject({ ...body, self: `${path}/objects/box`, schema: '/v2/schemas/metadefs/object' });
    expect((await admin.post(`${path}/objects`, { body })).status).toBe(409);
    expect((await demo.get(`${path}/objects/box`)).json()).toEqual(made.json());
    expect((await demo.get(`${path}/objects`)).json()).toEqual({ objects: [made.json()], schema: 'v2/schemas/metadefs/objects' });
    expect((await admin.put(`${path}/objects/box`, { body: { name: 'crate' } })).json()).not.toHaveProperty('properties');
    expect((await demo.get(`${path}/objects/crate`)).json()).toMatchObject({ name: 'crate', required: [], properties: {} });
    expect((await admin.put(`${path}/objects/crate`, { body: { name: 'crate', required: [], properties: {} } })).json()).toMatchObject({ required: [], properties: {} });
    expect(statuses(await admin.put(`${path}/objects/box`, { body }), await admin.delete(`${path}/objects/crate`), await admin.delete(`${path}/objects/crate`), await admin.delete(`${path}/objects`))).toEqual([404, 204, 404, 204]);
  });

  it.each([{}, { name: '' }, { name: 'x'.repeat(81) }, { name: 'o', foo: 1 }, { name: 'o', properties: { a: {} } }, { name: 'o', properties: { a: { title: 'x', type: 'string', foo: 1 } } }, { name: 'o', properties: [] }, { name: 'o', required: ['a', 'a'] }, { name: 'o', required: [1] }, { name: 'o', description: null }])(
    'are refused with 400 as %j', async (body) => {
      expect((await admin.post(`${await namespace()}/objects`, { body })).status).toBe(400);
    });

  it('are not replaced by what is wrong', async () => {
    const path = `${await namespace({ objects: [{ name: 'a', description: 'as it was' }] })}/objects/a`;
    for (const body of [{}, { name: 'x'.repeat(81) }, { name: 'a', foo: 1 }, { name: 'a', properties: { p: {} } }]) expect((await admin.put(path, { body })).status).toBe(400);
    expect((await demo.get(path)).json()).toMatchObject({ name: 'a', description: 'as it was' });
  });

  it('are all listed, once the page that is asked for means something', async () => {
    const path = `${await namespace({ objects: [{ name: 'a' }, { name: 'b' }] })}/objects`;
    expect(await names(`${path}?limit=1&marker=a`, 'objects')).toEqual(['a', 'b']);
    for (const query of ['limit=0', 'limit=x', 'limit=-1', 'limit=', 'sort_dir=up', 'visibility=zz']) expect((await admin.get(`${path}?${query}`)).status).toBe(400);
  });

  it('may take no name that is there, and are for admins to change', async () => {
    const path = `${await namespace({ objects: [{ name: 'a' }, { name: 'b' }] })}/objects`;
    expect(statuses(await admin.put(`${path}/a`, { body: { name: 'b' } }), await demo.put(`${path}/a`, { body: { name: 'c' } }), await demo.post(path, { body: { name: 'c' } }), await demo.delete(path), await admin.post(path, { body: { name: 'c', schema: 'x' } }))).toEqual([409, 403, 403, 403, 403]);
  });
});

describe('Tags: /v2/metadefs/namespaces/{namespace}/tags', () => {
  it('are created one by one without a body, renamed and removed', async () => {
    const path = `${await namespace()}/tags`;
    const made = await admin.post(`${path}/red`);
    expect([made.status, Object.keys(made.json()).sort(), made.json()['name']]).toEqual([201, ['created_at', 'name', 'updated_at'], 'red']);
    expect(statuses(await admin.post(`${path}/red`), await admin.post(`${path}/Red`), await admin.post(`${path}/${'x'.repeat(81)}`), await admin.post(`${path}/blue`, { body: { name: 'blue' } }))).toEqual([409, 201, 400, 400]);
    expect((await admin.put(`${path}/red`, { body: { name: 'green' } })).json()).toMatchObject({ name: 'green' });
    expect((await demo.get(`${path}/green`)).json()).toMatchObject({ name: 'green' });
    expect(statuses(await admin.put(`${path}/green`, { body: { name: 'Red' } }), await admin.put(`${path}/green`, { body: {} }), await admin.put(`${path}/green`, { body: { name: 'a', created_at: 'x' } }), await admin.put(`${path}/nope`, { body: { name: 'a' } }))).toEqual([409, 400, 403, 404]);
    expect(statuses(await demo.post(`${path}/mine`), await demo.delete(`${path}/green`), await admin.delete(`${path}/green`), await admin.delete(`${path}/green`), await demo.delete(path), await admin.delete(path), await admin.get(`${path}/Red`))).toEqual([403, 403, 204, 404, 403, 204, 404]);
  });

  it('are replaced all at once, and added to with X-Openstack-Append', async () => {
    const path = `${await namespace({ tags: full.tags })}/tags`;
    const set = (tags: string[], append?: string) => admin.post(path, { body: { tags: tags.map((name) => ({ name })) }, headers: append === undefined ? {} : { 'x-openstack-append': append } });
    expect((await set(['a', 'b'])).json()).toEqual({ tags: [{ name: 'a' }, { name: 'b' }] });
    expect(await names(path, 'tags')).toEqual(['b', 'a']);
    expect((await set(['c'], 'True')).status).toBe(201);
    expect(await names(path, 'tags')).toEqual(['c', 'b', 'a']);
    expect(statuses(await set(['a', 'd'], 'true'), await set(['d', 'd']), await set([]), await set(['e'], 'no'))).toEqual([409, 409, 201, 201]);
    expect(await names(path, 'tags')).toEqual(['e']);
    expect((await demo.post(path, { body: { tags: [] } })).status).toBe(403);
  });

  it.each([{}, { tags: ['a'] }, { tags: [{}] }, { tags: [{ name: 'x'.repeat(81) }] }, { tags: [{ name: 'a', foo: 1 }] }, []])('are not replaced by %j', async (body) => {
    const path = `${await namespace({ tags: full.tags })}/tags`;
    expect((await admin.post(path, { body })).status).toBe(400);
    expect(await names(path, 'tags')).toEqual(['blue', 'red']);
  });

  it('are listed page by page', async () => {
    const path = `${await namespace({ tags: ['t1', 't2', 't3', 'T3'].map((name) => ({ name })) })}/tags`;
    expect(await names(`${path}?limit=2`, 'tags')).toEqual(['T3', 't3']);
    expect(await names(`${path}?marker=t3`, 'tags')).toEqual(['t2', 't1']);
    expect(await names(`${path}?limit=0`, 'tags')).toEqual([]);
    expect(await names(`${path}?limit=`, 'tags')).toHaveLength(4);
    expect(await names(`${path}?sort_key=name&sort_dir=asc&limit=2`, 'tags')).toEqual(['T3', 't1']);
    expect(await names(`${path}?sort_key=name&sort_dir=asc&marker=t1`, 'tags')).toEqual(['t2', 't3']);
    expect(statuses(await admin.get(`${path}?marker=nope`), await admin.get(`${path}?limit=x`), await admin.get(`${path}?sort_dir=up`), await admin.get(`${path}?sort_key=zz`), await admin.get(`${path}?visibility=zz`))).toEqual([404, 400, 400, 400, 400]);
  });
});

describe('Resource types: /v2/metadefs/resource_types and /v2/metadefs/namespaces/{namespace}/resource_types', () => {
  it('are associated with a namespace and parted from it', async () => {
    const path = `${await namespace()}/resource_types`;
    const made = await admin.post(path, { body: { name: 'OS::New', prefix: 'p:', properties_target: 'image' } });
    expect(made.status).toBe(201);
    expect(made.json()).toMatchObject({ name: 'OS::New', prefix: 'p:', properties_target: 'image', created_at: expect.any(String) as string });
    expect((await demo.get(path)).json()).toEqual({ resource_type_associations: [made.json()] });
    expect(statuses(await admin.post(path, { body: { name: 'OS::New' } }), await demo.post(path, { body: { name: 'x' } }), await demo.delete(`${path}/OS::New`), await admin.delete(`${path}/OS::New`), await admin.delete(`${path}/OS::New`))).toEqual([409, 403, 403, 204, 404]);
  });

  it('are listed for ever once a namespace was associated with them', async () => {
    const path = await namespace({ resource_type_associations: [{ name: 'OS::Gone' }] });
    await admin.delete(path);
    expect(await names('/v2/metadefs/resource_types', 'resource_types')).toContain('OS::Gone');
    expect(await names('/v2/metadefs/resource_types', 'resource_types')).toEqual([...new Set(await names('/v2/metadefs/resource_types', 'resource_types'))]);
  });

  it.each([{}, { name: '' }, { name: 'x'.repeat(81) }, { name: 'a', prefix: 'x'.repeat(81) }, { name: 'a', foo: 1 }])('are not associated as %j', async (body) => {
    expect((await admin.post(`${await namespace()}/resource_types`, { body })).status).toBe(400);
  });
});

describe('Schemas: GET /v2/schemas/metadefs/…', () => {
  it.each([
    ['namespace', 'namespace'], ['namespaces', 'namespaces'], ['object', 'object'], ['objects', 'objects'], ['property', 'property'], ['properties', 'properties'], ['tag', 'tag'], ['tags', 'tags'],
    ['resource_type', 'resource_type_association'], ['resource_types', 'resource_type_associations'],
  ])('serves %s', async (path, name) => {
    expect((await demo.get(`/v2/schemas/metadefs/${path}`)).json()).toMatchObject({ name, properties: expect.any(Object) as object });
  });
});

describe('An operator\'s own rules', () => {
  it('decide who may change and who may see metadata definitions', async () => {
    const path = await namespace({ ...full, visibility: 'public' });
    await api.writePolicy({ add_metadef_tag: 'role:member', get_metadef_namespace: 'role:admin or project_id:demo' });
    try {
      expect(statuses(await demo.post(`${path}/tags/mine`), await alt.get(path), await demo.get(path))).toEqual([201, 404, 200]);
      expect((await alt.get(`${root}?limit=1000`)).json<{ namespaces: unknown[] }>().namespaces).toEqual([]);
      await api.writePolicy({ get_metadef_namespaces: 'role:admin' });
      expect(statuses(await demo.get(root), await admin.get(root))).toEqual([403, 200]);
    } finally {
      await api.writePolicy({});
    }
  });
});
