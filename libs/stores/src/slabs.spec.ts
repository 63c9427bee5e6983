import { slabPool } from './slabs.js';

describe('A pool of slabs', () => {
  it('makes no more than its capacity, and lets the others wait in turn', async () => {
    const pool = slabPool(1);
    const first = await pool.take();
    expect(pool.tryTake()).toBeUndefined();
    const order: string[] = [];
    const second = pool.take().then((slab) => { order.push('second'); return slab; });
    const third = pool.take().then((slab) => { order.push('third'); return slab; });
    expect(order).toEqual([]);
    pool.give(first);
    pool.give(await second);
    pool.give(await third);
    expect(order).toEqual(['second', 'third']);
    expect(pool.inUse).toBe(0);
  });

  it('replaces a slab that is given up, never reuses it', async () => {
    const pool = slabPool(1);
    const first = await pool.take();
    pool.forget(first);
    expect(pool.inUse).toBe(0);
    expect(await pool.take()).not.toBe(first);
  });
});
