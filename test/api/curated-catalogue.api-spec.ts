import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import { projectDir } from '#libs/embedded';
import { startApi, type Api, type Person } from './harness.js';

/** The stricter cloud of etc/policy-curated.yaml. Source: seeds S0 and S4. */
describe('The preset of a curated catalogue', () => {
  let api: Api;
  let [admin, demo, alt]: Person[] = [];
  beforeAll(async () => {
    api = await startApi({ 'heliograph.list_community_images': 'true' });
    await api.writePolicy(parse(await readFile(join(projectDir(), 'etc/policy-curated.yaml'), 'utf8')) as Record<string, string>);
    [admin, demo, alt] = [api.as('admin'), api.as('demo'), api.as('alt')];
  });
  afterAll(() => api.stop());

  const formats = { disk_format: 'raw', container_format: 'bare' };
  const listed = async (person: Person, query = ''): Promise<string[]> => (await person.get(`/v2/images${query}`)).json<{ images: { id: string }[] }>().images.map(({ id }) => id);

  it.each(['public', 'community'])('lets only an administrator make an image %s', async (visibility) => {
    const id = await demo!.image(formats);
    const promote = { body: [{ op: 'replace', path: '/visibility', value: visibility }] };
    expect((await demo!.patch(`/v2/images/${id}`, promote)).status).toBe(403);
    expect((await demo!.post('/v2/images', { body: { visibility } })).status).toBe(403);
    expect((await admin!.patch(`/v2/images/${id}`, promote)).status).toBe(200);
    // Back to private is the owner's own matter.
    expect((await demo!.patch(`/v2/images/${id}`, { body: [{ op: 'replace', path: '/visibility', value: 'private' }] })).status).toBe(200);
  });

  it('shows community images in every project\'s list, and no private or shared ones', async () => {
    const community = await admin!.image({ visibility: 'community' });
    const [hidden, shared] = [await demo!.image({ visibility: 'private' }), await demo!.image({ visibility: 'shared' })];
    expect(await listed(alt!)).toContain(community);
    expect(await listed(alt!)).not.toEqual(expect.arrayContaining([hidden]));
    expect(await listed(alt!)).not.toContain(shared);
    expect(await listed(alt!, '?visibility=private')).not.toContain(community);
  });

  it('keeps imports, staged data and locations for operators, and leaves uploads to everybody', async () => {
    const id = await demo!.image(formats);
    const importing = { body: { method: { name: 'glance-direct' } } };
    expect((await demo!.put(`/v2/images/${id}/stage`, { body: 'x', headers: { 'content-type': 'application/octet-stream' } })).status).toBe(403);
    expect((await demo!.post(`/v2/images/${id}/import`, importing)).status).toBe(403);
    expect((await demo!.post(`/v2/images/${id}/locations`, { body: { url: 'http://192.0.2.1/x' } })).status).toBe(403);
    expect((await admin!.put(`/v2/images/${id}/stage`, { body: 'x', headers: { 'content-type': 'application/octet-stream' } })).status).toBe(204);
    expect((await admin!.post(`/v2/images/${id}/import`, importing)).status).toBe(202);
    expect((await demo!.upload(await demo!.image(formats), 'bytes')).status).toBe(204);
  });
});
