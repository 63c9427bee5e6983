import type { ImageCommandMessage } from '#libs/contracts';
import { createSweep, type OpenAttempt } from './sweep.js';

const attempt = (attemptId: string): OpenAttempt => ({ imageId: `image-of-${attemptId}`, attemptId, storeId: attemptId.startsWith('staging') ? 'os_glance_staging_store' : 'fast' });

function aSweep({ open, leases = {}, refuses = [] }: { open: string[]; leases?: Record<string, number>; refuses?: string[] }) {
  let second = 0;
  const executed: ImageCommandMessage[] = [];
  const failures: string[] = [];
  const sweep = createSweep({
    openAttempts: () => Promise.resolve(open.map(attempt)),
    heldUntil: (attemptId) => Promise.resolve(leases[attemptId] === undefined ? undefined : new Date(leases[attemptId] * 1000)),
    execute: (message) => {
      if (refuses.some((id) => message.envelope.imageId.endsWith(id))) return Promise.reject(new Error('down'));
      executed.push(message);
      return Promise.resolve();
    },
    onFailure: ({ attemptId }) => failures.push(attemptId),
    clock: () => new Date(second * 1000),
    leaseSeconds: 30,
  });
  return { sweep, executed, failures, at: (to: number) => { second = to; } };
}

describe('Sweeping uploads whose server died', () => {
  it('fails an attempt whose lease ran out, in the name of the service', async () => {
    const { sweep, executed, at } = aSweep({ open: ['a'], leases: { a: 40 } });
    at(41);
    expect(await sweep.run()).toBe(1);
    expect(executed).toEqual([{
      envelope: { imageId: 'image-of-a', command: { type: 'FailImageDataUpload', attemptId: 'a', reason: 'lease_expired' } },
      context: { commandId: 'lease-expired:a', requestId: 'sweep-a', actor: { userId: 'service:catalog', authMethod: 'service' } },
    }]);
  });

  it('leaves an attempt whose lease is held', async () => {
    const { sweep, executed, at } = aSweep({ open: ['a', 'b'], leases: { a: 42, b: 41 } });
    at(41);
    expect(await sweep.run()).toBe(1);
    expect(executed.map(({ envelope }) => envelope.imageId)).toEqual(['image-of-b']);
  });

  it('fails an attempt without any lease, but only a full lease after its own start', async () => {
    const { sweep, at } = aSweep({ open: ['a'] });
    at(29);
    expect(sweep.isGrace()).toBe(true);
    expect(await sweep.run()).toBe(0);
    at(30);
    expect(sweep.isGrace()).toBe(false);
    expect(await sweep.run()).toBe(1);
  });

  it('waits a full lease again after it starts over', async () => {
    const { sweep, at } = aSweep({ open: ['a'] });
    at(100);
    sweep.startOver();
    at(129);
    expect(await sweep.run()).toBe(0);
    at(130);
    expect(await sweep.run()).toBe(1);
  });

  it('goes on with the others when one cannot be ended', async () => {
    const { sweep, failures, at } = aSweep({ open: ['a', 'b'], refuses: ['a'] });
    at(60);
    expect(await sweep.run()).toBe(1);
    expect(failures).toEqual(['a']);
  });
});
