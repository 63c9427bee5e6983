import { randomUUID } from 'node:crypto';
import { region, startRegion } from './jetstream.suite.js';
import { jetStreamLeases } from './leases.jetstream.js';
import { leasesSuite } from './leases.suite.js';

describe('leases on JetStream', () => {
  leasesSuite(async () => {
    const running = await startRegion();
    return { leases: await jetStreamLeases(await running.as('gateway'), { region }), close: running.close };
  });

  it('are renewed by the gateway and read by the catalog, also after their server was killed', async () => {
    const running = await startRegion();
    try {
      const renewing = await jetStreamLeases(await running.as('gateway'), { region });
      const reading = await jetStreamLeases(await running.as('catalog'), { region });
      const [attemptId, imageId] = [randomUUID(), randomUUID()];
      const [until, later] = [new Date(Date.now() + 30_000), new Date(Date.now() + 60_000)];
      await renewing.renew(attemptId, imageId, until);
      expect(await reading.heldUntil(attemptId)).toEqual(until);
      await running.stack.nats.kill();
      running.stack.nats = await running.stack.nats.restart();
      await renewing.renew(attemptId, imageId, later);
      expect(await reading.heldUntil(attemptId)).toEqual(later);
      expect(await reading.heldUntil(randomUUID())).toBeUndefined();
    } finally {
      await running.close();
    }
  });
});
