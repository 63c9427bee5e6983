import { hasBody } from './json-body.js';
import type { Reply, Request } from './request.js';

const drainMs = 2000;

/**
 * A refusal goes out while the client is still sending. The connection cannot be used again, but closing it at once would reset it and
 * take the answer away from the client: what still comes is thrown away for a moment, then the connection is cut.
 */
export function answerBeforeBodyEnds(request: Request, reply: Reply): void {
  const { raw } = request;
  if (raw.complete || raw.destroyed || !hasBody(request)) return;
  reply.header('connection', 'close');
  raw.on('error', () => {});
  raw.resume();
  reply.raw.once('finish', () => {
    const timer = setTimeout(() => { raw.destroy(); }, drainMs);
    timer.unref();
    raw.once('close', () => { clearTimeout(timer); });
  });
}
