import type { IncomingMessage } from 'node:http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Caller } from '#libs/identity';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks; set for everything under /v2 before its handler runs. */
    caller: Caller;
    /** The id that the answer, the log lines and the commits of this request carry. */
    requestId: string;
    /** When it arrived, on the monotonic clock in milliseconds. */
    arrivedAt: number;
  }
}

export type Request = FastifyRequest;
export type Reply = FastifyReply;

/** The value of a header that may stand once; repeated ones count as their first. */
export function header(request: { readonly headers: IncomingMessage['headers'] }, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
