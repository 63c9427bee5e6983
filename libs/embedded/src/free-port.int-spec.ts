import { once } from 'node:events';
import { createServer } from 'node:net';
import { freePort } from './free-port.js';

describe('A free port', () => {
  it('is one that no outgoing connection takes', async () => {
    const port = await freePort();
    expect(port).toBeGreaterThanOrEqual(20_000);
    expect(port).toBeLessThan(32_768);
  });

  it('is the wanted one where that is free, also a second time', async () => {
    const wanted = await freePort();
    expect(await freePort(wanted)).toBe(wanted);
    expect(await freePort(wanted)).toBe(wanted);
  });

  it('is another where somebody listens on the wanted one', async () => {
    const wanted = await freePort();
    const server = createServer().listen(wanted, '127.0.0.1');
    await once(server, 'listening');
    try {
      expect(await freePort(wanted)).not.toBe(wanted);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });
});
