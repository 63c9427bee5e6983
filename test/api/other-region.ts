import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface OtherImage { readonly id: string; readonly data?: Buffer; readonly [field: string]: unknown }

/** The image service of another region, as small as a copy needs it: it takes images and their data, and fetches none by itself. */
export interface OtherRegion {
  readonly url: string;
  readonly images: Map<string, OtherImage>;
  /** What answers the creation of images, where it is not taken. */
  refusal: { readonly status: number; readonly message: string } | undefined;
  /** Whether data that comes is left lying. */
  isSlow: boolean;
  close(): Promise<void>;
}

export async function startOtherRegion(token: string): Promise<OtherRegion> {
  const images = new Map<string, OtherImage>();
  const answers: Readonly<Record<string, (id: string, request: IncomingMessage, url: URL) => Promise<[number, unknown?]>>> = {
    'GET /v2/info/import': () => Promise.resolve([200, { 'import-methods': { value: ['web-download'] } }]),
    'GET /v2/images': (_, __, { searchParams }) => Promise.resolve([200, { images: searchParams.has('os_hidden') ? [] : [...images.values()].filter((image) => [...searchParams].every(([name, value]) => !name.startsWith('heliograph') || image[name] === value)).map(shown) }]),
    async 'POST /v2/images'(_, request) {
      const body = JSON.parse((await bodyOf(request)).toString()) as Record<string, unknown>;
      if (region.refusal) return [region.refusal.status, { message: region.refusal.message }];
      const id = typeof body['id'] === 'string' ? body['id'] : randomUUID();
      if (images.has(id)) return [409, { message: 'it exists' }];
      images.set(id, { visibility: 'shared', os_hidden: false, ...body, owner: 'demo', id, status: 'queued', size: null, updated_at: 'now' });
      return [201, shown(images.get(id))];
    },
    'GET /v2/images/': (id) => Promise.resolve(images.has(id) ? [200, shown(images.get(id))] : [404]),
    'DELETE /v2/images/': (id) => Promise.resolve([images.delete(id) ? 204 : 404]),
    async 'PUT /v2/images/'(id, request) {
      if (region.isSlow) return new Promise(() => undefined);
      const data = await bodyOf(request);
      images.set(id, { ...images.get(id), id, data, status: 'active', size: data.length, os_hash_algo: 'sha512', os_hash_value: createHash('sha512').update(data).digest('hex') });
      return [204];
    },
  };
  const server = createServer((request, response) => {
    request.on('error', () => undefined);
    const url = new URL(request.url ?? '', 'http://x');
    const [, path = '', id = ''] = /^(.*?\/)([0-9a-f-]{36})(?:\/file)?$/.exec(url.pathname) ?? ['', url.pathname];
    const answer = request.headers['x-auth-token'] === token ? answers[`${request.method ?? ''} ${path}`] : undefined;
    void (answer?.(id, request, url) ?? Promise.resolve<[number]>([401])).then(([status, body]) => { send(response, status, body); }, () => undefined);
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const region: OtherRegion = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, images, refusal: undefined, isSlow: false,
    close: () => new Promise((resolve) => {
      server.close(() => { resolve(); });
      server.closeAllConnections();
    }),
  };
  return region;
}

const shown = (image: OtherImage = { id: '' }): object => ({ ...image, data: undefined });
const send = (response: ServerResponse, status: number, body: unknown): void => void response.writeHead(status, { 'content-type': 'application/json' }).end(body === undefined ? '' : JSON.stringify(body));

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
