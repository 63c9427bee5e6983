import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { createKeystoneIdentity, type KeystoneOptions } from './keystone.js';

const startAt = Date.parse('2030-01-01T00:00:00Z');
let nowMs: number;
const after = (seconds: number): string => new Date(startAt + seconds * 1000).toISOString();

interface FakeToken { readonly expires_at: string; readonly roles: readonly { name: string }[]; readonly [name: string]: unknown }
const scoped = (changed: Partial<FakeToken> = {}): FakeToken => ({
  user: { id: 'u1', name: 'demo', domain: { id: 'default' } }, project: { id: 'p1', name: 'demo', domain: { id: 'default' } },
  roles: [{ name: 'Member' }, { name: 'reader' }], methods: ['password'], expires_at: after(3600),
  catalog: [{ type: 'image', name: 'glance', endpoints: [{ region_id: 'RegionTwo', interface: 'public', url: 'http://two' }] }], ...changed,
});

/** A Keystone on loopback: real HTTP, with what it knows and how it fails in the hands of each test. */
let tokens: Record<string, unknown>;
let validations: string[];
let signIns: number;
let signInBody: string;
let acceptedOwn: string;
let fails: ((response: ServerResponse) => void) | undefined;
let server: Server;
let url: string;

function answer(request: IncomingMessage, response: ServerResponse): void {
  const send = (status: number, body?: unknown, headers = {}): void => void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body ?? {}));
  if (fails) return fails(response);
  if (request.method === 'POST') {
    signIns += 1;
    signInBody = '';
    request.setEncoding('utf8').on('data', (text: string) => { signInBody += text; });
    acceptedOwn = `own-${signIns}`;
    return send(201, { token: { expires_at: after(600) } }, { 'x-subject-token': acceptedOwn });
  }
  const subject = String(request.headers['x-subject-token']);
  validations.push(`${subject}${request.url?.includes('allow_expired=1') ? '+' : ''}`);
  if (request.headers['x-auth-token'] !== acceptedOwn) return send(401);
  if (subject === acceptedOwn) return send(200, { token: scoped() });
  return subject in tokens ? send(200, { token: tokens[subject] }) : send(404);
}

beforeEach(async () => {
  [nowMs, validations, signIns, acceptedOwn, fails] = [startAt, [], 0, '', undefined];
  tokens = { good: scoped() };
  server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const warnings: string[] = [];
const identity = (changed: Partial<KeystoneOptions> = {}) => createKeystoneIdentity({
  authUrl: url, serviceUser: { username: 'glance', password: 'pw', projectName: 'service', userDomainId: 'default', projectDomainId: 'default' },
  now: () => new Date(nowMs), timeoutMs: 1000, warn: (message) => warnings.push(message), ...changed,
});

describe('a token', () => {
  it('tells who makes the request', async () => {
    expect(await identity().callerOf('good')).toEqual({
      userId: 'u1', userName: 'demo', userDomainId: 'default', projectId: 'p1', projectName: 'demo', projectDomainId: 'default', scope: 'project',
      roles: ['member', 'reader'], isAdmin: false, serviceRoles: [], isService: false, authMethods: ['password'], expiresAt: new Date(after(3600)),
      catalog: [{ type: 'image', name: 'glance', endpoints: [{ region: 'RegionTwo', interface: 'public', url: 'http://two' }] }],
    });
  });

  it('is validated by an application credential where there is one', async () => {
    await identity({ serviceUser: { applicationCredentialId: 'id', applicationCredentialSecret: 'hush' } }).callerOf('good');
    expect(JSON.parse(signInBody)).toEqual({ auth: { identity: { methods: ['application_credential'], application_credential: { id: 'id', secret: 'hush' } } } });
  });

  it.each([
    ['system', { project: undefined, system: { all: true } }], ['domain', { project: undefined, domain: { id: 'd1' } }], ['unscoped', { project: undefined, roles: undefined }],
  ])('of scope %s belongs to no project', async (scope, changed) => {
    tokens['other'] = { ...scoped(), ...changed };
    expect(await identity().callerOf('other')).toMatchObject({ scope, projectId: null });
  });

  it.each([undefined, '', 'unknown', 'two words', 'line\nbreak', 'ü', 'x'.repeat(20_000)])('that is no good is refused as 401: %j', async (token) => {
    await expect(identity().callerOf(token)).rejects.toMatchObject({ code: 'NotAuthenticated' });
  });

  it('is not asked about again for token_cache_time, and no longer', async () => {
    const keystone = identity({ tokenCacheTime: 60 });
    expect(keystone.knownCallerOf('good')).toBeUndefined();
    const caller = await keystone.callerOf('good');
    nowMs += 59_000;
    expect(keystone.knownCallerOf('good')).toBe(caller);
    expect(await keystone.callerOf('good')).toBe(caller);
    expect(validations).toEqual(['good']);
    nowMs += 1000;
    expect(keystone.knownCallerOf('good')).toBeUndefined();
    await keystone.callerOf('good');
    expect(validations).toEqual(['good', 'good']);
  });

  it('is over when it expires, cached or not', async () => {
    tokens['short'] = scoped({ expires_at: after(10) });
    const keystone = identity();
    await keystone.callerOf('short');
    nowMs += 10_000;
    expect(keystone.knownCallerOf('short')).toBeUndefined();
    await expect(keystone.callerOf('short')).rejects.toMatchObject({ code: 'NotAuthenticated' });
  });

  it('that was refused is refused without asking, for a short while', async () => {
    const keystone = identity();
    for (const _ of [1, 2, 3]) await expect(keystone.callerOf('late')).rejects.toMatchObject({ code: 'NotAuthenticated' });
    expect(validations).toEqual(['late']);
    tokens['late'] = scoped();
    nowMs += 10_000;
    expect(await keystone.callerOf('late')).toMatchObject({ userId: 'u1' });
  });

  it('that many requests carry at once is asked about once', async () => {
    const keystone = identity();
    const callers = await Promise.all(Array.from({ length: 50 }, () => keystone.callerOf('good')));
    expect(new Set(callers).size).toBe(1);
    expect([validations, signIns]).toEqual([['good'], 1]);
  });
});

describe('a service token', () => {
  beforeEach(() => {
    tokens['nova'] = scoped({ roles: [{ name: 'Service' }] });
    tokens['friend'] = scoped({ roles: [{ name: 'member' }] });
  });

  it('adds its roles, and makes the request one of a service', async () => {
    const keystone = identity();
    expect(await keystone.callerOf('good', 'nova')).toMatchObject({ roles: ['member', 'reader'], serviceRoles: ['service'], isService: true });
    expect(keystone.knownCallerOf('good', 'nova')).toMatchObject({ serviceRoles: ['service'], isService: true });
    expect(await keystone.callerOf('good')).toMatchObject({ serviceRoles: [], isService: false });
  });

  it.each(['unknown', 'not a token'])('that is no good adds nothing: %s', async (token) => {
    expect(await identity().callerOf('good', token)).toMatchObject({ serviceRoles: [], isService: false });
  });

  it('lets a user token pass that expired while the service worked', async () => {
    tokens['old'] = scoped({ expires_at: after(-60) });
    const keystone = identity({ serviceTokenRolesRequired: true });
    await expect(keystone.callerOf('old')).rejects.toMatchObject({ code: 'NotAuthenticated' });
    await expect(keystone.callerOf('old', 'friend')).rejects.toMatchObject({ code: 'NotAuthenticated' });
    expect(await keystone.callerOf('old', 'nova')).toMatchObject({ userId: 'u1', isService: true });
    expect(validations).toContain('old+');
    await expect(keystone.callerOf('old')).rejects.toMatchObject({ code: 'NotAuthenticated' });
  });
});

describe('our own token', () => {
  it('is renewed before it expires', async () => {
    const keystone = identity({ tokenCacheTime: 0 });
    await keystone.callerOf('good');
    nowMs += 539_000;
    await keystone.callerOf('good');
    expect(signIns).toBe(1);
    nowMs += 1000;
    await keystone.callerOf('good');
    expect(signIns).toBe(2);
  });

  it('is renewed when Keystone no longer takes it', async () => {
    const keystone = identity({ tokenCacheTime: 0 });
    await keystone.callerOf('good');
    acceptedOwn = 'another';
    expect(await keystone.callerOf('good')).toMatchObject({ userId: 'u1' });
    expect(signIns).toBe(2);
  });

  it('is checked for readiness, with the reason when it fails', async () => {
    await expect(identity().check()).resolves.toBeUndefined();
    fails = (response) => void response.writeHead(401).end();
    await expect(identity().check()).rejects.toThrow('our own service user was not let in: status 401');
  });
});

describe('a Keystone that fails', () => {
  const failures: [string, (response: ServerResponse) => void][] = [
    ['answers 503', (response) => void response.writeHead(503).end()],
    ['hangs up', (response) => void response.destroy()],
    ['says nothing', () => undefined],
    ['answers with something else', (response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>')],
    ['answers without end', (response) => void response.writeHead(200, { 'content-type': 'application/json' }).end(Buffer.alloc(5 * 1024 * 1024, 32))],
  ];

  it.each(failures)('and %s makes new tokens wait (503), while known ones go on', async (_, failure) => {
    const keystone = identity({ timeoutMs: 150 });
    await keystone.callerOf('good');
    warnings.length = 0;
    fails = failure;
    await expect(keystone.callerOf('unseen-secret')).rejects.toMatchObject({ code: 'Unavailable', params: { what: 'The identity service' } });
    expect(await keystone.callerOf('good')).toMatchObject({ userId: 'u1' });
    expect(warnings.join()).toMatch(/could not validate a token/);
    expect(warnings.join()).not.toMatch(/unseen-secret|own-|pw/);
    fails = undefined;
    tokens['unseen-secret'] = scoped();
    expect(await keystone.callerOf('unseen-secret')).toMatchObject({ userId: 'u1' });
  });

  it('once is asked again', async () => {
    const keystone = identity();
    await keystone.callerOf('good');
    tokens['second'] = scoped();
    fails = (response) => {
      fails = undefined;
      response.writeHead(500).end();
    };
    expect(await keystone.callerOf('second')).toMatchObject({ userId: 'u1' });
  });
});

describe('the way to Keystone', () => {
  it.each(['', '/', '/v3', '/v3/'])('may be written with %j at its end', async (end) => {
    expect(await identity({ authUrl: `${url}${end}` }).callerOf('good')).toMatchObject({ userId: 'u1' });
  });

  it('is told to those who are refused', () => {
    expect(identity({ wwwAuthenticateUri: 'https://keystone.example/' }).wwwAuthenticate).toBe('Keystone uri="https://keystone.example"');
  });
});
