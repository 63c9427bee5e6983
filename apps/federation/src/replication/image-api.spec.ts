import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createImageApi, RegionFailure, type ImageApi } from './image-api.js';

const id = (number: number): string => `11111111-2222-4333-8444-${String(number).padStart(12, '0')}`;
const image = (number: number, more: object = {}): object => ({
  id: id(number), name: `image ${number}`, status: 'active', visibility: 'public', owner: 'red', os_hidden: false, tags: ['a'], size: 3, min_disk: 0, min_ram: 0, disk_format: 'raw', container_format: 'bare',
  os_hash_algo: 'sha512', os_hash_value: 'ab'.repeat(64), checksum: 'c', updated_at: 'v1', created_at: 'v0', self: '/x', os_type: 'linux', kernel_id: null, ...more,
});

interface Asked { readonly method: string; readonly url: URL; readonly token: string | undefined; readonly body: unknown; readonly type: string | undefined }
type Reply = { readonly status: number; readonly body?: unknown } | 'cut';

describe('The Image API of a region, with the account of the operator', () => {
  let server: Server;
  let asked: Asked[];
  let reply: (asked: Asked) => Reply;
  let refused: string[];
  let api: ImageApi;
  let stop: AbortController;
  let isLockedOut: boolean;
  beforeEach(async () => {
    [asked, refused, stop, isLockedOut] = [[], [], new AbortController(), false];
    server = createServer((request, response) => void readAll(request).then((text) => {
      const one: Asked = {
        method: request.method ?? '', url: new URL(request.url ?? '', 'http://x'), token: request.headers['x-auth-token'] as string | undefined, type: request.headers['content-type'],
        body: text === '' ? undefined : JSON.parse(text) as unknown,
      };
      asked.push(one);
      const given = reply(one);
      if (given === 'cut') return void request.socket.destroy();
      return void response.writeHead(given.status, { 'content-type': 'application/json' }).end(typeof given.body === 'string' ? given.body : JSON.stringify(given.body ?? {}));
    }));
    await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/image/v2/`;
    const account = {
      signedIn: () => (isLockedOut ? Promise.reject(new Error('our own service user was not let in: status 401')) : Promise.resolve({ token: `token ${refused.length}`, catalog: [{ type: 'image', name: 'glance', endpoints: [{ region: 'One', interface: 'internal', url }] }] })),
      refused: (token: string) => void refused.push(token),
    };
    api = createImageApi({ region: 'One', authUrl: 'http://keystone', interface: 'internal', account }, stop.signal, [5, 5, 5, 5]);
  });
  afterEach(() => new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  }));

  it('is listed page by page, what is hidden too, and what is no image is passed over', async () => {
    reply = ({ url: { searchParams } }) => {
      if (searchParams.has('os_hidden')) return { status: 200, body: { images: [image(9, { os_hidden: true })] } };
      const [first, second] = [[image(1), { id: 'no id' }], [image(2)]];
      return searchParams.has('marker') ? { status: 200, body: { images: second } } : { status: 200, body: { images: first, next: '/v2/images?marker=x' } };
    };
    expect((await api.list({ owner: 'red' })).map((each) => each.id)).toEqual([id(1), id(2), id(9)]);
    expect(asked.map(({ url: { pathname, searchParams } }) => [pathname, searchParams.get('marker'), searchParams.get('owner'), searchParams.get('visibility')])).toEqual([
      ['/image/v2/images', null, 'red', 'all'], ['/image/v2/images', id(1), 'red', 'all'], ['/image/v2/images', null, 'red', 'all'],
    ]);
  });

  it('shows an image in our words, and tells where there is none', async () => {
    reply = ({ url }) => (url.pathname.endsWith(id(1)) ? { status: 200, body: image(1) } : { status: 404 });
    expect(await api.show(id(1))).toEqual({
      id: id(1), name: 'image 1', status: 'active', owner: 'red', visibility: 'public', isHidden: false, tags: ['a'], properties: { os_type: 'linux' }, sizeBytes: 3, minDisk: 0, minRam: 0,
      diskFormat: 'raw', containerFormat: 'bare', hash: `sha512:${'ab'.repeat(64)}`, checksum: 'c', updatedAt: 'v1',
    });
    expect(await api.show(id(2))).toBeUndefined();
  });

  it('is asked again where nobody answered or only in passing, and with a new token where the old one was refused', async () => {
    const replies: Reply[] = ['cut', { status: 503 }, { status: 401 }, { status: 200, body: image(1) }];
    reply = () => replies.shift() ?? { status: 500 };
    expect((await api.show(id(1)))?.id).toBe(id(1));
    expect(asked.map(({ token }) => token)).toEqual(['token 0', 'token 0', 'token 0', 'token 1']);
    expect(refused).toEqual(['token 0']);
  });

  it('says why it refused, without markup, and at once', async () => {
    reply = () => ({ status: 403, body: '<html><head><title>403 Forbidden</title></head><body><h1>403</h1>You are not  <b>allowed</b>.</body></html>' });
    const failure = await api.change(id(1), []).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(RegionFailure);
    expect((failure as RegionFailure).message).toBe('region One answered 403: 403 You are not allowed .');
    expect(asked).toHaveLength(1);
  });

  it('says nothing of addresses where it cannot be reached', async () => {
    reply = () => 'cut';
    const failure = await api.show(id(1)).catch((error: unknown) => error);
    expect((failure as RegionFailure).message).toMatch(/^region One cannot be reached: [^0-9/]*$/);
  });

  it('says that the account is what somebody must look at, where that is not let in', async () => {
    isLockedOut = true;
    await expect(api.show(id(1))).rejects.toThrow("region One cannot be reached: the identity service does not let the operator's account in");
    expect(asked).toEqual([]);
  });

  it('may be asked twice for the same: what is there, gone or under way already is no failure', async () => {
    reply = ({ method }) => ({ status: method === 'DELETE' ? 404 : 409 });
    expect(await api.create({ id: id(1) })).toBe('taken');
    await api.remove(id(1));
    await api.addMember(id(1), 'blue');
    await api.removeMember(id(1), 'blue');
    await api.download(id(1), { region: 'Two', imageId: id(2), interface: 'public' });
    expect(asked.at(-1)?.body).toEqual({ method: { name: 'glance-download', glance_region: 'Two', glance_image_id: id(2), glance_service_interface: 'public' } });
  });

  it('tells why the last import failed', async () => {
    reply = () => ({ status: 200, body: { tasks: [{ status: 'failure', created_at: '2', message: 'the later' }, { status: 'failure', created_at: '1', message: 'the earlier' }, { status: 'success', created_at: '3', message: '' }] } });
    expect(await api.lastFailure(id(1))).toBe('the later');
  });

  it('is given up at once where the service stops', async () => {
    reply = () => 'cut';
    const showing = api.show(id(1));
    stop.abort(new Error('stopped'));
    await expect(showing).rejects.toThrow();
  });
});

async function readAll(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}
