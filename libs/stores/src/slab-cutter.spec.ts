import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { slabCutter, type FilledSlab } from './slab-cutter.js';
import { slabBytes, slabPool } from './slabs.js';

describe('Cutting chunks into slabs', () => {
  /** A receiver that copies and gives back at once. */
  function cutting(pool = slabPool(3)) {
    const lengths: number[] = [];
    const parts: Buffer[] = [];
    const cutter = slabCutter(pool, ({ slab, lengthBytes }) => {
      lengths.push(lengthBytes);
      parts.push(Buffer.from(slab.bytes.subarray(0, lengthBytes)));
      pool.give(slab);
      return undefined;
    });
    return { cutter, lengths, pool, data: () => Buffer.concat(parts) };
  }

  it('fills slabs from chunks of any size and keeps the order', async () => {
    const chunks = [Buffer.alloc(700_000, 1), Buffer.alloc(0), Buffer.alloc(2_000_000, 2), Buffer.alloc(3, 3)];
    const { cutter, lengths, data, pool } = cutting();
    for (const chunk of chunks) await cutter.take(chunk);
    await cutter.finish();
    expect(lengths).toEqual([slabBytes, slabBytes, 2_700_003 - 2 * slabBytes]);
    expect(data().equals(Buffer.concat(chunks))).toBe(true);
    expect(pool.inUse).toBe(0);
  });

  it.each([1, 7, 8, 65_483, 65_535, 65_536, 65_537, 200_001, 1_048_577])('keeps what comes in pieces of %i bytes', async (pieceBytes) => {
    const bytes = randomBytes(3 * slabBytes + 5);
    const { cutter, lengths, data } = cutting();
    const all = pieceBytes < 100 ? bytes.subarray(0, 70_000) : bytes;
    for (let at = 0; at < all.byteLength; at += pieceBytes) await cutter.take(all.subarray(at, at + pieceBytes));
    await cutter.finish();
    expect(data().equals(all)).toBe(true);
    expect(lengths.slice(0, -1).every((length) => length === slabBytes)).toBe(true);
  });

  it('gives nothing for nothing', async () => {
    const { cutter, lengths } = cutting();
    await cutter.finish();
    expect(lengths).toEqual([]);
  });

  it('waits for nothing as long as there are slabs and the receiver does not want it', () => {
    const { cutter } = cutting();
    for (let count = 0; count < 40; count += 1) expect(cutter.take(Buffer.alloc(65_536))).toBeUndefined();
    cutter.drop();
  });

  it('holds no memory while a client is silent', async () => {
    const { cutter, lengths, pool } = cutting(slabPool(1));
    await cutter.take(Buffer.from('one'));
    expect(pool.inUse).toBe(1);
    while (pool.inUse > 0) await pause(5);
    await cutter.take(Buffer.from('three'));
    await cutter.finish();
    expect(lengths).toEqual([3, 5]);
  });

  it('takes nothing more before the receiver lets it, also where it was a silence that passed a slab on', async () => {
    const pool = slabPool(4);
    const waiting: (() => void)[] = [];
    const passed: number[] = [];
    const cutter = slabCutter(pool, ({ slab, lengthBytes }: FilledSlab) => {
      passed.push(lengthBytes);
      pool.give(slab);
      return new Promise((resolve) => { waiting.push(resolve); });
    });
    await cutter.take(Buffer.from('one'));
    while (passed.length === 0) await pause(5);
    let isTaken = false;
    const taking = cutter.take(Buffer.alloc(slabBytes + 1))!.then(() => { isTaken = true; });
    await pause(5);
    expect(passed).toEqual([3]);
    waiting.shift()!();
    while (passed.length === 1) await pause(5);
    expect([passed, isTaken]).toEqual([[3, slabBytes], false]);
    waiting.shift()!();
    await taking;
    const finished = cutter.finish();
    while (waiting.length === 0) await pause(5);
    waiting.shift()!();
    await finished;
    expect(passed).toEqual([3, slabBytes, 1]);
  });

  it('waits its turn where all slabs are in use', async () => {
    const pool = slabPool(1);
    const all = await pool.take();
    const { cutter, lengths } = cutting(pool);
    const taking = cutter.take(Buffer.from('one'));
    expect(taking).toBeInstanceOf(Promise);
    pool.give(all);
    await taking;
    await cutter.finish();
    expect(lengths).toEqual([3]);
  });

  it('gives back what it holds, or comes to hold, when it is dropped', async () => {
    const pool = slabPool(1);
    const filling = cutting(pool);
    await filling.cutter.take(Buffer.from('one'));
    const second = cutting(pool);
    const taking = second.cutter.take(Buffer.from('two'));
    second.cutter.drop();
    filling.cutter.drop();
    await taking;
    expect([pool.inUse, filling.lengths, second.lengths]).toEqual([0, [], []]);
  });
});
