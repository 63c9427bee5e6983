import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

/** A port that was free a moment ago, or `wanted` where that is free. */
export async function freePort(wanted = 0, host = '127.0.0.1'): Promise<number> {
  const port = await tryPort(wanted, host);
  return port ?? (await tryPort(0, host)) ?? Promise.reject(new Error(`no free port at ${host}`));
}

export async function isPortFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  return (await tryPort(port, host)) === port;
}

async function tryPort(port: number, host: string): Promise<number | undefined> {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  } catch (error) {
    if (['EADDRINUSE', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}
