import type { Caller } from '#libs/identity';
import { requestRate } from './request-rate.js';

const caller = (projectId: string | null, more: Partial<Caller> = {}): Caller => ({
  userId: 'u', userName: 'u', projectId, roles: ['member'], isAdmin: false, serviceRoles: [], scope: 'project', authMethods: ['password'], expiresAt: new Date('2100-01-01'), isService: false, catalog: [], ...more,
});
const [demo, alt, admin, service, systemReader] = [caller('demo'), caller('alt'), caller('demo', { isAdmin: true }), caller('demo', { isService: true }), caller(null, { scope: 'system' })];
const refusal = (seconds: number) => expect.objectContaining({ code: 'TooManyRequests', params: { limit: 2, seconds } }) as Error;

/** Two reads and one change a second. */
function aRate() {
  const held = { nowMs: 0 };
  return { held, count: requestRate({ readsPerSecond: 2, changesPerSecond: 1 }, () => held.nowMs) };
}
const times = (number: number, work: () => void): void => { for (let done = 0; done < number; done += 1) work(); };

describe('The rate of requests of a project', () => {
  it('lets ten seconds\' worth pass at once, and then as many as it says', () => {
    const { held, count } = aRate();
    times(20, () => count('GET', demo));
    expect(() => count('GET', demo)).toThrow(refusal(1));
    held.nowMs += 1000;
    times(2, () => count('HEAD', demo));
    expect(() => count('GET', demo)).toThrow(refusal(1));
  });

  it('counts reads and changes each for itself, and each project for itself', () => {
    const { count } = aRate();
    times(20, () => count('GET', demo));
    times(10, () => count('POST', demo));
    expect(() => count('PUT', demo)).toThrow('1 a second');
    count('GET', alt);
    count('PATCH', alt);
  });

  it('counts no administrator, no service and no token without a project', () => {
    const { count } = aRate();
    for (const caller of [admin, service, systemReader]) times(50, () => count('DELETE', caller));
  });

  it('of 0 is none', () => {
    const count = requestRate({ readsPerSecond: 0, changesPerSecond: 0 });
    times(100, () => count('GET', demo));
  });
});
