import { createServer, type Server, type ServerResponse } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Registry } from 'prom-client';

/** Resolves where the dependency works, rejects with the reason where it does not. */
export type Check = () => Promise<void> | void;

export interface ReadinessReport { readonly isReady: boolean; readonly checks: Readonly<Record<string, string>> }

export interface Readiness {
  /** Adds a dependency; the service is ready while all of them are. */
  add(name: string, check: Check): void;
  /** From now on not ready, whatever the dependencies say: the service is starting or stopping. Empty text takes it back. */
  hold(reason: string): void;
  report(): Promise<ReadinessReport>;
}

/** Runs all checks at once; one that takes longer than `timeoutMs` counts as failed. */
export function createReadiness(timeoutMs = 2000): Readiness {
  const checks = new Map<string, Check>();
  let held = '';
  return {
    add: (name, check) => void checks.set(name, check),
    hold: (reason) => { held = reason; },
    report: async () => {
      const results = await Promise.all([...checks].map(async ([name, check]) => [name, await resultOf(check, timeoutMs)] as const));
      const all = [...results, ...(held === '' ? [] : [['service', held] as const])];
      return { isReady: all.every(([, result]) => result === 'ok'), checks: Object.fromEntries(all) };
    },
  };
}

async function resultOf(check: Check, timeoutMs: number): Promise<string> {
  const done = new AbortController();
  const timeUp = delay(timeoutMs, `no answer within ${timeoutMs} ms`, { signal: done.signal });
  try {
    return await Promise.race([Promise.resolve().then(check).then(() => 'ok'), timeUp]);
  } catch (error) {
    return error instanceof Error && error.message ? error.message : 'failed';
  } finally {
    timeUp.catch(() => undefined);
    done.abort();
  }
}

export interface Operations { readonly port: number; close(): Promise<void> }

/** The listener for those who run the service: /healthz (the process lives), /readyz (every dependency by name), /metrics. */
export async function serveOperations(at: { host: string; port: number }, readiness: Readiness, registry: Registry): Promise<Operations> {
  const server: Server = createServer((request, response) => {
    void respond(request.url ?? '', readiness, registry, response).catch(() => response.destroy());
  });
  server.listen(at.port, at.host);
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    close: () => new Promise((resolve) => { server.close(() => resolve()); server.closeAllConnections(); }),
  };
}

async function respond(url: string, readiness: Readiness, registry: Registry, response: ServerResponse): Promise<void> {
  const path = url.split('?')[0];
  if (path === '/healthz') return send(response, 200, 'application/json', JSON.stringify({ status: 'ok' }));
  if (path === '/readyz') {
    const { isReady, checks } = await readiness.report();
    return send(response, isReady ? 200 : 503, 'application/json', JSON.stringify({ status: isReady ? 'ok' : 'not ready', checks }));
  }
  if (path === '/metrics') return send(response, 200, registry.contentType, await registry.metrics());
  return send(response, 404, 'text/plain', 'Here are /healthz, /readyz and /metrics.\n');
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'cache-control': 'no-store' }).end(body);
}
