import { randomUUID } from 'node:crypto';
import { PassThrough, Writable } from 'node:stream';
import { memoryStore } from './memory.js';
import { sendData } from './send-data.js';
import type { StoreReader } from './store.js';
import { someBytes } from './store.suite.js';

describe('Sending data', () => {
  const data = someBytes(5_000_000);
  let closed: number;
  const reader = async (range?: { start: number; end: number }): Promise<StoreReader> => {
    const store = memoryStore('memory');
    const key = { imageId: randomUUID(), attemptId: randomUUID(), storeId: 'memory' };
    const writer = await store.create(key);
    await writer.write(data);
    await writer.commit();
    closed = 0;
    return { ...await store.read(key, range), close: async () => { closed += 1; } };
  };
  const collector = (): { target: Writable; received: () => Buffer } => {
    const parts: Buffer[] = [];
    const target = new Writable({ write(chunk: Buffer, _, done) { parts.push(Buffer.from(chunk)); setImmediate(done); } });
    return { target, received: () => Buffer.concat(parts) };
  };

  it('sends all, leaves the target open and closes the reader', async () => {
    const { target, received } = collector();
    const seen: number[] = [];
    expect(await sendData(await reader(), target, { onProgress: (bytes) => seen.push(bytes) })).toEqual({ sentBytes: data.byteLength, isComplete: true });
    expect(received().equals(data)).toBe(true);
    expect(seen.at(-1)).toBe(data.byteLength);
    expect([target.writableEnded, closed]).toEqual([false, 1]);
  });

  it('sends the part that is asked for', async () => {
    const { target, received } = collector();
    await sendData(await reader({ start: 1_000_000, end: 3_000_000 }), target);
    expect(received().equals(data.subarray(1_000_000, 3_000_001))).toBe(true);
  });

  it('stops reading when the receiver goes away', async () => {
    const target = new PassThrough({ highWaterMark: 1000 });
    setTimeout(() => target.destroy(), 20);
    const sent = await sendData(await reader(), target);
    expect(sent.isComplete).toBe(false);
    expect(sent.sentBytes).toBeLessThan(data.byteLength);
    expect(closed).toBe(1);
  });

  it('stops when it is told to', async () => {
    const stop = new AbortController();
    setTimeout(() => { stop.abort(); }, 20);
    const target = new Writable({ write() {} });
    expect(await sendData(await reader(), target, { signal: stop.signal })).toEqual({ sentBytes: 0, isComplete: false });
    expect(closed).toBe(1);
  });

  it('sends nothing to a receiver that is gone already', async () => {
    const target = new PassThrough();
    target.destroy();
    expect(await sendData(await reader(), target)).toEqual({ sentBytes: 0, isComplete: false });
    expect(closed).toBe(1);
  });

  it('throws what the store throws, with the reader closed', async () => {
    const broken = { ...await reader(), async* [Symbol.asyncIterator](): AsyncGenerator<Uint8Array> { yield data; throw new Error('disk'); } };
    await expect(sendData(broken, collector().target)).rejects.toThrow('disk');
    expect(closed).toBe(1);
  });

  it('gives no chunk back to the reader before it has left', async () => {
    const shared = [Buffer.alloc(10), Buffer.alloc(10)];
    async function* reusing(): AsyncGenerator<Uint8Array> {
      for (let turn = 0; turn < 20; turn += 1) yield shared[turn % 2]!.fill(turn);
    }
    const parts: number[] = [];
    const late = new Writable({ write(chunk: Buffer, _, done) { setTimeout(() => { parts.push(...new Set(chunk)); done(); }, 2); } });
    await sendData({ ...await reader(), lengthBytes: 200, [Symbol.asyncIterator]: reusing }, late);
    expect(parts).toEqual(Array.from({ length: 20 }, (_, turn) => turn));
  });
});
