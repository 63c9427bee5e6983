import { FastifyAdapter } from '@nestjs/platform-fastify';

/** A Fastify that hands bodies over unread, as the stream they are, and whose paths may hold a whole capability. */
export function createTransferAdapter(): FastifyAdapter {
  const adapter = new FastifyAdapter({
    logger: false,
    bodyLimit: Number.MAX_SAFE_INTEGER,
    exposeHeadRoutes: false,
    // Transfers take as long as they take; their own idle limit ends them.
    requestTimeout: 0,
    routerOptions: { maxParamLength: 8192 },
    skipMiddie: true,
  });
  const fastify = adapter.getInstance();
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('*', (_request, _payload, done) => done(null));
  return adapter;
}
