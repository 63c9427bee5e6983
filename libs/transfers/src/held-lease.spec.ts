import { memoryLeases } from '#libs/event-log';
import { Problem } from '#libs/domain';
import { holdLease } from './held-lease.js';

const imageId = '11111111-2222-4333-8444-555555555555';
const attemptId = '00000000-0000-4000-8000-0000000000a1';

function aLease(leases = memoryLeases()) {
  const held = { now: new Date('2026-01-01T00:00:00Z') };
  const lost: Problem[] = [];
  const lease = holdLease({ leases, leaseMs: 30_000, clock: () => held.now, imageId, attemptId, onLost: (reason) => { lost.push(reason); } });
  const pass = (seconds: number) => { held.now = new Date(held.now.getTime() + seconds * 1000); };
  return { lease, leases, lost, pass, held };
}

describe('The lease of an upload', () => {
  it('is prolonged by each confirmation', async () => {
    const { lease, leases, pass, held } = aLease();
    pass(20);
    await lease.confirm();
    expect(await leases.heldUntil(attemptId)).toEqual(new Date(held.now.getTime() + 30_000));
    pass(29);
    await lease.confirm();
    await lease.release();
  });

  it('is lost once it has run out, and the holder is told once', async () => {
    const { lease, lost, pass } = aLease();
    pass(30);
    await expect(lease.confirm()).rejects.toMatchObject({ code: 'AttemptOver' });
    await expect(lease.confirm()).rejects.toMatchObject({ code: 'AttemptOver' });
    expect(lost).toHaveLength(1);
    await lease.release();
  });

  it('is lost when its keeper answers only after it has run out', async () => {
    const keeper = memoryLeases();
    const { lease, pass } = aLease({ ...keeper, renew: async (...given) => { pass(31); await keeper.renew(...given); } });
    await expect(lease.confirm()).rejects.toMatchObject({ code: 'AttemptOver' });
    await lease.release();
  });

  it('outlives an outage of its keeper that is shorter than itself', async () => {
    const keeper = memoryLeases();
    let isDown = true;
    const { lease, lost, pass } = aLease({ ...keeper, renew: (...given) => isDown ? Promise.reject(new Problem('Unavailable', { what: 'NATS', seconds: 2 })) : keeper.renew(...given) });
    pass(10);
    await expect(lease.confirm()).rejects.toMatchObject({ code: 'Unavailable' });
    isDown = false;
    pass(15);
    await lease.confirm();
    expect(lost).toEqual([]);
    await lease.release();
  });

  it('is given back when the upload ends', async () => {
    const { lease, leases } = aLease();
    await lease.confirm();
    await lease.release();
    expect(await leases.heldUntil(attemptId)).toBeUndefined();
  });
});
