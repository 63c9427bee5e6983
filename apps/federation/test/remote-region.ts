import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

export const remoteImageId = '11111111-2222-4333-8444-555555555555';
export const goodToken = 'gAAAAAB-the-token-of-the-caller';

/** The image service of another region, as Glance answers: ranges, no ETag. What it says and does can be changed while it runs. */
export interface RemoteRegion {
  readonly url: string;
  readonly data: Buffer;
  readonly requests: { path: string; range: string | undefined; token: string | undefined }[];
  /** Merged over what the image shows. */
  shown: Record<string, unknown>;
  acceptsToken: boolean;
  /** After how many bytes of data each of the next connections is cut. */
  cuts: number[];
  /** Answers everything with this status, where it is set. */
  status: number | undefined;
  headers: Record<string, string>;
  close(): Promise<void>;
}

export async function startRemoteRegion(sizeBytes = 300_000): Promise<RemoteRegion> {
  const data = Buffer.alloc(sizeBytes, 'heliograph ');
  const sockets = new Set<Socket>();
  const server = createServer((request, response) => {
    const { url: path = '', headers } = request;
    const token = headers['x-auth-token'];
    remote.requests.push({ path, range: headers.range, token: Array.isArray(token) ? token[0] : token });
    answer(remote, request, response);
  });
  server.on('connection', (socket) => sockets.add(socket.once('close', () => sockets.delete(socket))));
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const remote: RemoteRegion = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, data, requests: [], shown: {}, acceptsToken: true, cuts: [], status: undefined, headers: {},
    close: () => new Promise((resolve) => {
      server.close(() => { resolve(); });
      sockets.forEach((socket) => { socket.destroy(); });
    }),
  };
  return remote;
}

function answer(remote: RemoteRegion, { url: path, headers }: IncomingMessage, response: ServerResponse): void {
  if (remote.status !== undefined) return void response.writeHead(remote.status, remote.headers).end();
  if (path === '/versions') return void response.end(JSON.stringify({ versions: [{ id: 'v2.16', status: 'SUPPORTED' }, { id: 'v2.17', status: 'CURRENT' }] }));
  if (!remote.acceptsToken || headers['x-auth-token'] !== goodToken) return void response.writeHead(401).end();
  if (path === `/v2/images/${remoteImageId}`) return void response.end(JSON.stringify({ ...imageOf(remote.data), ...remote.shown }));
  if (path === `/v2/images/${remoteImageId}/file`) return sendData(remote, headers.range, response);
  return void response.writeHead(404).end();
}

const hash = (algo: string, data: Buffer): string => createHash(algo).update(data).digest('hex');

const imageOf = (data: Buffer): Record<string, unknown> => ({
  id: remoteImageId, status: 'active', size: data.length, disk_format: 'qcow2', container_format: 'bare', checksum: hash('md5', data),
  os_hash_algo: 'sha512', os_hash_value: hash('sha512', data), os_type: 'linux', my_own: 'stays', hw_disk_bus: 'virtio',
});

function sendData(remote: RemoteRegion, range: string | undefined, response: ServerResponse): void {
  const startAt = Number(/^bytes=(\d+)-$/.exec(range ?? '')?.[1] ?? 0);
  const body = remote.data.subarray(startAt);
  const { length } = remote.data;
  response.writeHead(range === undefined ? 200 : 206, { 'content-length': body.length, ...(range === undefined ? {} : { 'content-range': `bytes ${startAt}-${length - 1}/${length}` }) });
  const cutAfter = remote.cuts.shift();
  if (cutAfter === undefined) return void response.end(body);
  return void response.write(body.subarray(0, cutAfter), () => { response.socket?.destroy(); });
}
