import { startApi, type Answer, type Api } from './harness.js';
import type { PersonName } from './personas.js';

let api: Api;
beforeAll(async () => { api = await startApi(); });
afterAll(() => api.stop());

const personas = ['admin', 'demo', 'demoReader', 'nobody', 'alt', 'nova'] as const satisfies readonly PersonName[];
type Persona = (typeof personas)[number];
type Expected = Readonly<Record<Persona, number>>;
const places = ['private', 'shared', 'community', 'public'] as const;
type Place = (typeof places)[number];

/** What each request needs of an image of project demo; `alt` is an accepted member of the shared one. */
const data = { disk_format: 'raw', container_format: 'bare' };
const json = (body: unknown) => ({ body });
interface Row {
  readonly needs: 'queued' | 'active' | 'deactivated';
  readonly send: (person: ReturnType<Api['as']>, imageId: string) => Promise<Answer>;
  /** Who belongs to the owner's project first; then everybody else, by whether he may see the image. */
  readonly own: Pick<Expected, 'admin' | 'demo' | 'demoReader' | 'nobody'>;
  readonly seeing: number;
  readonly isRead?: true;
  readonly member?: number;
}
const only = (ok: number, { reader = 403, member = 403 } = {}): Pick<Row, 'own' | 'seeing' | 'member'> =>
  ({ own: { admin: ok, demo: ok, demoReader: reader, nobody: 404 }, seeing: 403, member });
const onlyAdmin = (ok: number): Pick<Row, 'own' | 'seeing'> => ({ own: { admin: ok, demo: 403, demoReader: 403, nobody: 404 }, seeing: 403 });
const patch = (changes: readonly object[]): Row['send'] => (person, id) => person.patch(`/v2/images/${id}`, json(changes));

const table: Readonly<Record<string, Row>> = {
  'get_image (GET image)': { needs: 'active', isRead: true, send: (person, id) => person.get(`/v2/images/${id}`), own: { admin: 200, demo: 200, demoReader: 200, nobody: 404 }, seeing: 200, member: 200 },
  'download_image (GET file)': { needs: 'active', isRead: true, send: (person, id) => person.get(`/v2/images/${id}/file`), own: { admin: 200, demo: 200, demoReader: 403, nobody: 404 }, seeing: 200, member: 200 },
  'download_from_store (GET file?prefer)': { needs: 'active', isRead: true, send: (person, id) => person.get(`/v2/images/${id}/file?prefer=far`), own: { admin: 200, demo: 200, demoReader: 403, nobody: 404 }, seeing: 200, member: 200 },
  'modify_image (PATCH)': { needs: 'active', send: patch([{ op: 'add', path: '/a', value: 'b' }]), ...only(200) },
  'modify_image (PUT tag)': { needs: 'active', send: (person, id) => person.put(`/v2/images/${id}/tags/x`), ...only(204) },
  'modify_image (DELETE tag)': { needs: 'active', send: (person, id) => person.delete(`/v2/images/${id}/tags/kept`), ...only(204) },
  'publicize_image (PATCH visibility)': { needs: 'active', send: patch([{ op: 'replace', path: '/visibility', value: 'public' }]), ...onlyAdmin(200) },
  'communitize_image (PATCH visibility)': { needs: 'active', send: patch([{ op: 'replace', path: '/visibility', value: 'community' }]), ...only(200) },
  'delete_image (DELETE)': { needs: 'active', send: (person, id) => person.delete(`/v2/images/${id}`), ...only(204) },
  'upload_image (PUT file)': { needs: 'queued', send: (person, id) => person.upload(id, 'bytes'), ...only(204) },
  'import_image (PUT stage)': { needs: 'queued', send: (person, id) => person.put(`/v2/images/${id}/stage`, { body: 'bytes', headers: { 'content-type': 'application/octet-stream' } }), ...only(204) },
  'import_image (POST import)': {
    needs: 'queued', send: (person, id) => person.post(`/v2/images/${id}/import`, json({ method: { name: 'web-download', uri: 'http://192.0.2.1/x' } })), ...only(400, { reader: 400, member: 400 }), seeing: 400,
  },
  'copy_image (POST import)': { needs: 'active', send: (person, id) => person.post(`/v2/images/${id}/import`, json({ method: { name: 'copy-image' }, stores: ['far'] })), ...onlyAdmin(202) },
  'deactivate': { needs: 'active', send: (person, id) => person.post(`/v2/images/${id}/actions/deactivate`), ...only(204) },
  'reactivate': { needs: 'deactivated', send: (person, id) => person.post(`/v2/images/${id}/actions/reactivate`), ...only(204) },
  'delete_image_location (DELETE from store)': { needs: 'active', send: (person, id) => person.delete(`/v2/stores/fast/${id}`), ...onlyAdmin(403) },
  'fetch_image_location (GET locations)': { needs: 'active', isRead: true, send: (person, id) => person.get(`/v2/images/${id}/locations`), ...onlyAdmin(200) },
  'get_image (GET tasks)': { needs: 'active', isRead: true, send: (person, id) => person.get(`/v2/images/${id}/tasks`), own: { admin: 200, demo: 200, demoReader: 200, nobody: 404 }, seeing: 200, member: 200 },
};

const statusFor = (row: Row, persona: Persona, place: Place): number => {
  if (persona !== 'alt' && persona !== 'nova') return row.own[persona];
  // Without role reader nobody sees an image, a service included.
  if (persona === 'nova' || place === 'private') return 404;
  return place === 'shared' ? row.member ?? row.seeing : row.seeing;
};

async function anImage(needs: Row['needs'], visibility: Place): Promise<string> {
  const [admin, demo] = [api.as('admin'), api.as('demo')];
  const attributes = { visibility, owner: 'demo', tags: ['kept'], ...data };
  const id = needs === 'queued' ? await admin.image(attributes) : await admin.activeImage('twelve bytes', attributes);
  if (needs === 'deactivated') await demo.post(`/v2/images/${id}/actions/deactivate`);
  if (visibility === 'shared') {
    await demo.post(`/v2/images/${id}/members`, json({ member: 'alt' }));
    await api.as('alt').put(`/v2/images/${id}/members/alt`, json({ status: 'accepted' }));
  }
  return id;
}

describe('RBAC: who gets what of an image of project demo', () => {
  const rows = Object.entries(table).flatMap(([name, row]) => places.map((place) => [name, place, row] as const));

  it.each(rows)('%s, %s: as section 20 says, 404 to who may not see it and 403 to who may', async (_, place, row) => {
    const expected = personas.map((persona) => [persona, statusFor(row, persona, place)] as const);
    // What is refused changes nothing, and what is only read neither: then one image does for all.
    const shared = await anImage(row.needs, place);
    const seen = await Promise.all(expected.map(async ([persona, status]) => {
      const imageId = status === 200 && row.isRead || status >= 400 ? shared : await anImage(row.needs, place);
      return [persona, (await row.send(api.as(persona), imageId)).status] as const;
    }));
    expect(seen).toEqual(expected);
  });

  it.each([
    ['add_image', { admin: 201, demo: 201, demoReader: 403, nobody: 403, alt: 201, nova: 403 }, (person: ReturnType<Api['as']>) => person.post('/v2/images', json({}))],
    ['add_image for project demo', { admin: 201, demo: 201, demoReader: 403, nobody: 403, alt: 403, nova: 403 }, (person: ReturnType<Api['as']>) => person.post('/v2/images', json({ owner: 'demo' }))],
    ['add_image and publicize_image', { admin: 201, demo: 403, demoReader: 403, nobody: 403, alt: 403, nova: 403 }, (person: ReturnType<Api['as']>) => person.post('/v2/images', json({ visibility: 'public' }))],
    ['get_images', { admin: 200, demo: 200, demoReader: 200, nobody: 403, alt: 200, nova: 403 }, (person: ReturnType<Api['as']>) => person.get('/v2/images')],
    ['tasks_api_access', { admin: 200, demo: 403, demoReader: 403, nobody: 403, alt: 403, nova: 403 }, (person: ReturnType<Api['as']>) => person.get('/v2/tasks')],
    ['stores_info_detail', { admin: 200, demo: 403, demoReader: 403, nobody: 403, alt: 403, nova: 200 }, (person: ReturnType<Api['as']>) => person.get('/v2/info/stores/detail')],
    ['add_metadef_namespace', { admin: 201, demo: 403, demoReader: 403, nobody: 404, alt: 403, nova: 404 },
      (person: ReturnType<Api['as']>) => person.post('/v2/metadefs/namespaces', json({ namespace: `ns-${Math.random()}` }))],
    ['get_metadef_namespaces', { admin: 200, demo: 200, demoReader: 200, nobody: 404, alt: 200, nova: 404 }, (person: ReturnType<Api['as']>) => person.get('/v2/metadefs/namespaces')],
  ] satisfies [string, Expected, (person: ReturnType<Api['as']>) => Promise<Answer>][])('%s', async (_, expected, send) => {
    const seen = await Promise.all(personas.map(async (persona) => [persona, (await send(api.as(persona))).status] as const));
    expect(Object.fromEntries(seen)).toEqual(expected);
  });

  it('members: the owner shares, the member answers, nobody else learns of it', async () => {
    const seen = async (send: (person: ReturnType<Api['as']>, imageId: string) => Promise<Answer>): Promise<Expected> => {
      const all: [Persona, number][] = [];
      for (const persona of personas) all.push([persona, (await send(api.as(persona), await anImage('queued', 'shared'))).status]);
      return Object.fromEntries(all) as Expected;
    };
    const path = (id: string) => `/v2/images/${id}/members`;
    expect(await seen((person, id) => person.post(path(id), json({ member: 'third' })))).toEqual({ admin: 200, demo: 200, demoReader: 403, nobody: 404, alt: 403, nova: 404 });
    expect(await seen((person, id) => person.get(path(id)))).toEqual({ admin: 200, demo: 200, demoReader: 200, nobody: 404, alt: 200, nova: 404 });
    expect(await seen((person, id) => person.get(`${path(id)}/alt`))).toEqual({ admin: 200, demo: 200, demoReader: 200, nobody: 404, alt: 200, nova: 404 });
    expect(await seen((person, id) => person.put(`${path(id)}/alt`, json({ status: 'rejected' })))).toEqual({ admin: 200, demo: 403, demoReader: 403, nobody: 404, alt: 200, nova: 404 });
    expect(await seen((person, id) => person.delete(`${path(id)}/alt`))).toEqual({ admin: 204, demo: 204, demoReader: 403, nobody: 404, alt: 403, nova: 404 });
  });
});
