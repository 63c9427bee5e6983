import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Not Barbican: a look-alike that keeps secrets in memory and answers the two questions that are asked of the Key Manager API, v1. */
export interface KeyManagerLookAlike {
  readonly url: string;
  /** Keeps a secret, which only this token may read; returns its id. */
  keep(secret: { readonly payload: string | Buffer; readonly type?: string; readonly contentType?: string }, token: string): string;
  /** The tokens that have asked, in their order. */
  readonly asked: readonly string[];
  stop(): Promise<void>;
}

export async function keyManagerLookAlike(): Promise<KeyManagerLookAlike> {
  const secrets = new Map<string, { payload: string | Buffer; type: string; contentType: string; token: string }>();
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const token = String(request.headers['x-auth-token'] ?? '');
    asked.push(token);
    const [, id = '', payload] = /^\/v1\/secrets\/([^/]+)(\/payload)?$/.exec(request.url ?? '') ?? [];
    const secret = secrets.get(id);
    if (!secret) return void response.writeHead(404, { 'content-type': 'application/json' }).end('{"code": 404, "title": "Not Found"}');
    if (secret.token !== token) return void response.writeHead(403, { 'content-type': 'application/json' }).end('{"code": 403, "title": "Forbidden"}');
    if (payload !== undefined) {
      if (request.headers.accept !== secret.contentType) return void response.writeHead(406).end();
      return void response.writeHead(200, { 'content-type': secret.contentType }).end(secret.payload);
    }
    return void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ status: 'ACTIVE', secret_type: secret.type, content_types: { default: secret.contentType } }));
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked,
    keep({ payload, type = 'certificate', contentType = 'text/plain' }, token) {
      const id = randomUUID();
      secrets.set(id, { payload, type, contentType, token });
      return id;
    },
    stop: () => new Promise((resolve) => {
      server.close(() => { resolve(); });
      server.closeAllConnections();
    }),
  };
}
