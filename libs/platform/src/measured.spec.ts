import { Registry } from 'prom-client';
import { measuredGauges } from './measured.js';

const gauges = { queue_depth: { help: 'How many wait.', label: 'queue' }, oldest_seconds: { help: 'How long the first has waited.' } };

describe('Gauges that are measured when they are read', () => {
  it('are filled by one measurement for each reading', async () => {
    const registry = new Registry();
    let measurements = 0;
    measuredGauges(registry, gauges, () => {
      measurements += 1;
      return Promise.resolve({ queue_depth: measurements === 1 ? { a: 1, b: 2 } : { b: 3 }, oldest_seconds: measurements });
    });
    const first = await registry.metrics();
    expect(first).toContain('heliograph_queue_depth{queue="a"} 1');
    expect(first).toContain('heliograph_queue_depth{queue="b"} 2');
    expect(first).toContain('heliograph_oldest_seconds 1');
    const second = await registry.metrics();
    expect(second).toContain('heliograph_queue_depth{queue="b"} 3');
    expect(second).not.toContain('queue="a"');
    expect(second).toContain('heliograph_oldest_seconds 2');
    expect(measurements).toBe(2);
  });

  it('are absent where the measurement fails or takes too long, and the rest can be read', async () => {
    const registry = new Registry();
    const outcomes = [() => Promise.resolve({ queue_depth: { a: 1 }, oldest_seconds: 1 }), () => Promise.reject(new Error('nobody answers')), () => new Promise<never>(() => undefined)];
    measuredGauges(registry, gauges, () => outcomes.shift()?.() ?? Promise.reject(new Error('asked too often')), 20);
    expect(await registry.metrics()).toContain('heliograph_oldest_seconds 1');
    for (const _ of ['fails', 'hangs']) {
      const text = await registry.metrics();
      expect(text).toContain('# TYPE heliograph_oldest_seconds gauge');
      expect(text).not.toMatch(/^heliograph_/m);
    }
  });
});
