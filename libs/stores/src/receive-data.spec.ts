import { createHash, randomUUID } from 'node:crypto';
import { PassThrough, Readable } from 'node:stream';
import { Problem } from '#libs/domain';
import type { ByteSource } from './each-chunk.js';
import { memoryStore } from './memory.js';
import { receiveData, type ReceiveOptions } from './receive-data.js';
import type { Store } from './store.js';
import { read, refuses, someBytes } from './store.suite.js';

describe('Receiving data', () => {
  const capacityBytes = 16 * 1024 * 1024;
  let store: Store;
  beforeEach(() => { store = memoryStore('memory', { capacityBytes }); });

  const key = () => ({ imageId: randomUUID(), attemptId: randomUUID(), storeId: 'memory' });
  const receive = (source: ByteSource, options: Partial<ReceiveOptions> = {}, into = key()) =>
    receiveData(store, into, source, { limitBytes: capacityBytes, osHashAlgo: 'sha512', ...options });
  const inChunks = (data: Buffer, chunkBytes = 65_536): Buffer[] =>
    Array.from({ length: Math.ceil(data.byteLength / chunkBytes) }, (_, at) => data.subarray(at * chunkBytes, (at + 1) * chunkBytes));
  const nothingIsLeft = async (): Promise<void> => { expect(await store.freeBytes?.()).toBe(capacityBytes); };
  const hex = (algorithm: string, data: Buffer): string => createHash(algorithm).update(data).digest('hex');

  it.each([0, 1, 65_537, 1024 * 1024, 9_999_999])('stores %p bytes and knows their size and hashes', async (count) => {
    const data = someBytes(count);
    const into = key();
    const received = await receive(Readable.from(inChunks(data)), { declaredSizeBytes: count }, into);
    expect(received).toMatchObject({ sizeBytes: count, checksum: hex('md5', data), osHashAlgo: 'sha512', osHashValue: hex('sha512', data) });
    await received.commit();
    expect((await read(store, into)).equals(data)).toBe(true);
  });

  it('leaves the commit to the caller: until then nothing is visible, and a cancel leaves nothing', async () => {
    const into = key();
    const received = await receive(Readable.from([someBytes(10)]), {}, into);
    await refuses(store.read(into), 'ImageDataNotFound');
    await received.cancel();
    await nothingIsLeft();
  });

  it('takes many uploads at once and mixes none of them up', async () => {
    const all = await Promise.all(Array.from({ length: 30 }, async () => {
      const data = someBytes(300_000);
      const received = await receive(Readable.from(inChunks(data, 10_000)), { osHashAlgo: 'sha256' });
      return received.osHashValue === hex('sha256', data);
    }));
    expect(all).not.toContain(false);
  });

  it('tells how far it is', async () => {
    const seen: number[] = [];
    await receive(Readable.from([someBytes(5), someBytes(7)]), { onProgress: (bytes) => seen.push(bytes) });
    expect(seen).toEqual([5, 12]);
  });

  it('takes exactly the limit', async () => {
    expect((await receive(Readable.from([someBytes(10)]), { limitBytes: 10 })).sizeBytes).toBe(10);
  });

  it('refuses the first byte over the limit, and leaves the source open to be answered on', async () => {
    const source = new PassThrough();
    source.write(someBytes(11));
    await refuses(receive(source, { limitBytes: 10 }), 'ImageTooLarge');
    expect(source.destroyed).toBe(false);
    await nothingIsLeft();
  });

  it('refuses an announced size over the limit before it reads', async () => {
    await refuses(receive(neverRead(), { limitBytes: 10, declaredSizeBytes: 11 }), 'ImageTooLarge');
  });

  it.each([[9], [11]])('refuses 10 bytes that were announced as %p', async (declaredSizeBytes) => {
    await refuses(receive(Readable.from([someBytes(10)]), { declaredSizeBytes }), 'SizeMismatch');
    await nothingIsLeft();
  });

  it('refuses what the store has no room for, also while the client is silent', async () => {
    store = memoryStore('memory', { capacityBytes: 100 });
    const source = new PassThrough();
    source.write(someBytes(101));
    await refuses(receive(source), 'StoreFull');
    expect(await store.freeBytes?.()).toBe(100);
  });

  it('says that the upload was interrupted when the client hangs up', async () => {
    const source = new PassThrough();
    source.write(someBytes(10));
    setTimeout(() => source.destroy(), 30);
    await refuses(receive(source), 'UploadInterrupted');
    await nothingIsLeft();
  });

  it('passes on what the source throws', async () => {
    async function* broken(): AsyncGenerator<Uint8Array> {
      yield someBytes(10);
      throw new Error('the disk of the other side');
    }
    await expect(receive(broken())).rejects.toThrow('the disk of the other side');
    await nothingIsLeft();
  });

  it('stops when it is told to, with the reason it is given, also while the client is silent', async () => {
    const lost = new AbortController();
    setTimeout(() => { lost.abort(new Problem('AttemptOver', { imageId: 'x' })); }, 30);
    await refuses(receive(new PassThrough(), { signal: lost.signal }), 'AttemptOver');
    await refuses(receive(neverRead(), { signal: lost.signal }), 'AttemptOver');
    await nothingIsLeft();
  });

  it('holds the client back when the store is slow', async () => {
    let isSlow = true;
    let given = 0;
    async function* eager(): AsyncGenerator<Uint8Array> {
      for (; given < 15; given += 1) yield someBytes(1024 * 1024);
    }
    const slow = slowStore(store, () => isSlow);
    const receiving = receiveData(slow, key(), eager(), { limitBytes: capacityBytes, osHashAlgo: 'md5' });
    await new Promise((resolve) => { setTimeout(resolve, 200); });
    expect(given).toBeLessThanOrEqual(10);
    isSlow = false;
    expect((await receiving).sizeBytes).toBe(15 * 1024 * 1024);
  });
});

async function* neverRead(): AsyncGenerator<Uint8Array> {
  yield Promise.reject(new Error('It was read.'));
}

function slowStore(store: Store, isSlow: () => boolean): Store {
  return {
    ...store,
    async create(key, options) {
      const writer = await store.create(key, options);
      const write = async (chunk: Uint8Array): Promise<void> => {
        while (isSlow()) await new Promise((resolve) => { setTimeout(resolve, 5); });
        await writer.write(chunk);
      };
      return { ...writer, write };
    },
  };
}
