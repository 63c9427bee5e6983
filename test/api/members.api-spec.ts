import { startApi, type Api, type Person, type Answer } from './harness.js';

let api: Api;
let demo: Person;
let alt: Person;
let third: Person;
beforeAll(async () => {
  api = await startApi({ 'default.image_member_quota': '3' });
  [demo, alt, third] = [api.as('demo'), api.as('alt'), api.as('third')];
});
afterAll(() => api.stop());

const share = (id: string, member = 'alt', person = demo): Promise<Answer> => person.post(`/v2/images/${id}/members`, { body: { member } });
const answerAs = (person: Person, id: string, status: string, member = 'alt'): Promise<Answer> => person.put(`/v2/images/${id}/members/${member}`, { body: { status } });
const listed = async (person: Person, query = ''): Promise<string[]> => (await person.get(`/v2/images${query}`)).json<{ images: { id: string }[] }>().images.map(({ id }) => id);

describe('Create image member: POST /v2/images/{image_id}/members', () => {
  it('answers 200 with a pending member', async () => {
    const id = await demo.image();
    const answer = await share(id);
    expect(answer.status).toBe(200);
    const { created_at, updated_at, ...member } = answer.json();
    expect(member).toEqual({ member_id: 'alt', image_id: id, status: 'pending', schema: '/v2/schemas/member' });
    expect(created_at).toBe(updated_at);
  });

  it('answers 409 for a member that is there, 413 over the quota', async () => {
    const id = await demo.image();
    expect([(await share(id)).status, (await share(id)).status]).toEqual([200, 409]);
    await share(id, 'b');
    await share(id, 'c');
    expect((await share(id, 'd')).status).toBe(413);
  });

  it.each([[{}], [{ member: '' }], [{ member: 7 }], [{ member: 'x'.repeat(256) }], [{ project: 'alt' }]])('refuses %j with 400', async (body) => {
    expect((await demo.post(`/v2/images/${await demo.image()}/members`, { body })).status).toBe(400);
  });

  it('forbids it for images that are not shared, and for who is not the owner', async () => {
    expect((await share(await demo.image({ visibility: 'private' }))).status).toBe(403);
    const id = await demo.image();
    await share(id);
    expect([(await share(id, 'third', alt)).status, (await share(id, 'third', third)).status, (await share(id, 'third', api.as('demoReader'))).status]).toEqual([403, 404, 403]);
    expect((await share(id, 'third', api.as('admin'))).status).toBe(200);
  });
});

describe('Sharing an image', () => {
  it('lets a pending member read by id but not list; accepted it is listed; rejected only readable', async () => {
    const id = await demo.image({ name: 'shared with alt' });
    expect((await alt.get(`/v2/images/${id}`)).status).toBe(404);
    await share(id);
    expect((await alt.get(`/v2/images/${id}`)).status).toBe(200);
    expect(await listed(alt)).not.toContain(id);
    expect(await listed(alt, '?member_status=pending')).toContain(id);
    expect((await answerAs(alt, id, 'accepted')).json()).toMatchObject({ status: 'accepted', member_id: 'alt' });
    expect(await listed(alt)).toContain(id);
    await answerAs(alt, id, 'rejected');
    expect(await listed(alt)).not.toContain(id);
    expect(await listed(alt, '?visibility=shared&member_status=all')).toContain(id);
    expect((await alt.get(`/v2/images/${id}`)).status).toBe(200);
    expect((await third.get(`/v2/images/${id}`)).status).toBe(404);
  });

  it('rests while the image is not shared, and comes back with its members', async () => {
    const id = await demo.image();
    await share(id);
    await answerAs(alt, id, 'accepted');
    const set = (visibility: string) => demo.patch(`/v2/images/${id}`, { body: [{ op: 'replace', path: '/visibility', value: visibility }] });
    await set('private');
    expect((await alt.get(`/v2/images/${id}`)).status).toBe(404);
    expect(await listed(alt)).not.toContain(id);
    await set('shared');
    expect(await listed(alt)).toContain(id);
  });

  it('lets a member change nothing of the image', async () => {
    const id = await demo.image();
    await share(id);
    expect((await alt.patch(`/v2/images/${id}`, { body: [{ op: 'replace', path: '/name', value: 'x' }] })).status).toBe(403);
    expect((await alt.delete(`/v2/images/${id}`)).status).toBe(403);
  });
});

describe('List and show image members: GET /v2/images/{image_id}/members', () => {
  it('shows all to the owner, and to a member only himself', async () => {
    const id = await demo.image();
    await share(id);
    await share(id, 'third');
    const members = async (person: Person) => (await person.get(`/v2/images/${id}/members`)).json<{ members: { member_id: string }[]; schema: string }>();
    expect((await members(demo)).members.map(({ member_id }) => member_id)).toEqual(['alt', 'third']);
    expect((await members(alt)).members.map(({ member_id }) => member_id)).toEqual(['alt']);
    expect((await members(demo)).schema).toBe('/v2/schemas/members');
    expect((await alt.get(`/v2/images/${id}/members/alt`)).status).toBe(200);
    expect((await alt.get(`/v2/images/${id}/members/third`)).status).toBe(404);
    expect((await demo.get(`/v2/images/${id}/members/nobody`)).status).toBe(404);
  });

  it('is forbidden for images that are not shared, and not found for who cannot see the image', async () => {
    expect((await demo.get(`/v2/images/${await demo.image({ visibility: 'private' })}/members`)).status).toBe(403);
    expect((await third.get(`/v2/images/${await demo.image()}/members`)).status).toBe(404);
  });
});

describe('Update image member: PUT /v2/images/{image_id}/members/{member_id}', () => {
  it('is for the member himself or an administrator, never for the owner', async () => {
    const id = await demo.image();
    await share(id);
    expect((await answerAs(demo, id, 'accepted')).status).toBe(403);
    expect((await answerAs(third, id, 'accepted')).status).toBe(404);
    expect((await answerAs(api.as('admin'), id, 'accepted')).status).toBe(200);
    expect((await answerAs(alt, id, 'pending')).json()).toMatchObject({ status: 'pending' });
  });

  it('refuses unknown statuses with 400 and unknown members with 404', async () => {
    const id = await demo.image();
    await share(id);
    expect((await answerAs(alt, id, 'maybe')).status).toBe(400);
    expect((await alt.put(`/v2/images/${id}/members/alt`, { body: [] })).status).toBe(400);
    expect((await answerAs(api.as('admin'), id, 'accepted', 'third')).status).toBe(404);
  });
});

describe('Delete image member: DELETE /v2/images/{image_id}/members/{member_id}', () => {
  it('takes the share back; the member himself cannot leave', async () => {
    const id = await demo.image();
    await share(id);
    expect((await alt.delete(`/v2/images/${id}/members/alt`)).status).toBe(403);
    expect((await demo.delete(`/v2/images/${id}/members/alt`)).status).toBe(204);
    expect((await demo.delete(`/v2/images/${id}/members/alt`)).status).toBe(404);
    expect((await alt.get(`/v2/images/${id}`)).status).toBe(404);
  });
});
