import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { addressRules, defaultUriFilterOptions, uriFilter, type Reach } from '#libs/download';
import { httpStore } from './http.js';
import type { DataKey } from './layout.js';
import { describeStore, read, refuses, someBytes } from './store.suite.js';

/** A web server on loopback with ranges, whose answers a specification may replace. */
async function startWeb() {
  const files = new Map<string, Uint8Array>();
  const web = { answer: serveFile, asked: [] as IncomingMessage[] };
  const server = createServer((request, response) => {
    web.asked.push(request);
    web.answer(request, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://images.example:${(server.address() as AddressInfo).port}`;

  function serveFile(request: IncomingMessage, response: ServerResponse): void {
    const data = files.get(request.url ?? '');
    if (!data) return void response.writeHead(404).end();
    const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? -1);
    const head = { etag: '"one"', 'content-type': 'application/octet-stream' };
    if (start < 0) return void response.writeHead(200, { ...head, 'content-length': data.byteLength }).end(data);
    if (start >= data.byteLength) return void response.writeHead(416, { 'content-range': `bytes */${data.byteLength}` }).end();
    response.writeHead(206, { ...head, 'content-length': data.byteLength - start, 'content-range': `bytes ${start}-${data.byteLength - 1}/${data.byteLength}` }).end(data.subarray(start));
    return undefined;
  }

  return {
    web, serveFile,
    place(data: Uint8Array): DataKey {
      const path = `/${randomUUID()}`;
      files.set(path, data);
      return { imageId: randomUUID(), attemptId: randomUUID(), storeId: 'web', uri: origin + path };
    },
    end: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

const reach: Reach = {
  filter: uriFilter({ ...defaultUriFilterOptions, allowedPorts: [] }), addressRules: addressRules({ allowedNetworks: ['127.0.0.1'] }), resolve: async () => ['127.0.0.1'],
};

describeStore('http', async () => {
  const { place, end } = await startWeb();
  return { store: httpStore('web', reach), place: async (data) => place(data), leftovers: async () => 0, end };
}, { isReadOnly: true });

describe('An http store', () => {
  let web: Awaited<ReturnType<typeof startWeb>>;
  beforeEach(async () => { web = await startWeb(); });
  afterEach(() => web.end());
  const data = someBytes(3_000_000);

  it('goes on where a connection broke, as long as it is the same version', async () => {
    const key = web.place(data);
    web.web.answer = (request, response) => {
      if (request.headers.range !== undefined) return web.serveFile(request, response);
      response.writeHead(200, { etag: '"one"', 'content-length': data.byteLength });
      return void response.write(data.subarray(0, 1_000_000), () => { setTimeout(() => { response.destroy(); }, 50); });
    };
    expect((await read(httpStore('web', reach), key)).equals(data)).toBe(true);
    expect(web.web.asked.map(({ headers }) => [headers.range, headers['if-range']])).toEqual([[undefined, undefined], ['bytes=1000000-', '"one"']]);
  });

  it('never mixes two versions: it fails where the server can only begin anew', async () => {
    const key = web.place(data);
    web.web.answer = (_, response) => {
      response.writeHead(200, { etag: '"one"', 'content-length': data.byteLength });
      response.write(data.subarray(0, 1_000_000), () => { setTimeout(() => { response.destroy(); }, 50); });
    };
    await refuses(read(httpStore('web', reach), key), 'StoreUnavailable');
  });

  it('reads a part also from a server that knows no ranges', async () => {
    const key = web.place(data);
    web.web.answer = (_, response) => { response.writeHead(200, { 'content-length': data.byteLength }).end(data); };
    const part = await read(httpStore('web', reach), key, { start: 2_000_000, end: 2_000_099 });
    expect(part.equals(data.subarray(2_000_000, 2_000_100))).toBe(true);
  });

  it('tells data that is gone from a server that fails, and shows the address of neither', async () => {
    const store = httpStore('web', reach);
    const key = web.place(data);
    await refuses(store.read({ ...key, uri: `${key.uri}x` }), 'ImageDataNotFound');
    await refuses(store.read({ imageId: key.imageId, attemptId: key.attemptId, storeId: 'web' }), 'ImageDataNotFound');
    web.web.answer = (_, response) => { response.writeHead(500).end(); };
    await refuses(store.read(key), 'StoreUnavailable');
    await expect(store.sizeOf(key)).rejects.toThrow(expect.objectContaining({ message: expect.not.stringContaining('images.example') as string }));
    web.web.answer = (_, response) => { response.writeHead(200).end(data); };
    await refuses(store.read(key), 'StoreUnavailable');
  });

  it('connects to nothing that the operator\'s filter does not allow, whatever the location says', async () => {
    const key = web.place(data);
    await refuses(httpStore('web', { ...reach, addressRules: addressRules({ allowedNetworks: [] }) }).read(key), 'StoreUnavailable');
    await refuses(httpStore('web', { ...reach, filter: uriFilter(defaultUriFilterOptions) }).read(key), 'StoreUnavailable');
    for (const uri of ['file:///etc/passwd', 'http://169.254.169.254/', 'http://[::1]/', 'ftp://images.example/']) {
      await refuses(httpStore('web', { filter: reach.filter, addressRules: addressRules({ allowedNetworks: [] }) }).read({ ...key, uri }), 'StoreUnavailable');
    }
    expect(web.web.asked).toEqual([]);
  });
});
