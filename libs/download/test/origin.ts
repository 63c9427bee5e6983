import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { addressRules } from '../src/address-rules.js';
import type { Reach } from '../src/pinned-connection.js';
import { defaultUriFilterOptions, uriFilter } from '../src/uri-filter.js';

/** A server on loopback that a download is to fetch from, or that it must never reach. */
export interface Origin {
  readonly port: number;
  /** Everything that was asked of it. */
  readonly requests: readonly IncomingMessage[];
  /** How many connections it saw, with or without a request. */
  connections(): number;
  close(): Promise<void>;
}

export interface OriginOptions {
  readonly address?: string;
  readonly port?: number;
  readonly tls?: { readonly key: string; readonly cert: string };
}

export async function startOrigin(answer: RequestListener, { address = '127.0.0.1', port = 0, tls }: OriginOptions = {}): Promise<Origin> {
  const requests: IncomingMessage[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    requests.push(request);
    answer(request, response);
  };
  const server = tls ? createTlsServer(tls, listener) : createServer(listener);
  server.on('connection', (socket: Socket) => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port, requests, connections: () => connections,
    close: () => new Promise((resolve) => {
      server.close(() => { resolve(); });
      sockets.forEach((socket) => { socket.destroy(); });
    }),
  };
}

/** Names of a test lead to 127.0.0.1, which the operator of the test opened. */
export function loopbackReach(changes: Partial<Reach> = {}): Reach {
  return {
    filter: uriFilter({ ...defaultUriFilterOptions, allowedPorts: [] }), addressRules: addressRules({ allowedNetworks: ['127.0.0.1'] }),
    resolve: async () => ['127.0.0.1'], ...changes,
  };
}
