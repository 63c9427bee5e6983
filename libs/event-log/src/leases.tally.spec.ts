import { memoryLeases } from './leases.memory.js';
import { leasesSuite } from './leases.suite.js';
import { tallyLeases } from './leases.tally.js';
import type { Leases } from './leases.js';

const second = (seconds: number): Date => new Date(seconds * 1000);

describe('counted leases', () => {
  leasesSuite(() => Promise.resolve({ leases: tallyLeases(memoryLeases(), () => new Date()).leases, close: () => Promise.resolve() }));

  it('counts those that are held, each attempt once, until they are released', async () => {
    const { leases, held, lost } = tallyLeases(memoryLeases(), () => second(0));
    for (const attempt of ['a', 'b', 'a']) await leases.renew(attempt, 'image', second(30));
    expect(held()).toBe(2);
    await leases.release('a');
    expect([held(), lost()]).toEqual([1, 0]);
  });

  it('counts one that ran out as lost, once, also where it is released or taken anew after that', async () => {
    let now = second(0);
    const { leases, held, lost } = tallyLeases(memoryLeases(), () => now);
    await leases.renew('a', 'image', second(30));
    await leases.renew('b', 'image', second(30));
    now = second(30);
    await leases.release('a');
    await leases.renew('b', 'image', second(60));
    expect([held(), lost()]).toEqual([1, 2]);
  });

  it('counts no lease that could not be taken, and one that could not be given back as over', async () => {
    const broken: Leases = { ...memoryLeases(), renew: () => Promise.reject(new Error('nobody answers')), release: () => Promise.reject(new Error('nobody answers')) };
    const counted = tallyLeases(broken, () => second(0));
    await expect(counted.leases.renew('a', 'image', second(30))).rejects.toThrow('nobody answers');
    await expect(counted.leases.release('a')).rejects.toThrow('nobody answers');
    expect([counted.held(), counted.lost()]).toEqual([0, 0]);
  });
});
