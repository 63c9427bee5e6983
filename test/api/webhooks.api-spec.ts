import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { signedHeaders, type AuditEvent } from '#libs/contracts';
import { startApi, type Api, type Person } from './harness.js';
import { eventually } from './imports.js';

interface Heard { readonly path: string; readonly event: AuditEvent; readonly body: string; readonly headers: IncomingHttpHeaders }
interface Hook { readonly id: string; readonly secret: string; readonly status: string; readonly url: string }

describe('Webhooks: /v2/webhooks', () => {
  let server: Server;
  let url: string;
  let api: Api;
  let demo: Person;
  let alt: Person;
  let admin: Person;
  const heard: Heard[] = [];
  /** What a path answers; 204 where it is not told. */
  const answers = new Map<string, number>();
  beforeAll(async () => {
    server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => { body += text; }).on('end', () => {
        const path = request.url ?? '';
        heard.push({ path, body, event: JSON.parse(body) as AuditEvent, headers: request.headers });
        response.writeHead(answers.get(path) ?? 204).end();
      });
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    url = `http://127.0.0.1:${port}`;
    api = await startApi({
      'import_filtering_opts.allowed_hosts': '127.0.0.1', 'import_filtering_opts.allowed_ports': `[${port}]`,
      'heliograph.webhook_retry_seconds': '1', 'heliograph.webhook_attempts': '1', 'heliograph.webhooks_per_project': '5',
    });
    [demo, alt, admin] = [api.as('demo'), api.as('alt'), api.as('admin')];
  });
  afterAll(async () => {
    await api.stop();
    server.close();
  });

  const register = async (person: Person, path: string, more: object = {}): Promise<Hook> => {
    const answer = await person.post('/v2/webhooks', { body: { url: url + path, ...more } });
    expect([answer.status, answer.text]).toEqual([201, expect.any(String)]);
    return answer.json<Hook & Record<string, unknown>>();
  };
  const at = (path: string): Heard[] => heard.filter((each) => each.path === path);
  const typesAt = (path: string): string[] => at(path).map(({ event }) => event.type);
  const deliveries = async (person: Person, id: string) => (await person.get(`/v2/webhooks/${id}/deliveries`)).json<{ deliveries: { event_id: string; status: string; attempts: number; status_code: number | null }[] }>().deliveries;
  const remove = async (person: Person, { id }: Hook) => expect((await person.delete(`/v2/webhooks/${id}`)).status).toBe(204);

  it('are sent what happens to the images of their project from then on, in its order, signed with the secret that is shown once', async () => {
    await demo.image({ name: 'before' });
    const hook = await register(demo, '/mine?token=query-of-mine');
    const id = await demo.image({ name: 'after' });
    await demo.put(`/v2/images/${id}/tags/blue`);
    await demo.delete(`/v2/images/${id}`);
    await eventually(() => Promise.resolve(typesAt('/mine?token=query-of-mine')), (types) => types.includes('ImageDeleted'));
    expect(typesAt('/mine?token=query-of-mine')).toEqual(['ImageCreated', 'ImageTagAdded', 'ImageDeleted']);
    for (const { event, headers, body } of at('/mine?token=query-of-mine')) {
      expect(event).toMatchObject({ specversion: '1.0', subject: id, audience: 'owner' });
      const seconds = Number(headers['webhook-timestamp']);
      expect(headers).toMatchObject(signedHeaders(hook.secret, { id: `msg_${hook.id}_${event.id}`, at: new Date(seconds * 1000), body }));
    }
    const shown = await demo.get(`/v2/webhooks/${hook.id}`);
    expect(shown.json()).toMatchObject({ status: 'active', url: `${url}/mine`, project_id: 'demo' });
    expect(shown.text).not.toContain('whsec_');
    expect(shown.text).not.toContain('query-of-mine');
    expect(await eventually(() => deliveries(demo, hook.id), (all) => all.length === 3)).toEqual(expect.arrayContaining([expect.objectContaining({ status: 'delivered', attempts: 1, status_code: 204 })]));
    await remove(demo, hook);
  });

  it('of a member are sent what becomes of its own membership, and nothing else of the image', async () => {
    const hook = await register(alt, '/member');
    const id = await demo.image({ visibility: 'shared', name: 'not for others' });
    await demo.post(`/v2/images/${id}/members`, { body: { member: 'alt' } });
    await demo.post(`/v2/images/${id}/members`, { body: { member: 'third' } });
    await demo.put(`/v2/images/${id}/tags/blue`);
    await alt.put(`/v2/images/${id}/members/alt`, { body: { status: 'accepted' } });
    await eventually(() => Promise.resolve(typesAt('/member')), (types) => types.includes('MemberAccepted'));
    expect(typesAt('/member')).toEqual(['MemberAdded', 'MemberAccepted']);
    expect(at('/member').map(({ body }) => body).join()).not.toMatch(/not for others|third/);
    await remove(alt, hook);
  });

  it('are only sent the types that they ask for', async () => {
    const hook = await register(demo, '/typed', { types: ['ImageDeleted'] });
    const id = await demo.image();
    await demo.delete(`/v2/images/${id}`);
    await eventually(() => Promise.resolve(typesAt('/typed')), (types) => types.length > 0);
    expect(typesAt('/typed')).toEqual(['ImageDeleted']);
    await remove(demo, hook);
  });

  it('are paused when several events in a row were not taken, go on when asked to, and send once more what was given up', async () => {
    answers.set('/broken', 500);
    const hook = await register(demo, '/broken');
    const ids = [await demo.image(), await demo.image(), await demo.image(), await demo.image()];
    const paused = await eventually(async () => (await demo.get(`/v2/webhooks/${hook.id}`)).json(), ({ status }) => status === 'paused');
    expect(paused['paused_because']).toContain('3 events in a row');
    expect(at('/broken').map(({ event }) => event.subject)).toEqual(ids.slice(0, 3));
    answers.delete('/broken');
    expect((await demo.patch(`/v2/webhooks/${hook.id}`, { body: { status: 'active' }, headers: { 'content-type': 'application/json' } })).json()).toMatchObject({ status: 'active', paused_because: null });
    await eventually(() => Promise.resolve(at('/broken').length), (count) => count === 4);
    expect(at('/broken').at(-1)?.event.subject).toBe(ids[3]);
    const [first] = at('/broken');
    expect((await demo.post(`/v2/webhooks/${hook.id}/deliveries/${first?.event.id}/redeliver`)).status).toBe(202);
    await eventually(() => Promise.resolve(at('/broken').length), (count) => count === 5);
    expect(at('/broken').at(-1)).toMatchObject({ event: first?.event, headers: { 'webhook-id': first?.headers['webhook-id'] } });
    await eventually(() => deliveries(demo, hook.id), (all) => all.find(({ event_id: id }) => id === first?.event.id)?.status === 'delivered');
    expect((await demo.post(`/v2/webhooks/${hook.id}/deliveries/1-999/redeliver`)).status).toBe(404);
    await remove(demo, hook);
  });

  it('get a new secret, and for a day the one before signs beside it', async () => {
    const hook = await register(demo, '/rotated?token=stays');
    const answer = await demo.post(`/v2/webhooks/${hook.id}/secret`);
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store']);
    const { secret, former_until: until } = answer.json<{ secret: string; former_until: string }>();
    expect([secret === hook.secret, new Date(until) > new Date(Date.now() + 23 * 3_600_000)]).toEqual([false, true]);
    await demo.image();
    const [{ event, headers, body } = {} as Heard] = await eventually(() => Promise.resolve(at('/rotated?token=stays')), (all) => all.length === 1);
    expect(headers).toMatchObject(signedHeaders([secret, hook.secret], { id: `msg_${hook.id}_${event.id}`, at: new Date(Number(headers['webhook-timestamp']) * 1000), body }));
    expect(String(headers['webhook-signature'])).toMatch(/^v1,\S+ v1,\S+$/);
    expect((await alt.post(`/v2/webhooks/${hook.id}/secret`)).status).toBe(404);
    expect((await api.as('demoReader').post(`/v2/webhooks/${hook.id}/secret`)).status).toBe(403);
    await remove(demo, hook);
  });

  it('are their project\'s and the administrators\' alone', async () => {
    const hook = await register(demo, '/alone');
    expect((await alt.get(`/v2/webhooks/${hook.id}`)).status).toBe(404);
    expect((await alt.delete(`/v2/webhooks/${hook.id}`)).status).toBe(404);
    expect((await alt.get(`/v2/webhooks/${hook.id}/deliveries`)).status).toBe(404);
    expect((await alt.patch(`/v2/webhooks/${hook.id}`, { body: { status: 'paused' } })).status).toBe(404);
    expect((await alt.get('/v2/webhooks')).json()).toMatchObject({ webhooks: [] });
    expect((await demo.get('/v2/webhooks')).json()).toMatchObject({ webhooks: [{ id: hook.id }] });
    expect((await admin.get('/v2/webhooks')).json()).toMatchObject({ webhooks: [{ id: hook.id }] });
    expect((await api.as('demoReader').get(`/v2/webhooks/${hook.id}`)).status).toBe(200);
    expect((await api.as('demoReader').delete(`/v2/webhooks/${hook.id}`)).status).toBe(403);
    expect((await api.as('demoReader').post('/v2/webhooks', { body: { url } })).status).toBe(403);
    expect((await admin.delete(`/v2/webhooks/${hook.id}`)).status).toBe(204);
    expect((await demo.get(`/v2/webhooks/${hook.id}`)).status).toBe(404);
  });

  it('of administrators may be told of another project, or of the region; others\' may not', async () => {
    for (const more of [{ project_id: 'alt' }, { all_projects: true }]) expect((await demo.post('/v2/webhooks', { body: { url, ...more } })).status).toBe(403);
    const hooks = [await register(admin, '/other', { project_id: 'alt' }), await register(admin, '/region', { all_projects: true })];
    const [ofDemo, ofAlt] = [await demo.image(), await alt.image()];
    await eventually(() => Promise.resolve([at('/region').length, at('/other').length]), ([region, other]) => region === 2 && other === 1);
    expect(at('/region').map(({ event }) => event.subject)).toEqual([ofDemo, ofAlt]);
    expect(at('/other').map(({ event }) => event.subject)).toEqual([ofAlt]);
    for (const hook of hooks) await remove(admin, hook);
  });

  it('are refused where they lead to an address that the operator does not allow, hold a password, or are too many', async () => {
    for (const refused of ['http://127.0.0.1:1/', 'http://10.0.0.1/', url.replace('127.0.0.1', 'localhost'), url.replace('//', '//user:word@'), 'ftp://127.0.0.1/', 'nonsense']) {
      expect([refused, (await demo.post('/v2/webhooks', { body: { url: refused } })).status]).toEqual([refused, 400]);
    }
    expect((await demo.post('/v2/webhooks', { body: { url, secret: 'mine' } })).status).toBe(400);
    const hooks = [];
    for (let count = 0; count < 5; count += 1) hooks.push(await register(demo, `/many-${count}`));
    expect((await demo.post('/v2/webhooks', { body: { url } })).status).toBe(403);
    for (const hook of hooks) await remove(demo, hook);
  });
});
