import type { OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Reply } from './request.js';

/** Takes the answer out of the framework's hands, and begins it as Server-Sent Events, which no proxy is to hold back. */
export function openEventStream(reply: Reply): ServerResponse {
  reply.hijack();
  reply.raw.writeHead(200, {
    ...reply.getHeaders() as OutgoingHttpHeaders,
    'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store', 'x-accel-buffering': 'no',
  });
  return reply.raw;
}
