import { randomUUID } from 'node:crypto';
import { readPreferred } from './read-preferred.js';
import { refuses } from './store.suite.js';
import { openStores, type Stores } from './stores.js';

describe('Data that lies in several stores', () => {
  const imageId = randomUUID();
  const keyIn = (storeId: string) => ({ imageId, attemptId: randomUUID(), storeId });
  const copies = [keyIn('a'), keyIn('b'), keyIn('c')];
  let stores: Stores;
  beforeEach(async () => {
    const enabled = [{ id: 'a', kind: 'memory' }, { id: 'b', kind: 'memory', weight: 9 }, { id: 'c', kind: 'memory', weight: 5 }] as const;
    stores = await openStores({ enabled, defaultId: 'a' });
    for (const key of copies) {
      const writer = await stores.get(key.storeId).create(key);
      await writer.write(Buffer.from(`from ${key.storeId}`));
      await writer.commit();
    }
  });
  const read = async (options: Parameters<typeof readPreferred>[2] = {}, from = copies): Promise<string> => {
    const chunks: Uint8Array[] = [];
    for await (const chunk of await readPreferred(stores, from, options)) chunks.push(Uint8Array.from(chunk));
    return Buffer.concat(chunks).toString();
  };

  it('is read from the one with the highest weight', async () => {
    expect(await read()).toBe('from b');
    expect(await read({ range: { start: 0, end: 3 } })).toBe('from');
  });

  it('is read from the stores that the caller prefers, and from others where those do not hold it', async () => {
    expect(await read({ prefer: ['a', 'b'] })).toBe('from a');
    expect(await read({ prefer: ['elsewhere', 'c'] })).toBe('from c');
    expect(await read({ prefer: ['a'] }, copies.slice(1))).toBe('from b');
  });

  it('is read from the next store where one has lost it', async () => {
    await stores.get('b').remove(copies[1]!);
    expect(await read()).toBe('from c');
  });

  it('is refused as the first choice refuses it, when nobody has it', async () => {
    for (const key of copies) await stores.get(key.storeId).remove(key);
    await refuses(read(), 'ImageDataNotFound');
    await refuses(read({}, [keyIn('gone')]), 'StoreUnavailable');
  });

  it('is not looked for elsewhere when the range is wrong', async () => {
    await refuses(read({ range: { start: 99, end: 99 } }), 'RangeNotSatisfiable');
  });
});
