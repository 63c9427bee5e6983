import type { RequestListener } from 'node:http';
import { addressRules } from './address-rules.js';
import { LinkFailure } from './link-failure.js';
import { throwIfOutOfReach, type Reach } from './pinned-connection.js';
import { getFollowing, withoutSecrets, type FollowingRequest, type Hop } from './redirects.js';
import { defaultUriFilterOptions, uriFilter } from './uri-filter.js';
import { selfSigned } from '../test/certificate.js';
import { loopbackReach, startOrigin, type Origin, type OriginOptions } from '../test/origin.js';

const opened: Origin[] = [];
const start = async (answer: RequestListener, options?: OriginOptions): Promise<Origin> => {
  const origin = await startOrigin(answer, options);
  opened.push(origin);
  return origin;
};
afterEach(async () => {
  await Promise.all(opened.splice(0).map((origin) => origin.close()));
});

const hello: RequestListener = (_, response) => { response.end('hello'); };
const to = (location: string, status = 302): RequestListener => (_, response) => { response.writeHead(status, { location }).end(); };
const openAddress = (network: string) => addressRules({ allowedNetworks: [network] });

interface Got { readonly status: number; readonly text: string; readonly uri: string; readonly hops: readonly Hop[] }

async function get(uri: string, reach: Reach, changes: Partial<FollowingRequest> = {}): Promise<Got> {
  const hops: Hop[] = [];
  const { response, uri: answeredBy } = await getFollowing(uri, reach, {
    headers: {}, headersOfOrigin: { origin: URL.canParse(uri) ? new URL(uri).origin : '', headers: {} }, maxRedirects: 5, signal: new AbortController().signal, answerTimeoutMs: 5000,
    onHop: (hop) => { hops.push(hop); }, ...changes,
  });
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return { status: response.statusCode ?? 0, text, uri: answeredBy, hops };
}

/** The code of the Problem, or the reason of the failed link. */
const refusalOf = async (promise: Promise<unknown>): Promise<unknown> => promise.then(() => 'answered', (error: unknown) => (error instanceof LinkFailure ? error.reason : error));
const notAllowed = { code: 'UriNotAllowed' };
const inside = (host: string) => ({ code: 'UriNotAllowed', params: { part: `its host ${host} was not found or lies where images may not come from` } });

describe('A connection to a host that a tenant named', () => {
  it('reaches an address that is allowed, with the name in the Host header', async () => {
    const origin = await start(hello);
    const { text, hops } = await get(`http://images.example:${origin.port}/a?sig=1#x`, loopbackReach());
    expect(text).toBe('hello');
    expect(origin.requests[0]).toMatchObject({ url: '/a?sig=1', headers: { host: `images.example:${origin.port}` } });
    expect(hops).toEqual([{ uri: `http://images.example:${origin.port}/a`, address: '127.0.0.1', status: 200 }]);
  });

  it.each(['127.0.0.1', '[::ffff:127.0.0.1]', 'localhost'])('is refused for %s by default and nobody is connected to', async (host) => {
    const origin = await start(hello);
    const { resolve: _, ...system } = loopbackReach({ addressRules: addressRules({ allowedNetworks: [] }) });
    await expect(get(`http://${host}:${origin.port}/`, system)).rejects.toMatchObject(notAllowed);
    expect(origin.connections()).toBe(0);
  });

  it('is refused for a name as long as one of its addresses lies inside', async () => {
    const origin = await start(hello);
    const reach = loopbackReach({ resolve: async () => ['127.0.0.1', '10.0.0.1'] });
    await expect(get(`http://images.example:${origin.port}/`, reach)).rejects.toMatchObject(inside('images.example'));
    expect(origin.connections()).toBe(0);
  });

  it('does not tell a name that does not exist from one that lies inside', async () => {
    const unknown = loopbackReach({ resolve: async () => { throw Object.assign(new Error('getaddrinfo ENOTFOUND db.internal'), { code: 'ENOTFOUND' }); } });
    await expect(get('http://db.internal/', unknown)).rejects.toMatchObject(inside('db.internal'));
    await expect(get('http://db.internal/', loopbackReach({ resolve: async () => ['10.1.2.3'] }))).rejects.toMatchObject(inside('db.internal'));
    await expect(get('http://db.internal/', loopbackReach({ resolve: async () => [] }))).rejects.toMatchObject(inside('db.internal'));
  });

  it('is refused for an address in disallowed_hosts, whatever name leads to it', async () => {
    const reach = loopbackReach({ filter: uriFilter({ ...defaultUriFilterOptions, allowedPorts: [], disallowedHosts: ['127.0.0.1'] }) });
    const origin = await start(hello);
    await expect(get(`http://images.example:${origin.port}/`, reach)).rejects.toMatchObject(inside('images.example'));
    expect(origin.connections()).toBe(0);
  });

  it('reaches a private address where the operator named its host in allowed_hosts', async () => {
    const origin = await start(hello);
    const filter = uriFilter({ ...defaultUriFilterOptions, allowedPorts: [], allowedHosts: ['mirror.intranet'] });
    expect((await get(`http://mirror.intranet:${origin.port}/`, loopbackReach({ filter, addressRules: addressRules({ allowedNetworks: [] }) }))).text).toBe('hello');
  });

  it('goes to the address that was judged, though the name leads inside a moment later (rebinding)', async () => {
    const outside = await start(hello, { address: '127.0.0.2' });
    const within = await start(hello, { address: '127.0.0.1', port: outside.port });
    const lookUps: string[] = [];
    const resolve = async (host: string) => (lookUps.push(host) === 1 ? ['127.0.0.2'] : ['127.0.0.1']);
    const reach = loopbackReach({ resolve, addressRules: openAddress('127.0.0.2') });
    expect((await get(`http://rebind.example:${outside.port}/`, reach)).hops).toMatchObject([{ address: '127.0.0.2' }]);
    await expect(get(`http://rebind.example:${outside.port}/`, reach)).rejects.toMatchObject(notAllowed);
    expect([lookUps.length, outside.connections(), within.connections()]).toEqual([2, 1, 0]);
  });

  it('looks a name up anew for every redirect, so that rebinding between two hops is refused', async () => {
    const outside = await start(to('/again'), { address: '127.0.0.2' });
    const within = await start(hello, { address: '127.0.0.1', port: outside.port });
    let lookUps = 0;
    const resolve = async () => (lookUps++ === 0 ? ['127.0.0.2'] : ['127.0.0.1']);
    await expect(get(`http://rebind.example:${outside.port}/`, loopbackReach({ resolve, addressRules: openAddress('127.0.0.2') }))).rejects.toMatchObject(notAllowed);
    expect([lookUps, outside.connections(), within.connections()]).toEqual([2, 1, 0]);
  });

  it('tries the next address where nobody answers at the first', async () => {
    const origin = await start(hello);
    const reach = loopbackReach({ resolve: async () => ['127.0.0.3', '127.0.0.1'], addressRules: openAddress('127.0.0.0/8') });
    expect((await get(`http://images.example:${origin.port}/`, reach)).hops).toMatchObject([{ address: '127.0.0.1' }]);
  });

  it('tries the next address where the first stays silent, each for its share of the time', async () => {
    const silent = await start(() => {}, { address: '127.0.0.3' });
    await start(hello, { port: silent.port });
    const reach = loopbackReach({ resolve: async () => ['127.0.0.3', '127.0.0.1'], addressRules: openAddress('127.0.0.0/8') });
    expect((await get(`http://images.example:${silent.port}/`, reach, { answerTimeoutMs: 2000 })).hops).toMatchObject([{ address: '127.0.0.1' }]);
    expect(silent.connections()).toBe(1);
  });

  it('waits no longer than it may for a look-up, an answer, or headers that come one byte at a time', async () => {
    const never = loopbackReach({ resolve: () => new Promise(() => {}) });
    expect(await refusalOf(get('http://images.example/', never, { answerTimeoutMs: 100 }))).toBe('the server did not answer within 0.1 seconds');
    const drip = await start((request) => {
      const timer = setInterval(() => { request.socket.write('H'); }, 20);
      request.socket.write('HTTP/1.1 200 OK\r\nX-Slow: ');
      request.socket.on('close', () => { clearInterval(timer); });
    });
    expect(await refusalOf(get(`http://images.example:${drip.port}/`, loopbackReach(), { answerTimeoutMs: 300 }))).toBe('the server did not answer within 0.3 seconds');
  });

  it('ends at once when its signal says so, with the reason of the signal', async () => {
    const silent = await start(() => {});
    const stop = new AbortController();
    const answer = refusalOf(get(`http://images.example:${silent.port}/`, loopbackReach(), { signal: stop.signal }));
    const reason = new Error('cancelled');
    setTimeout(() => { stop.abort(reason); }, 50);
    expect(await answer).toBe(reason);
    expect(await refusalOf(get(`http://images.example:${silent.port}/`, loopbackReach(), { signal: stop.signal }))).toBe(reason);
    expect(silent.connections()).toBe(1);
  });

  it('takes no headers beyond 16 KiB and nothing that is not HTTP', async () => {
    const large = await start((_, response) => { response.writeHead(200, { 'x-large': 'x'.repeat(20_000) }).end(); });
    expect(await refusalOf(get(`http://images.example:${large.port}/`, loopbackReach()))).toBe('the headers of the answer are too large');
    const many = await start((request) => { request.socket.write(`HTTP/1.1 200 OK\r\n${'X-A: b\r\n'.repeat(10_000)}\r\n`); });
    expect(await refusalOf(get(`http://images.example:${many.port}/`, loopbackReach()))).toBe('the headers of the answer are too large');
    const odd = await start((request) => { request.socket.end('SSH-2.0-OpenSSH_9.9\r\n'); });
    expect(await refusalOf(get(`http://images.example:${odd.port}/`, loopbackReach()))).toBe('the answer is not valid HTTP');
    const twoLengths = await start((request) => { request.socket.end('HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nhello'); });
    expect(await refusalOf(get(`http://images.example:${twoLengths.port}/`, loopbackReach()))).toBe('the answer is not valid HTTP');
  });

  it('takes no proxy from the environment', async () => {
    const [origin, proxy] = [await start(hello), await start(hello)];
    const before = { ...process.env };
    Object.assign(process.env, { NODE_USE_ENV_PROXY: '1', http_proxy: `http://127.0.0.1:${proxy.port}`, HTTP_PROXY: `http://127.0.0.1:${proxy.port}`, ALL_PROXY: `http://127.0.0.1:${proxy.port}` });
    try {
      await get(`http://images.example:${origin.port}/`, loopbackReach());
    } finally {
      process.env = before;
    }
    expect([origin.connections(), proxy.connections()]).toEqual([1, 0]);
  });

  it('says what happened without an address', async () => {
    const origin = await start(hello);
    await origin.close();
    expect(await refusalOf(get(`http://images.example:${origin.port}/`, loopbackReach()))).toBe('the connection was refused');
    const dns = async () => { throw Object.assign(new Error('EAI_AGAIN 10.0.0.53'), { code: 'EAI_AGAIN' }); };
    expect(await refusalOf(get('http://images.example/', loopbackReach({ resolve: dns })))).toBe('the name of its host cannot be looked up now');
  });
});

describe('TLS to a host that a tenant named', () => {
  it('verifies the name of the URI, not the address it connects to', async () => {
    const tls = selfSigned({ name: 'images.example' });
    const origin = await start(hello, { tls });
    const reach = loopbackReach({ trustedCertificates: tls.cert });
    expect((await get(`https://images.example:${origin.port}/`, reach)).text).toBe('hello');
    expect(await refusalOf(get(`https://other.example:${origin.port}/`, reach))).toBe('no trusted TLS connection to the host can be made');
    expect(await refusalOf(get(`https://127.0.0.1:${origin.port}/`, reach))).toBe('no trusted TLS connection to the host can be made');
  });

  it('verifies an address in a URI as an address', async () => {
    const tls = selfSigned({ address: '127.0.0.1' });
    const origin = await start(hello, { tls });
    expect((await get(`https://127.0.0.1:${origin.port}/`, loopbackReach({ trustedCertificates: tls.cert }))).text).toBe('hello');
  });

  it('does not trust a certificate that nobody known signed, nor a server without TLS', async () => {
    const origin = await start(hello, { tls: selfSigned({ name: 'images.example' }) });
    expect(await refusalOf(get(`https://images.example:${origin.port}/`, loopbackReach()))).toBe('no trusted TLS connection to the host can be made');
    const plain = await start(hello);
    expect(await refusalOf(get(`https://images.example:${plain.port}/`, loopbackReach()))).toBe('no trusted TLS connection to the host can be made');
  });
});

describe('Redirects', () => {
  it.each([301, 302, 303, 307, 308])('follows %i and tells every hop without its query', async (status) => {
    const origin = await start((request, response) => { (request.url === '/b?secret=2' ? hello : to('/b?secret=2', status))(request, response); });
    const base = `http://images.example:${origin.port}`;
    const { text, uri, hops } = await get(`${base}/a?secret=1`, loopbackReach());
    expect([text, uri]).toEqual(['hello', `${base}/b?secret=2`]);
    expect(hops).toEqual([{ uri: `${base}/a`, address: '127.0.0.1', status }, { uri: `${base}/b`, address: '127.0.0.1', status: 200 }]);
  });

  it.each([
    ['the metadata service', 'http://169.254.169.254/latest/meta-data/'], ['the metadata service in IPv6', 'http://[fd00:ec2::254]/'], ['loopback at another address', 'http://127.0.0.9/'],
    ['the metadata service in decimal', 'http://2852039166/'], ['in octal', 'http://0251.0376.0251.0376/'], ['in hexadecimal', 'http://0xa9fea9fe/'], ['inside of IPv6', 'http://[::ffff:a9fe:a9fe]/'],
    ['without a scheme', '//169.254.169.254/'], ['with backslashes', '\\\\169.254.169.254\\'], ['with one of each', '/\\169.254.169.254/'], ['with a user name', 'http://images.example@169.254.169.254/'],
    ['a file', 'file:///etc/passwd'], ['ftp', 'ftp://images.example/a'], ['gopher', 'gopher://images.example/'], ['data', 'data:text/plain,hello'], ['a scheme without slashes', 'http:169.254.169.254'],
    ['IPv6 loopback', 'http://[::1]/'], ['nobody', 'http:///'],
  ])('never lead to %s', async (_, location) => {
    const origin = await start(to(location));
    await expect(get(`http://images.example:${origin.port}/`, loopbackReach())).rejects.toMatchObject(notAllowed);
    expect(origin.requests).toHaveLength(1);
  });

  it('undo no disguise on the way, even of an address that is open', async () => {
    const target = await start(hello);
    for (const location of [`http://2130706433:${target.port}/`, `//2130706433:${target.port}/`, `//127.1:${target.port}/`]) {
      const origin = await start(to(location));
      await expect(get(`http://images.example:${origin.port}/`, loopbackReach())).rejects.toMatchObject(notAllowed);
    }
    expect(target.connections()).toBe(0);
  });

  it('never lead to a port that is not allowed', async () => {
    const other = await start(hello);
    const origin = await start(to(`http://images.example:${other.port}/`));
    const filter = uriFilter({ ...defaultUriFilterOptions, allowedPorts: [origin.port] });
    const params = { part: `it redirects to another one, of which this is refused: its port ${other.port}` };
    await expect(get(`http://images.example:${origin.port}/`, loopbackReach({ filter }))).rejects.toMatchObject({ code: 'UriNotAllowed', params });
    expect(other.connections()).toBe(0);
  });

  it('are given up after five, so that a loop ends', async () => {
    const origin = await start(to('/'));
    expect(await refusalOf(get(`http://images.example:${origin.port}/`, loopbackReach()))).toBe('the server redirects more than 5 times');
    expect(origin.requests).toHaveLength(6);
  });

  it('are not followed where the caller wants none', async () => {
    const origin = await start(to('/b'));
    expect(await refusalOf(get(`http://images.example:${origin.port}/`, loopbackReach(), { maxRedirects: 0 }))).toBe('the server redirects, which is not followed here');
    expect(origin.requests).toHaveLength(1);
  });

  it('need a target', async () => {
    const origin = await start((_, response) => { response.writeHead(302).end(); });
    expect(await refusalOf(get(`http://images.example:${origin.port}/`, loopbackReach()))).toBe('the server redirects but does not say where to');
  });

  it.each([
    ['of the same origin', (port: number) => `http://images.example:${port}/b`, 'secret'],
    ['of another host', (port: number) => `http://mirror.example:${port}/b`, undefined],
    ['of the same host behind another port', (_: number, otherPort: number) => `http://images.example:${otherPort}/b`, undefined],
  ])('take the token along to a target %s or not', async (_, target, token) => {
    const other = await start(hello);
    const origin: Origin = await start((request, response) => { (request.url === '/b' ? hello : to(target(origin.port, other.port)))(request, response); });
    const uri = `http://images.example:${origin.port}/a`;
    await get(uri, loopbackReach(), { headers: { range: 'bytes=5-' }, headersOfOrigin: { origin: new URL(uri).origin, headers: { 'x-auth-token': 'secret' } } });
    const last = other.requests[0] ?? origin.requests[1];
    expect(origin.requests[0]?.headers).toMatchObject({ 'x-auth-token': 'secret', range: 'bytes=5-' });
    expect(last?.headers.range).toBe('bytes=5-');
    expect(last?.headers['x-auth-token']).toBe(token);
  });

  it('understand targets in UTF-8', async () => {
    const origin = await start((request, response) => { (request.url === '/%C3%BC' ? hello : to(Buffer.from('/ü').toString('latin1')))(request, response); });
    expect((await get(`http://images.example:${origin.port}/`, loopbackReach())).text).toBe('hello');
  });
});

describe('A URI that was only named so far', () => {
  it('is refused where the filter refuses it or where its host lies inside', async () => {
    await expect(throwIfOutOfReach('ftp://images.example/', loopbackReach())).rejects.toMatchObject(notAllowed);
    await expect(throwIfOutOfReach('http://images.example/', loopbackReach({ resolve: async () => ['10.0.0.1'] }))).rejects.toMatchObject(inside('images.example'));
    await expect(throwIfOutOfReach('http://169.254.169.254/', loopbackReach())).rejects.toMatchObject(inside('169.254.169.254'));
  });

  it('is not refused because its name cannot be looked up now, and nobody is connected to', async () => {
    const origin = await start(hello);
    await throwIfOutOfReach(`http://images.example:${origin.port}/`, loopbackReach());
    await throwIfOutOfReach('http://images.example/', loopbackReach({ resolve: async () => { throw Object.assign(new Error('later'), { code: 'EAI_AGAIN' }); } }));
    await throwIfOutOfReach('http://images.example/', loopbackReach({ resolve: () => new Promise(() => {}) }), 50);
    expect(origin.connections()).toBe(0);
  });
});

describe('withoutSecrets', () => {
  it.each([['https://u:p@h.example:8443/a/b?sig=1#f', 'https://h.example:8443/a/b'], ['not a uri?sig=1', 'this URI']])('writes %s as %s', (uri, expected) => {
    expect(withoutSecrets(uri)).toBe(expected);
  });
});
