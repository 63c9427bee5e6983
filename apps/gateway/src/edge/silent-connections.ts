import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/**
 * Ends connections as soon as the server stops and nothing is asked on them any more. Node closes those whose last answer is out by then; it would
 * keep those whose answer ends later, and wait a minute for those that were opened ahead and never used, as browsers and load balancers do.
 */
export function endSilentConnections(fastify: Pick<FastifyInstance, 'server' | 'addHook'>): void {
  const { server } = fastify;
  const neverUsed = new Set<Socket>();
  server.on('connection', (socket) => {
    neverUsed.add(socket);
    socket.once('close', () => { neverUsed.delete(socket); });
  });
  server.on('request', ({ socket }) => { neverUsed.delete(socket); });
  fastify.addHook('preClose', (done) => {
    for (const socket of neverUsed) socket.destroy();
    done();
  });
  fastify.addHook('onResponse', (_request, _reply, done) => {
    if (!server.listening) setImmediate(() => { server.closeIdleConnections(); });
    done();
  });
}
