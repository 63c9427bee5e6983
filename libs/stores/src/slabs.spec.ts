import { inSlabs, type FilledSlab } from './in-slabs.js';
import { slabBytes, slabPool } from './slabs.js';

async function* chunksOf(...chunks: (Uint8Array | Promise<Uint8Array>)[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield await chunk;
}

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

describe('Cutting a stream into slabs', () => {
  const collect = async (chunks: AsyncGenerator<Uint8Array>, pool = slabPool(3)): Promise<{ lengths: number[]; data: Buffer }> => {
    const lengths: number[] = [];
    const parts: Buffer[] = [];
    for await (const { slab, lengthBytes } of inSlabs(chunks, pool)) {
      lengths.push(lengthBytes);
      parts.push(Buffer.from(slab.bytes.subarray(0, lengthBytes)));
      pool.give(slab);
    }
    expect(pool.inUse).toBe(0);
    return { lengths, data: Buffer.concat(parts) };
  };

  it('fills slabs from chunks of any size and keeps the order', async () => {
    const chunks = [Buffer.alloc(700_000, 1), Buffer.alloc(0), Buffer.alloc(2_000_000, 2), Buffer.alloc(3, 3)];
    const { lengths, data } = await collect(chunksOf(...chunks));
    expect(lengths).toEqual([slabBytes, slabBytes, 2_700_003 - 2 * slabBytes]);
    expect(data.equals(Buffer.concat(chunks))).toBe(true);
  });

  it('gives nothing for nothing', async () => {
    expect((await collect(chunksOf())).lengths).toEqual([]);
  });

  it('holds no memory while a client is silent', async () => {
    const pool = slabPool(1);
    let arrive = (_: Uint8Array): void => {};
    const later = new Promise<Uint8Array>((resolve) => { arrive = resolve; });
    const slabs = inSlabs(chunksOf(Buffer.from('one'), later), pool);
    const first = (await slabs.next()).value as FilledSlab;
    expect(first.lengthBytes).toBe(3);
    pool.give(first.slab);
    const second = slabs.next();
    expect(pool.inUse).toBe(0);
    arrive(Buffer.from('three'));
    expect(((await second).value as FilledSlab).lengthBytes).toBe(5);
  });

  it('gives its slab back when the source fails', async () => {
    const pool = slabPool(1);
    const slabs = inSlabs(chunksOf(Buffer.from('one'), Promise.reject(new Error('broken'))), pool);
    await expect(slabs.next()).rejects.toThrow('broken');
    expect(pool.inUse).toBe(0);
  });
});
