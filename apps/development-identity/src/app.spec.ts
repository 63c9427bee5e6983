import { createLogger } from '#libs/platform';
import { createKeystoneIdentity } from '#libs/identity';
import { startDevelopmentIdentity } from './app.js';
import { imageEndpointsOf } from './config.js';

let url: string;
let close: () => Promise<void>;
let nowMs: number;
const startAt = Date.parse('2030-01-01T00:00:00Z');

beforeEach(async () => {
  nowMs = startAt;
  ({ url, close } = await startDevelopmentIdentity({
    host: '127.0.0.1', port: 0, password: 'pass', imageEndpoints: { RegionOne: 'http://127.0.0.1:9292' },
    logger: createLogger({ service: 'development-identity', region: 'all', level: 'silent' }), now: () => new Date(nowMs),
  }));
});
afterEach(() => close());

const inDefault = (name: string) => ({ name, domain: { id: 'default' } });
const byPassword = (name: string, password: string, scope?: unknown) => ({
  auth: { identity: { methods: ['password'], password: { user: { ...inDefault(name), password } } }, ...(scope === undefined ? {} : { scope }) },
});
const onProject = (name: string) => ({ project: inDefault(name) });

interface Body { readonly token: { roles: { name: string }[]; expires_at: string; methods: string[]; project: { id: string }; catalog: { type: string; endpoints: { region: string; url: string }[] }[] }; [name: string]: unknown }
async function send(method: string, path: string, { token, subject, body }: { token?: string; subject?: string; body?: unknown } = {}) {
  const response = await fetch(`${url}${path}`, {
    method, headers: { ...(token ? { 'x-auth-token': token } : {}), ...(subject ? { 'x-subject-token': subject } : {}), ...(body ? { 'content-type': 'application/json' } : {}) },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: (text ? JSON.parse(text) : undefined) as Body };
}
async function tokenOf(name: string, project: string): Promise<string> {
  const { headers } = await send('POST', '/auth/tokens', { body: byPassword(name, 'pass', onProject(project)) });
  return headers.get('x-subject-token') ?? '';
}

describe('signing in', () => {
  it.each([
    ['admin', 'admin', ['admin', 'manager', 'member', 'reader']], ['admin', 'demo', ['admin', 'manager', 'member', 'reader']], ['demo', 'demo', ['member', 'reader']],
    ['reader', 'demo', ['reader']], ['demo_reader', 'demo', ['reader']], ['alt_demo', 'alt_demo', ['member', 'reader']], ['alt_demo_reader', 'alt_demo', ['reader']],
    ['glance', 'service', ['admin', 'manager', 'member', 'reader', 'service']],
  ])('as %s on %s gives the roles %j', async (user, project, expected) => {
    const { status, body } = await send('POST', '/auth/tokens', { body: byPassword(user, 'pass', onProject(project)) });
    expect(status).toBe(201);
    expect(body.token.roles.map(({ name }) => name).toSorted()).toEqual(expected);
  });

  it('gives a catalogue with identity in two regions and image where it has an endpoint', async () => {
    const { body } = await send('POST', '/auth/tokens', { body: byPassword('demo', 'pass', onProject('demo')) });
    const regions = Object.fromEntries(body.token.catalog.map(({ type, endpoints }) => [type, [...new Set(endpoints.map(({ region }) => region))]]));
    expect(regions).toEqual({ identity: ['RegionOne', 'RegionTwo'], image: ['RegionOne'] });
  });

  it.each<[string, unknown, number]>([
    ['a wrong password', byPassword('demo', 'wrong', onProject('demo')), 401],
    ['a password that is no text', byPassword('demo', ['pass'] as never, onProject('demo')), 401],
    ['a user who is not there', byPassword('nobody', 'pass', onProject('demo')), 401],
    ['a project without a role on it', byPassword('demo', 'pass', onProject('alt_demo')), 401],
    ['a project that is not there', byPassword('demo', 'pass', onProject('nowhere')), 401],
    ['the system, for a user without a role on it', byPassword('demo', 'pass', { system: { all: true } }), 401],
    ['another domain', { auth: { identity: { methods: ['password'], password: { user: { name: 'demo', domain: { id: 'other' }, password: 'pass' } } } } }, 401],
    ['a token nobody gave out', { auth: { identity: { methods: ['token'], token: { id: 'made-up' } } } }, 401],
    ['an unknown method', { auth: { identity: { methods: ['totp'] } } }, 400],
    ['no method', { auth: {} }, 400],
    ['nothing', {}, 400],
    ['too much', { auth: 'x'.repeat(70_000) }, 413],
  ])('with %s is refused', async (_, body, status) => {
    const answer = await send('POST', '/auth/tokens', { body });
    expect(answer).toMatchObject({ status, body: { error: { code: status } } });
    expect(answer.headers.get('x-subject-token')).toBeNull();
  });

  it('works without scope, and a scope is taken with that token, which does not live longer for it', async () => {
    const first = await send('POST', '/auth/tokens', { body: byPassword('demo', 'pass') });
    expect(first.body.token).not.toHaveProperty('catalog');
    nowMs += 3600_000;
    const id = first.headers.get('x-subject-token');
    const second = await send('POST', '/auth/tokens', { body: { auth: { identity: { methods: ['token'], token: { id } }, scope: onProject('demo') } } });
    expect(second.body.token).toMatchObject({ methods: ['token', 'password'], expires_at: first.body.token.expires_at, project: { name: 'demo' } });
  });

  it('gives an administrator the system and the domain', async () => {
    const system = await send('POST', '/auth/tokens', { body: byPassword('admin', 'pass', { system: { all: true } }) });
    const domain = await send('POST', '/auth/tokens', { body: byPassword('admin', 'pass', { domain: { name: 'Default' } }) });
    expect([system.body.token, domain.body.token]).toEqual([expect.objectContaining({ system: { all: true } }), expect.objectContaining({ domain: { id: 'default', name: 'Default' } })]);
  });
});

describe('a token', () => {
  it('is validated for services, for administrators and for its holder, and for nobody else', async () => {
    const [demo, alt, admin, glance] = await Promise.all([tokenOf('demo', 'demo'), tokenOf('alt_demo', 'alt_demo'), tokenOf('admin', 'admin'), tokenOf('glance', 'service')]);
    const second = await tokenOf('demo', 'demo');
    const asked = await Promise.all([demo, second, admin, glance, alt].map((token) => send('GET', '/auth/tokens', { token, subject: demo })));
    expect(asked.map(({ status }) => status)).toEqual([200, 200, 200, 200, 403]);
    expect(await send('HEAD', '/auth/tokens', { token: demo, subject: demo })).toMatchObject({ status: 200, body: undefined });
    expect((await send('GET', '/auth/tokens', { subject: demo })).status).toBe(401);
    expect((await send('GET', '/auth/tokens', { token: glance, subject: 'made-up' })).status).toBe(404);
    expect((await send('GET', '/auth/tokens', { token: glance })).status).toBe(400);
  });

  it('ends when it is revoked', async () => {
    const token = await tokenOf('demo', 'demo');
    expect((await send('DELETE', '/auth/tokens', { token, subject: token })).status).toBe(204);
    expect((await send('GET', '/auth/projects', { token })).status).toBe(401);
  });

  it('ends after a day, though a service may still ask about it for two more', async () => {
    const old = await tokenOf('demo', 'demo');
    nowMs += 24 * 3600_000;
    const glance = await tokenOf('glance', 'service');
    expect((await send('GET', '/auth/projects', { token: old })).status).toBe(401);
    expect((await send('GET', '/auth/tokens', { token: glance, subject: old })).status).toBe(404);
    expect((await send('GET', '/auth/tokens?allow_expired=1', { token: glance, subject: old })).status).toBe(200);
  });

  it('is understood by what validates tokens for the gateway', async () => {
    const identity = createKeystoneIdentity({
      authUrl: url, now: () => new Date(nowMs),
      serviceUser: { username: 'glance', password: 'pass', projectName: 'service', userDomainId: 'default', projectDomainId: 'default' },
    });
    await identity.check();
    expect(await identity.callerOf(await tokenOf('demo', 'demo'), await tokenOf('glance', 'service')))
      .toMatchObject({ userName: 'demo', projectName: 'demo', roles: ['member', 'reader'], isService: true, scope: 'project' });
    await expect(identity.callerOf('made-up')).rejects.toMatchObject({ code: 'NotAuthenticated' });
  });
});

describe('what it knows', () => {
  it('is listed for administrators, and found by name by everybody', async () => {
    const [admin, demo] = await Promise.all([tokenOf('admin', 'admin'), tokenOf('demo', 'demo')]);
    for (const collection of ['projects', 'users', 'domains', 'roles', 'regions', 'services', 'endpoints']) {
      expect(await send('GET', `/${collection}`, { token: admin })).toMatchObject({ status: 200, body: { [collection]: expect.arrayContaining([expect.anything()]) } });
      expect((await send('GET', `/${collection}`, { token: demo })).status).toBe(403);
      expect((await send('GET', `/${collection}`)).status).toBe(401);
    }
    const found = await send('GET', '/projects?name=alt_demo', { token: demo });
    expect(found.body['projects']).toEqual([expect.objectContaining({ name: 'alt_demo', domain_id: 'default' })]);
    expect((await send('GET', '/users/admin', { token: demo })).status).toBe(404);
    expect((await send('GET', '/tables', { token: admin })).status).toBe(404);
  });

  it('keeps its ids from one start to the next', async () => {
    const { body } = await send('POST', '/auth/tokens', { body: byPassword('demo', 'pass', onProject('demo')) });
    expect(body.token.project.id).toBe('03830dc538ee2ddf4078aab258fb7107');
  });

  it('cannot be changed', async () => {
    const answer = await send('POST', '/projects', { token: await tokenOf('admin', 'admin'), body: { project: { name: 'new' } } });
    expect(answer).toMatchObject({ status: 403, body: { error: { message: expect.stringContaining('fixed') as unknown } } });
  });
});

describe('the development identity', () => {
  it.each(['0.0.0.0', '::', '192.168.1.10', 'example.org', '127.0.0.1.example.org', ''])('refuses to listen at %j', async (host) => {
    const options = { host, port: 0, password: 'pass', imageEndpoints: {}, logger: createLogger({ service: 'x', region: 'x', level: 'silent' }) };
    await expect(startDevelopmentIdentity(options)).rejects.toThrow('loopback only');
  });

  it('says on every answer that it is not for production', async () => {
    for (const path of ['', '/nowhere', '/auth/tokens']) {
      expect((await send('GET', path)).headers.get('x-heliograph-development-identity')).toMatch(/^not for production/);
    }
  });

  it('is discovered as Keystone v3', async () => {
    const root = await fetch(url.replace('/v3', '/'));
    expect([root.status, await root.json()]).toEqual([300, { versions: { values: [expect.objectContaining({ id: 'v3.14', links: [{ rel: 'self', href: `${url}/` }] })] } }]);
    expect((await send('GET', '/')).body).toMatchObject({ version: { status: 'stable' } });
  });

  it.each(['', '[]x', '"http://x"', '{"RegionOne":7}', '{"RegionOne":"nowhere"}'])('refuses %j for image endpoints', (text) => {
    expect(() => imageEndpointsOf(text)).toThrow('must be a JSON object');
  });
});

describe('limits', () => {
  const registered = async (token: string, query = '') => (await send('GET', `/registered_limits${query}`, { token })).body['registered_limits'] as { id: string; resource_name: string; service_id: string; default_limit: number }[];
  const projectId = async () => (await send('POST', '/auth/tokens', { body: byPassword('demo', 'pass', onProject('demo')) })).body.token.project.id;

  it('of Glance are registered from the start, and an administrator changes them', async () => {
    const admin = await tokenOf('admin', 'admin');
    expect((await registered(admin)).map((limit) => limit.resource_name).toSorted()).toEqual(['image_count_total', 'image_count_uploading', 'image_size_total', 'image_stage_total']);
    const [limit] = await registered(admin, '?resource_name=image_count_total');
    const change = (token: string) => send('PATCH', `/registered_limits/${limit?.id}`, { token, body: { registered_limit: { default_limit: 3 } } });
    expect([(await change(await tokenOf('demo', 'demo'))).status, (await change(admin)).status]).toEqual([403, 200]);
    expect((await registered(admin, '?resource_name=image_count_total'))[0]).toMatchObject({ ...limit, default_limit: 3 });
  });

  it('of a project are made, changed and taken away again; others do not see them', async () => {
    const [admin, id] = [await tokenOf('admin', 'admin'), await projectId()];
    const [{ service_id: serviceId } = { service_id: '' }] = await registered(admin);
    const body = { limits: [{ service_id: serviceId, project_id: id, resource_name: 'image_count_total', resource_limit: 2 }] };
    const made = await send('POST', '/limits', { token: admin, body });
    const [limit] = made.body['limits'] as { id: string }[];
    expect([made.status, (await send('POST', '/limits', { token: admin, body })).status]).toEqual([201, 409]);
    expect((await send('PATCH', `/limits/${limit?.id}`, { token: admin, body: { limit: { resource_limit: 4 } } })).body['limit']).toMatchObject({ id: limit?.id, resource_limit: 4 });
    const seenBy = async (user: string, project: string) => ((await send('GET', `/limits?project_id=${id}`, { token: await tokenOf(user, project) })).body['limits'] as unknown[]).length;
    expect([await seenBy('demo', 'demo'), await seenBy('alt_demo', 'alt_demo'), await seenBy('glance', 'service')]).toEqual([1, 0, 1]);
    expect((await send('DELETE', `/limits/${limit?.id}`, { token: admin })).status).toBe(204);
    expect((await send('GET', `/limits/${limit?.id}`, { token: admin })).status).toBe(404);
  });

  it.each([
    ['no list', { limits: {} }, 400], ['a limit that is no number', { limits: [{ resource_limit: '2' }] }, 400],
    ['a limit that nobody registered', { limits: [{ resource_name: 'cores', resource_limit: 2 }] }, 403], ['a project that is not there', { limits: [{ project_id: 'p', resource_limit: 2 }] }, 404],
  ])('are refused with %s', async (_, given, status) => {
    const [admin, id] = [await tokenOf('admin', 'admin'), await projectId()];
    const [{ service_id: serviceId } = { service_id: '' }] = await registered(admin);
    const limits = Array.isArray(given.limits) ? given.limits.map((each) => ({ service_id: serviceId, project_id: id, resource_name: 'image_count_total', ...each })) : given.limits;
    expect((await send('POST', '/limits', { token: admin, body: { limits } })).status).toBe(status);
  });

  it('are flat', async () => {
    expect((await send('GET', '/limits/model', { token: await tokenOf('demo', 'demo') })).body['model']).toMatchObject({ name: 'flat' });
  });
});
