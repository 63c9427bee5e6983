import { batched } from './batched.js';

const soon = () => new Promise((resolve) => { setImmediate(resolve); });

describe('Work in batches', () => {
  it('takes together what came for one key while it was busy, in order, and gives each its own result', async () => {
    const done: number[][] = [];
    const add = batched<number, number>(10, async (_, items) => { done.push([...items]); await soon(); return items.map((each) => each * 2); });
    expect(await Promise.all([1, 2, 3, 4].map((item) => add('key', item)))).toEqual([2, 4, 6, 8]);
    expect(done).toEqual([[1], [2, 3, 4]]);
    expect(await add('key', 5)).toBe(10);
  });

  it('is done side by side for different keys, but not too many, and never twice at once for one', async () => {
    const now = new Map<string, number>();
    let most = 0;
    const add = batched<number, null>(2, async (key, items) => {
      now.set(key, (now.get(key) ?? 0) + 1);
      expect(now.get(key)).toBe(1);
      most = Math.max(most, [...now.values()].reduce((sum, each) => sum + each, 0));
      await soon();
      now.set(key, 0);
      return items.map(() => null);
    });
    await Promise.all(Array.from({ length: 30 }, async (_, place) => { if (place > 10) await soon(); return add(String(place % 5), place); }));
    expect(most).toBe(2);
  });

  it('that fails fails for all of its batch, and for nobody else', async () => {
    const add = batched<string, string>(1, (_, items) => items.includes('bad') ? Promise.reject(new Error('bad')) : Promise.resolve(items));
    const outcomes = await Promise.allSettled([add('a', 'good'), add('a', 'bad'), add('a', 'with it'), add('b', 'good')]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'rejected', 'fulfilled']);
    expect(await add('a', 'good again')).toBe('good again');
  });
});
