import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A web server whose paths a specification answers as it likes. */
export interface WebServer {
  readonly port: number;
  readonly url: string;
  /** Every request, as `path` or `path range`. */
  readonly asked: string[];
  answer(path: string, handler: (request: IncomingMessage, response: ServerResponse) => void): void;
  /** Gives these bytes, with Range and ETag as a good server does. */
  serve(path: string, bytes: Buffer): void;
  /** Gives these bytes and breaks the first connection after so many of them. */
  serveBroken(path: string, bytes: Buffer, brokenAfter: number): void;
  close(): Promise<void>;
}

export async function startWebServer(): Promise<WebServer> {
  const handlers = new Map<string, (request: IncomingMessage, response: ServerResponse) => void>();
  const asked: string[] = [];
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    asked.push([path, request.headers.range].filter(Boolean).join(' '));
    const handler = handlers.get(path);
    if (handler) handler(request, response);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const { port } = server.address() as AddressInfo;
  const answer: WebServer['answer'] = (path, handler) => void handlers.set(path, handler);
  const give = (bytes: Buffer, request: IncomingMessage, response: ServerResponse, brokenAfter = Infinity): void => {
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    const headers = { etag: '"one"', 'content-length': String(bytes.length - from) };
    if (from > 0) response.writeHead(206, { ...headers, 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` });
    else response.writeHead(200, headers);
    if (brokenAfter >= bytes.length) response.end(bytes.subarray(from));
    else response.write(bytes.subarray(from, brokenAfter), () => { setTimeout(() => { response.destroy(); }, 200); });
  };
  return {
    port, url: `http://127.0.0.1:${port}`, asked, answer,
    serve: (path, bytes) => { answer(path, (request, response) => { give(bytes, request, response); }); },
    serveBroken: (path, bytes, brokenAfter) => {
      let connections = 0;
      answer(path, (request, response) => {
        connections += 1;
        give(bytes, request, response, connections === 1 ? brokenAfter : undefined);
      });
    },
    close: () => new Promise((resolve) => {
      server.close(() => { resolve(); });
      server.closeAllConnections();
    }),
  };
}
