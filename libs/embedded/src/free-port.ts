import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';

/**
 * Below the ports that Linux (32768 and up) and macOS (49152 and up) take for outgoing connections: a port of those can be
 * taken between the moment it was found free and the moment a server listens on it, and while a server that was killed starts anew.
 */
const [lowest, above] = [20_000, 32_000];
const given = new Set<number>();

/** A port that was free a moment ago and was not given away by this process before, or `wanted` where that is free. */
export async function freePort(wanted = 0, host = '127.0.0.1'): Promise<number> {
  if (wanted > 0 && (await isPortFree(wanted, host))) return wanted;
  for (let tries = 0; tries < 1000; tries += 1) {
    const port = randomInt(lowest, above);
    if (given.has(port)) continue;
    given.add(port);
    if (await isPortFree(port, host)) return port;
  }
  throw new Error(`no free port at ${host} between ${lowest} and ${above}`);
}

export async function isPortFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, 'listening');
    return true;
  } catch (error) {
    if (['EADDRINUSE', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
}
