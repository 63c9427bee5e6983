import { cacheIndex } from './cache-index.js';

const file = (imageId: string, sizeBytes: number, accessedMs: number) => ({ imageId, sizeBytes, accessedMs, modifiedMs: 1 });
const ids = (entries: readonly { imageId: string }[]): string[] => entries.map(({ imageId }) => imageId);

describe('What is in the cache', () => {
  it('lets go first what was not read for the longest time', () => {
    const index = cacheIndex([file('a', 10, 3), file('b', 10, 1), file('c', 10, 2)]);
    expect(ids(index.toGo(30, 0))).toEqual([]);
    expect(ids(index.toGo(30, 1))).toEqual(['b']);
    expect(ids(index.toGo(15, 0))).toEqual(['b', 'c']);
    index.hit('b', 4);
    expect(ids(index.toGo(15, 0))).toEqual(['c', 'a']);
  });

  it('counts reads since its entry came', () => {
    const index = cacheIndex([file('a', 10, 3)]);
    index.hit('a', 5);
    index.hit('a', 6);
    index.hit('nothing', 7);
    expect(index.get('a')).toEqual({ ...file('a', 10, 6), hits: 2 });
    index.add(file('a', 10, 8));
    expect(index.get('a')).toMatchObject({ hits: 0 });
  });

  it('adds up what it holds', () => {
    const index = cacheIndex([file('a', 10, 3)]);
    index.add(file('b', 5, 4));
    index.remove('a');
    expect([index.usedBytes(), ids(index.all())]).toEqual([5, ['b']]);
  });
});
