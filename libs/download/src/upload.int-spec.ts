import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { addressRules, openUpload, uriFilter } from './index.js';

let server: Server;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
const whole: { body?: Buffer; method?: string | undefined; length?: string | undefined; cut: number } = { cut: 0 };
beforeAll(async () => {
  server = createServer((request, response) => { answer(request, response); });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
});
afterAll(() => { server.close(); server.closeAllConnections(); });
beforeEach(() => {
  delete whole.body;
  answer = take;
});

/** Notes what came as a whole, and what did not. */
function take(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('error', () => { whole.cut += 1; });
  request.on('end', () => {
    Object.assign(whole, { body: Buffer.concat(chunks), method: request.method, length: request.headers['content-length'] });
    response.writeHead(200).end();
  });
}

const port = (): number => (server.address() as AddressInfo).port;
const url = (host = '127.0.0.1'): string => `http://${host}:${port()}/bucket/key?signature=secret`;
const reach = (allowedNetworks: readonly string[] = []) => ({
  filter: uriFilter({ allowedSchemes: ['http'], disallowedSchemes: [], allowedHosts: allowedNetworks.length > 0 ? [] : ['127.0.0.1'], disallowedHosts: [], allowedPorts: [port()], disallowedPorts: [] }),
  addressRules: addressRules({ allowedNetworks: [] }),
});
const open = (sizeBytes: number, { signal = new AbortController().signal, answerTimeoutMs = 5000 } = {}) => openUpload(url(), { ...reach(), sizeBytes, signal, answerTimeoutMs });

describe('An upload to an address that a tenant named', () => {
  it('is one PUT of known length, whole when it is committed', async () => {
    const upload = await open(10);
    await upload.write(Buffer.from('01234'));
    await upload.write(Buffer.alloc(0));
    await upload.write(Buffer.from('56789'));
    await new Promise((resolve) => { setTimeout(resolve, 50); });
    expect(whole.body).toBeUndefined();
    await upload.commit();
    expect(whole).toMatchObject({ body: Buffer.from('0123456789'), method: 'PUT', length: '10' });
  });

  it('may have no bytes at all', async () => {
    await (await open(0)).commit();
    expect(whole.body).toEqual(Buffer.alloc(0));
  });

  it('never was where it is cancelled, also with its last byte written', async () => {
    const before = whole.cut;
    const upload = await open(3);
    await upload.write(Buffer.from('abc'));
    upload.cancel();
    upload.cancel();
    for (let tries = 0; whole.cut === before && tries < 100; tries += 1) await new Promise((resolve) => { setTimeout(resolve, 20); });
    expect([whole.cut, whole.body]).toEqual([before + 1, undefined]);
  });

  it('is refused with the code and the sentence of the other side, and nothing of its query', async () => {
    answer = (request, response) => {
      request.resume();
      request.on('end', () => response.writeHead(403).end('<Error><Code>SignatureDoesNotMatch</Code><Message>The signature does not match.</Message><StringToSign>secret</StringToSign></Error>'));
    };
    const upload = await open(1);
    await upload.write(Buffer.from('x'));
    const refusal = await upload.commit().catch((error: unknown) => error);
    expect(refusal).toMatchObject({ code: 'ExportFailed', params: { uri: `http://127.0.0.1:${port()}/bucket/key`, reason: 'the server answered 403, SignatureDoesNotMatch: The signature does not match.' } });
    expect(JSON.stringify(refusal)).not.toContain('secret');
  });

  it('ends where the other side answers before it has everything, or redirects', async () => {
    answer = (_, response) => { response.writeHead(307, { location: 'http://elsewhere.example/' }).end(); };
    const upload = await open(2 ** 30);
    const writing = (async () => { for (;;) await upload.write(Buffer.alloc(2 ** 20)); })();
    await expect(writing).rejects.toMatchObject({ code: 'ExportFailed', params: { reason: 'the server answered 307' } });
  });

  it('is refused where nobody answers in time, where the connection breaks, and where there is none', async () => {
    answer = () => undefined;
    const silent = await open(0, { answerTimeoutMs: 200 });
    await expect(silent.commit()).rejects.toMatchObject({ code: 'ExportFailed', params: { reason: 'the server did not answer within 0.2 seconds' } });
    answer = (request) => { request.socket.destroy(); };
    const broken = await open(0);
    await expect(broken.commit()).rejects.toMatchObject({ code: 'ExportFailed', params: { reason: 'the connection broke' } });
  });

  it('goes nowhere that images may not come from', async () => {
    await expect(openUpload('http://images.example/x', { ...reach(), sizeBytes: 1, signal: new AbortController().signal, answerTimeoutMs: 1000 })).rejects.toMatchObject({ code: 'UriNotAllowed' });
    const inside = { ...reach(['none']), resolve: () => Promise.resolve(['127.0.0.1']) };
    await expect(openUpload(url('images.example'), { ...inside, sizeBytes: 1, signal: new AbortController().signal, answerTimeoutMs: 1000 })).rejects.toMatchObject({ code: 'UriNotAllowed' });
  });

  it('ends with the reason of its signal', async () => {
    const stop = new AbortController();
    const upload = await open(2 ** 30, { signal: stop.signal });
    const reason = new Error('cancelled');
    stop.abort(reason);
    await expect((async () => { for (;;) await upload.write(Buffer.alloc(2 ** 20)); })()).rejects.toBe(reason);
  });
});
