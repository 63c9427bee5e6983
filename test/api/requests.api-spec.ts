import { once } from 'node:events';
import { connect } from 'node:net';
import { startApi, type Api } from './harness.js';

let api: Api;
beforeAll(async () => { api = await startApi({ 'cors.allowed_origin': 'https://horizon.example' }); });
afterAll(() => api.stop());

/** What comes back for bytes that no HTTP client would send. */
async function raw(text: string): Promise<string> {
  const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
  socket.write(text);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  await once(socket, 'close');
  return Buffer.concat(chunks).toString();
}

describe('Authentication', () => {
  it('refuses with 401 and the address of the identity service who has no valid token', async () => {
    for (const headers of [{}, { 'x-auth-token': '' }, { 'x-auth-token': 'stolen' }]) {
      const answer = await api.as(undefined).get('/v2/images', { headers });
      expect([answer.status, answer.headers.get('www-authenticate')]).toEqual([401, 'Keystone uri="http://127.0.0.1:5000"']);
    }
  });

  it('asks for the token before it says whether a path exists', async () => {
    expect((await api.as(undefined).get('/v2/nothing')).status).toBe(401);
    expect((await api.as(undefined).request('PUT', '/v2/images')).status).toBe(401);
  });

  it.each(['//v2/images', '/%76%32/images', '/v2%2Fimages', '/V2/images', '/versions/../v2/images', '/v2.7//images', '/./v2/images'])('cannot be gone around by writing the path as %s', async (path) => {
    const answer = await raw(`GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1.1 (200|300|401|404) /);
    expect(answer).not.toContain('"images"');
  });

  it('does not wait for the data of who is refused', async () => {
    const socket = connect(Number(new URL(api.url).port), '127.0.0.1');
    socket.on('error', () => undefined);
    let answer = '';
    socket.on('data', (chunk: Buffer) => { answer += chunk.toString(); });
    socket.write('PUT /v2/images/x/file HTTP/1.1\r\nHost: x\r\nContent-Type: application/octet-stream\r\nContent-Length: 1000000000000\r\n\r\n');
    const sending = setInterval(() => socket.write(Buffer.alloc(1024)), 10);
    await once(socket, 'close');
    clearInterval(sending);
    expect(answer).toMatch(/^HTTP\/1.1 401 [^]*\r\nconnection: close\r\n/i);
  });

  it('forbids tokens that are not scoped to a project', async () => {
    expect((await api.as('systemAdmin').get('/v2/images')).status).toBe(403);
    expect((await api.as('systemAdmin').post('/v2/images', { body: {} })).status).toBe(403);
  });

  it('shows no image to tokens that are not scoped to a project', async () => {
    const path = `/v2/images/${await api.as('demo').image({ visibility: 'community' })}`;
    expect((await api.as('systemAdmin').get(path)).status).toBe(404);
    expect((await api.as('systemAdmin').delete(path)).status).toBe(404);
    expect((await api.as('systemAdmin').post(`${path}/actions/deactivate`)).status).toBe(404);
  });

  it('never writes a token to the log', async () => {
    await api.as('demo').get('/v2/images', { headers: { 'x-service-token': 'a-secret-service-token' } });
    await api.as(undefined).get('/v2/images', { headers: { 'x-auth-token': 'a-secret-token' } });
    const lines = api.logged.filter((line) => line.includes('answered')).map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.every(({ request_id }) => /^req-/.test(String(request_id)))).toBe(true);
    expect(api.logged.join('')).not.toMatch(/a-secret/);
  });
});

describe('Request ids', () => {
  it('answers with a new one, or with the client\'s own', async () => {
    expect((await api.as('demo').get('/v2/images')).headers.get('x-openstack-request-id')).toMatch(/^req-[0-9a-f-]{36}$/);
    expect((await api.as('demo').get('/v2/images', { headers: { 'x-openstack-request-id': 'req-mine' } })).headers.get('x-openstack-request-id')).toBe('req-mine');
    expect((await api.as(undefined).get('/v2/images')).headers.get('x-openstack-request-id')).toMatch(/^req-/);
  });

  it('puts req- before a client\'s own that has none, as OpenStack\'s log tools look for it', async () => {
    expect((await api.as('demo').get('/v2/images', { headers: { 'x-openstack-request-id': 'mine' } })).headers.get('x-openstack-request-id')).toBe('req-mine');
  });

  it('refuses one of more than 64 characters', async () => {
    expect((await api.as('demo').get('/v2/images', { headers: { 'x-openstack-request-id': 'x'.repeat(64) } })).status).toBe(200);
    expect((await api.as('demo').get('/v2/images', { headers: { 'x-openstack-request-id': 'x'.repeat(65) } })).status).toBe(431);
  });
});

describe('Error bodies', () => {
  const unknown = '/v2/images/11111111-1111-4111-8111-111111111111';

  it('are a page for who accepts anything, JSON for who names it, text for all others', async () => {
    const page = await api.as('demo').get(unknown, { headers: { accept: '*/*' } });
    expect([page.status, page.headers.get('content-type')]).toEqual([404, 'text/html; charset=UTF-8']);
    expect(page.text).toContain('<title>404 Not Found</title>');
    const json = await api.as('demo').get(unknown, { headers: { accept: 'application/json' } });
    expect(json.json()).toEqual({ message: `No image found with ID ${unknown.slice(11)}.`, code: '404 Not Found', title: 'Not Found' });
    const text = await api.as('demo').get(unknown, { headers: { accept: 'text/csv' } });
    expect([text.headers.get('content-type'), text.text.split('\n')[0]]).toEqual(['text/plain; charset=UTF-8', '404 Not Found']);
  });

  it('carry no markup of the client', async () => {
    const answer = await api.as('demo').get(`/v2/images/${encodeURIComponent('<script>alert(1)</script>')}`, { headers: { accept: 'text/html' } });
    expect(answer.status).toBe(404);
    expect(answer.text).not.toContain('<script>');
  });
});

describe('Paths and methods', () => {
  it.each([
    ['HEAD', '/v2/images/x', 405], ['PUT', '/v2/images', 405], ['GET', '/v2/images/x/tags/y', 405], ['GET', '/v2/nothing', 404], ['GET', '/v2/images/', 404],
    ['GET', '/v2/images/x/y', 404], ['PROPFIND', '/v2/nothing', 501], ['PROPFIND', '/v2/images', 405],
  ])('%s %s is %d', async (method, path, status) => {
    expect((await api.as('demo').request(method, path)).status).toBe(status);
  });

  it('name the allowed methods in a 405', async () => {
    const allowed = (await api.as('demo').request('POST', '/v2/images/x')).headers.get('allow')?.split(', ') ?? [];
    expect(allowed.sort()).toEqual(['DELETE', 'GET', 'PATCH']);
  });

  it('refuse a method that HTTP does not know, and what is no HTTP', async () => {
    expect(await raw('BREW /v2/images HTTP/1.1\r\nHost: x\r\n\r\n')).toMatch(/^HTTP\/1.1 501 /);
    expect(await raw('hello\r\n\r\n')).toMatch(/^HTTP\/1.1 (400|501) /);
  });

  it('refuse a path or a query that cannot be decoded', async () => {
    expect(await raw('GET /v2/images/%ff HTTP/1.1\r\nHost: x\r\nX-Auth-Token: demo\r\nConnection: close\r\n\r\n')).toMatch(/^HTTP\/1.1 400 /);
    expect((await api.as('demo').get('/v2/images?name=%ff')).status).toBe(400);
    expect((await api.as('demo').get('/v2/images?name=a%00b')).status).toBe(400);
  });
});

describe('Request bodies', () => {
  it.each([
    ['nothing', undefined], ['no JSON', '{'], ['a number', '7'], ['a text', '"x"'], ['null', 'null'], ['a list', '[]'], ['a NUL', '{"name":"a\\u0000b"}'],
    ['half a surrogate pair', '{"name":"\\ud800"}'], ['a NUL in a name', '{"a\\u0000":"b"}'],
  ])('are refused with 400 where an object is wanted and %s comes', async (_, body) => {
    expect((await api.as('demo').post('/v2/images', { body })).status).toBe(400);
  });

  it('are refused with 413 over 1 MiB, announced or not', async () => {
    const large = JSON.stringify({ name: 'x', filler: 'y'.repeat(1024 * 1024) });
    expect((await api.as('demo').post('/v2/images', { body: large })).status).toBe(413);
    const chunks = [Buffer.from(large)];
    const response = await fetch(`${api.url}/v2/images`, {
      method: 'POST', headers: { 'x-auth-token': 'demo' }, body: new ReadableStream({ pull(controller) { const next = chunks.pop(); if (next) controller.enqueue(next); else controller.close(); } }),
      duplex: 'half',
    } as RequestInit);
    expect(response.status).toBe(413);
  });

  it('may come in chunks, with any media type', async () => {
    const body = '{"name":"in chunks"}';
    const answer = await raw(`POST /v2/images HTTP/1.1\r\nHost: x\r\nX-Auth-Token: demo\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`);
    expect(answer).toMatch(/^HTTP\/1.1 201 /);
  });

  it('are refused with 400 where none is expected', async () => {
    const id = await api.as('demo').image();
    expect((await api.as('demo').delete(`/v2/images/${id}`, { body: {} })).status).toBe(400);
    expect((await api.as('demo').post(`/v2/images/${id}/actions/deactivate`, { body: {} })).status).toBe(400);
    expect((await api.as('demo').put(`/v2/images/${id}/tags/x`, { body: {} })).status).toBe(400);
    expect((await api.as('demo').delete(`/v2/images/${id}`, { headers: { 'content-type': 'application/octet-stream' } })).status).toBe(204);
  });
});

describe('CORS', () => {
  const origin = 'https://horizon.example';
  const preflight = (from: string, more: Record<string, string> = {}) => api.as(undefined).request('OPTIONS', '/v2/images/x/file', {
    headers: { origin: from, 'access-control-request-method': 'PUT', 'access-control-request-headers': 'X-Auth-Token, Content-Type', ...more },
  });

  it('lets pages of an allowed origin upload', async () => {
    const answer = await preflight(origin);
    expect([answer.status, answer.headers.get('access-control-allow-origin')]).toEqual([200, origin]);
    expect(answer.headers.get('access-control-allow-methods')).toContain('PUT');
    expect(answer.headers.get('access-control-allow-headers')).toContain('X-Auth-Token');
  });

  it('answers every OPTIONS, with nothing for who comes from no page', async () => {
    const answer = await api.as(undefined).request('OPTIONS', '/v2/images');
    expect([answer.status, answer.text, answer.headers.get('access-control-allow-origin')]).toEqual([200, '', null]);
  });

  it('gives nothing to other origins, or to headers that are not allowed', async () => {
    expect((await preflight('https://evil.example')).headers.get('access-control-allow-origin')).toBeNull();
    expect((await preflight(origin, { 'access-control-request-headers': 'X-Evil' })).headers.get('access-control-allow-origin')).toBeNull();
  });

  it('lets pages read answers, also refusals', async () => {
    for (const person of ['demo', undefined] as const) {
      const answer = await api.as(person).get('/v2/images', { headers: { origin } });
      expect(answer.headers.get('access-control-allow-origin')).toBe(origin);
      expect(answer.headers.get('access-control-expose-headers')).toContain('X-OpenStack-Request-ID');
    }
  });
});
