import { createBandwidth } from './bandwidth.js';

describe('The bandwidth of a policy', () => {
  function measured(bytesPerSecond: number) {
    let now = 0;
    const waits: number[] = [];
    const wait = ((ms: number) => { waits.push(ms); now += ms; return Promise.resolve(); }) as never;
    return { bandwidth: createBandwidth(bytesPerSecond, () => now, wait), waits, elapsed: () => now, pass: (ms: number) => { now += ms; } };
  }
  const { signal } = new AbortController();

  it('is what all of its images take together, over any time', async () => {
    const { bandwidth, elapsed } = measured(1000);
    for (let part = 0; part < 100; part += 1) await bandwidth.take(100, signal);
    expect(elapsed()).toBeCloseTo(10_000, -2);
  });

  it('is not saved up while nothing is sent', async () => {
    const { bandwidth, elapsed, pass } = measured(1000);
    await bandwidth.take(100, signal);
    pass(60_000);
    const before = elapsed();
    for (let part = 0; part < 20; part += 1) await bandwidth.take(100, signal);
    expect(elapsed() - before).toBeGreaterThan(1800);
  });
});
