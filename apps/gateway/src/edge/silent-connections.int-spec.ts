import { once } from 'node:events';
import { Agent, get } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { createHttpAdapter } from './http-server.js';

/** Serves /v2/now at once, and /v2/later when it is let go. */
async function aServer() {
  const fastify = createHttpAdapter().getInstance();
  let letGo = (): void => {};
  const later = new Promise<void>((resolve) => { letGo = resolve; });
  fastify.get('/v2/now', () => 'now');
  let isAsked = (): void => {};
  const asked = new Promise<void>((resolve) => { isAsked = resolve; });
  fastify.get('/v2/later', async () => {
    isAsked();
    await later;
    return 'later';
  });
  await fastify.listen({ host: '127.0.0.1', port: 0 });
  const { port } = fastify.server.address() as AddressInfo;
  return { fastify, port, asked, letGo };
}

const closedWithin = async (closing: Promise<unknown>, ms: number): Promise<boolean> => Promise.race([closing.then(() => true), pause(ms, false)]);

describe('A gateway that stops', () => {
  it('does not wait for connections on which nothing was asked, or nothing more', async () => {
    const { fastify, port } = await aServer();
    const ahead = connect(port, '127.0.0.1');
    await once(ahead, 'connect');
    const agent = new Agent({ keepAlive: true });
    const [answer] = await once(get({ host: '127.0.0.1', port, path: '/v2/now', agent }), 'response') as [NodeJS.ReadableStream];
    answer.resume();
    await once(answer, 'end');
    await pause(50);
    expect(await closedWithin(fastify.close(), 2000)).toBe(true);
    agent.destroy();
    ahead.destroy();
  });

  it('waits for what was asked before', async () => {
    const { fastify, port, asked, letGo } = await aServer();
    const answered = fetch(`http://127.0.0.1:${port}/v2/later`).then((response) => response.text());
    await asked;
    const closing = fastify.close();
    expect(await closedWithin(closing, 200)).toBe(false);
    letGo();
    expect(await answered).toBe('later');
    await closing;
  });
});
