import { ensureSameLease } from './same-lease.js';

describe('The lease of a gateway', () => {
  const status = { isLogTrusted: true, projectedSequence: 0 };

  it('is the catalog\'s', () => {
    expect(() => ensureSameLease(30, { ...status, leaseSeconds: 30 })).not.toThrow();
  });

  it('that differs from the catalog\'s is refused, and both are named', () => {
    expect(() => ensureSameLease(30, { ...status, leaseSeconds: 10 })).toThrow('heliograph.lease_seconds is 30 here and 10 at the catalog: give both the same');
  });
});
