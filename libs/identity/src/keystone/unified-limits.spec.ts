import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createUnifiedLimits, type UnifiedLimitsOptions } from './unified-limits.js';

/** A Keystone on loopback that knows of limits: what was asked, and what it answers, is in the hands of each test. */
let server: Server;
let url: string;
let asked: string[];
let scopes: unknown[];
let answers: Record<string, unknown>;
let nowMs: number;

beforeEach(async () => {
  [asked, scopes, nowMs] = [[], [], Date.parse('2030-01-01T00:00:00Z')];
  answers = {
    '/v3/services?type=image': { services: [{ id: 'image-service' }] },
    '/v3/endpoints/e1': { endpoint: { service_id: 'image-service', region_id: 'RegionOne' } },
    '/v3/registered_limits?service_id=image-service': { registered_limits: [
      { resource_name: 'image_count_total', region_id: 'RegionOne', default_limit: 7 }, { resource_name: 'image_count_total', region_id: null, default_limit: 5 },
      { resource_name: 'image_count_total', region_id: 'RegionTwo', default_limit: 9 }, { resource_name: 'image_size_total', region_id: null, default_limit: -1 },
    ] },
    '/v3/limits?service_id=image-service&project_id=p1': { limits: [] },
    '/v3/limits?service_id=image-service&project_id=p2': { limits: [{ resource_name: 'image_size_total', region_id: 'RegionOne', resource_limit: 3 }] },
  };
  server = createServer((request, response) => {
    const send = (status: number, body: unknown, headers = {}): void => void response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body));
    if (request.method === 'POST') {
      let text = '';
      request.setEncoding('utf8').on('data', (chunk: string) => { text += chunk; }).on('end', () => {
        scopes.push((JSON.parse(text) as { auth: { scope: unknown } }).auth.scope);
        send(201, { token: { expires_at: '2030-01-01T01:00:00Z' } }, { 'x-subject-token': `own-${scopes.length}` });
      });
      return;
    }
    asked.push(request.url ?? '');
    if (request.headers['x-auth-token'] !== `own-${scopes.length}`) return send(401, {});
    const answer = answers[request.url ?? ''];
    return send(answer === undefined ? 403 : 200, answer ?? {});
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(() => { server.close(); server.closeAllConnections(); });

const limits = (more: Partial<UnifiedLimitsOptions> = {}) => createUnifiedLimits({
  authUrl: url, serviceUser: { username: 'glance', password: 'secret', userDomainId: 'default', systemScope: true }, endpoint: { serviceType: 'image', region: 'RegionOne' },
  now: () => new Date(nowMs), ...more,
});

describe('Limits of a project at Keystone', () => {
  it('are its own, else the default of the region, else that of all regions; -1 is none', async () => {
    expect(await limits().limitsOf('p1', { maxAgeMs: 0 })).toEqual({ image_count_total: 7, image_size_total: Infinity });
    expect(await limits().limitsOf('p2', { maxAgeMs: 0 })).toEqual({ image_count_total: 7, image_size_total: 3 });
  });

  it('are read by who is scoped to the whole system, and belong to the service of the endpoint', async () => {
    expect(await limits({ endpoint: { id: 'e1' } }).limitsOf('p1', { maxAgeMs: 0 })).toMatchObject({ image_count_total: 7 });
    expect([scopes, asked[0]]).toEqual([[{ system: { all: true } }], '/v3/endpoints/e1']);
  });

  it('are asked for again when they are older than the caller wants', async () => {
    const at = limits();
    await at.limitsOf('p1', { maxAgeMs: 0 });
    answers['/v3/limits?service_id=image-service&project_id=p1'] = { limits: [{ resource_name: 'image_count_total', region_id: null, resource_limit: 1 }] };
    nowMs += 900;
    expect(await at.limitsOf('p1', { maxAgeMs: 1000 })).toMatchObject({ image_count_total: 7 });
    expect(await at.limitsOf('p1', { maxAgeMs: 900 })).toMatchObject({ image_count_total: 1 });
  });

  it('are asked for once by all who ask while an answer is under way, and never are older than the question', async () => {
    const at = limits();
    await at.limitsOf('p1', { maxAgeMs: 0 });
    asked = [];
    const first = at.limitsOf('p1', { maxAgeMs: 0 });
    const later = Array.from({ length: 20 }, () => at.limitsOf('p1', { maxAgeMs: 0 }));
    await first;
    answers['/v3/limits?service_id=image-service&project_id=p1'] = { limits: [{ resource_name: 'image_count_total', region_id: null, resource_limit: 1 }] };
    for (const told of await Promise.all(later)) expect(told).toMatchObject({ image_count_total: 1 });
    expect(asked).toHaveLength(4);
  });

  it('survive a token that is not accepted any more', async () => {
    const at = limits();
    await at.limitsOf('p1', { maxAgeMs: 0 });
    scopes.push('somebody else signed in');
    expect(await at.limitsOf('p1', { maxAgeMs: 0 })).toMatchObject({ image_count_total: 7 });
  });

  it('cannot be told where Keystone does not let us read them, which the operator is told', async () => {
    const warned: string[] = [];
    delete answers['/v3/registered_limits?service_id=image-service'];
    await expect(limits({ warn: (message) => warned.push(message) }).limitsOf('p1', { maxAgeMs: 0 })).rejects.toMatchObject({ code: 'Unavailable' });
    expect(warned[0]).toContain('GET /registered_limits was answered with status 403');
  });
});
