import { randomUUID } from 'node:crypto';
import type { Leases } from './leases.js';

/** What every keeper of leases promises. `open` gives an empty one of the region `RegionOne`; `close` ends what it opened. */
export function leasesSuite(open: () => Promise<{ leases: Leases; close(): Promise<void> }>): void {
  let leases: Leases;
  let close: () => Promise<void>;
  beforeEach(async () => { ({ leases, close } = await open()); });
  afterEach(async () => close());

  const imageId = randomUUID();
  const moment = (seconds: number) => new Date(Date.UTC(2026, 0, 1) + seconds * 1000);

  it('holds nothing for an attempt that was never renewed', async () => {
    expect(await leases.heldUntil(randomUUID())).toBeUndefined();
  });

  it('is held until the moment of the last renewal, each attempt for itself', async () => {
    const [mine, other] = [randomUUID(), randomUUID()];
    await leases.renew(mine, imageId, moment(30));
    await leases.renew(other, imageId, moment(40));
    await leases.renew(mine, imageId, moment(60));
    expect(await leases.heldUntil(mine)).toEqual(moment(60));
    expect(await leases.heldUntil(other)).toEqual(moment(40));
  });

  it('tells a moment that is past as well: the caller has the clock', async () => {
    const attemptId = randomUUID();
    await leases.renew(attemptId, imageId, new Date(1));
    expect(await leases.heldUntil(attemptId)).toEqual(new Date(1));
  });

  it('is no longer held after it was released, and may be released twice', async () => {
    const attemptId = randomUUID();
    await leases.renew(attemptId, imageId, moment(30));
    await leases.release(attemptId);
    await leases.release(attemptId);
    expect(await leases.heldUntil(attemptId)).toBeUndefined();
  });

  it('can be held again after a release', async () => {
    const attemptId = randomUUID();
    await leases.renew(attemptId, imageId, moment(30));
    await leases.release(attemptId);
    await leases.renew(attemptId, imageId, moment(90));
    expect(await leases.heldUntil(attemptId)).toEqual(moment(90));
  });
}
