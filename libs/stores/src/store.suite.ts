import { randomFillSync, randomUUID } from 'node:crypto';
import { Problem, type ProblemCode } from '#libs/domain';
import type { DataKey } from './layout.js';
import type { ByteRange, Store, StoredThing } from './store.js';

export interface StoreUnderTest {
  readonly store: Store;
  /** Puts data where a store can read that cannot be written, and says under which key it does. */
  place?(data: Uint8Array): Promise<DataKey>;
  /** How many bytes, files or folders are left although every key was removed; the suite wants none. */
  leftovers(): Promise<number>;
  end(): Promise<void>;
}

/** The policy of `store.ts`, sentence by sentence. Every driver's spec calls it; of a store that is only read, what can be said of it. */
export function describeStore(name: string, begin: () => Promise<StoreUnderTest>, { isReadOnly = false } = {}): void {
  describe(`A ${name} store`, () => {
    let tested: StoreUnderTest;
    let store: Store;
    let keys: DataKey[];
    beforeEach(async () => {
      tested = await begin();
      store = tested.store;
      keys = [];
    });
    afterEach(async () => {
      try {
        for (const key of keys) await store.remove(key);
        expect(await tested.leftovers()).toBe(0);
      } finally {
        await tested.end();
      }
    });

    const newKey = (imageId: string = randomUUID()): DataKey => {
      const key = { imageId, attemptId: randomUUID(), storeId: store.id };
      keys.push(key);
      return key;
    };
    const stored = async (data: Uint8Array, key?: DataKey): Promise<DataKey> => {
      if (tested.place) return tested.place(data);
      return written(data, key ?? newKey());
    };
    const written = async (data: Uint8Array, key: DataKey): Promise<DataKey> => {
      const writer = await store.create(key);
      for (let at = 0; at < data.byteLength; at += 700_000) await writer.write(data.subarray(at, at + 700_000));
      await writer.commit();
      return key;
    };

    const describeWritable = (title: string, specifications: () => void): void => { if (!isReadOnly) describe(title, specifications); };

    describeWritable('writing', () => {
      it('gives back exactly the bytes that were committed', async () => {
        const data = someBytes(3_500_001);
        const key = await stored(data);
        expect((await read(store, key)).equals(data)).toBe(true);
        expect(await store.sizeOf(key)).toBe(data.byteLength);
      });

      it('shows nothing before the commit', async () => {
        const key = newKey();
        const writer = await store.create(key, { declaredSizeBytes: 5 });
        await writer.write(someBytes(5));
        await refuses(store.read(key), 'ImageDataNotFound');
        await refuses(store.sizeOf(key), 'ImageDataNotFound');
        await writer.commit();
        expect(await store.sizeOf(key)).toBe(5);
      });

      it('takes a chunk by its content: the memory is the caller\'s again', async () => {
        const key = newKey();
        const writer = await store.create(key);
        const chunk = Buffer.from('first');
        await writer.write(chunk);
        chunk.write('other');
        await writer.commit();
        expect((await read(store, key)).toString()).toBe('first');
      });

      it('keeps empty data', async () => {
        const key = await stored(Buffer.alloc(0));
        expect(await store.sizeOf(key)).toBe(0);
        expect((await read(store, key)).byteLength).toBe(0);
      });

      it('takes memory that is shared between threads', async () => {
        const data = someBytes(100);
        const shared = new Uint8Array(new SharedArrayBuffer(100));
        shared.set(data);
        expect((await read(store, await stored(shared))).equals(data)).toBe(true);
      });

      it('leaves nothing after a cancel, however often', async () => {
        const key = newKey();
        const writer = await store.create(key);
        await writer.write(someBytes(10));
        await writer.cancel();
        await writer.cancel();
        await refuses(store.read(key), 'ImageDataNotFound');
        expect(await tested.leftovers()).toBe(0);
      });

      it('does not change committed data by a late cancel', async () => {
        const key = newKey();
        const writer = await store.create(key);
        await writer.write(Buffer.from('kept'));
        await writer.commit();
        await writer.cancel();
        expect((await read(store, key)).toString()).toBe('kept');
      });

      it('takes nothing more once the writer is over', async () => {
        const committed = await store.create(newKey());
        await committed.commit();
        await expect(committed.write(someBytes(1))).rejects.toThrow('over');
        await expect(committed.commit()).rejects.toThrow('over');
        const cancelled = await store.create(newKey());
        await cancelled.cancel();
        await expect(cancelled.write(someBytes(1))).rejects.toThrow('over');
        await expect(cancelled.commit()).rejects.toThrow('over');
      });

      it('writes a key once: neither over committed data nor beside another writer', async () => {
        const key = await stored(Buffer.from('first'));
        await expect(store.create(key)).rejects.toThrow();
        expect((await read(store, key)).toString()).toBe('first');
        const open = newKey();
        const writer = await store.create(open);
        await expect(store.create(open)).rejects.toThrow();
        await writer.commit();
      });

      it('refuses at once what is declared larger than the room that is left', async () => {
        await refuses(store.create(newKey(), { declaredSizeBytes: Number.MAX_SAFE_INTEGER }), 'StoreFull');
      });
    });

    describeWritable('attempts', () => {
      it('do not touch each other, though they are of one image', async () => {
        const imageId = randomUUID();
        const [stalled, second] = [newKey(imageId), newKey(imageId)];
        const stalledWriter = await store.create(stalled);
        await stalledWriter.write(Buffer.from('stalled'));
        await stored(Buffer.from('second'), second);
        await stalledWriter.cancel();
        await store.remove(stalled);
        expect((await read(store, second)).toString()).toBe('second');
      });

      it('may be committed while others of the same image are removed', async () => {
        const imageId = randomUUID();
        const data = someBytes(10);
        const kept = await Promise.all(Array.from({ length: 8 }, async () => {
          for (let round = 0; round < 5; round += 1) {
            const key = { imageId, attemptId: randomUUID(), storeId: store.id };
            await stored(data, key);
            await store.remove(key);
          }
          return stored(data, newKey(imageId));
        }));
        for (const key of kept) expect((await read(store, key)).equals(data)).toBe(true);
      });

      it('are ended by removal: a writer that wakes up afterwards cannot commit', async () => {
        const key = newKey();
        const writer = await store.create(key);
        await writer.write(someBytes(10));
        await store.remove(key);
        await refuses(writer.commit(), 'AttemptOver');
        await writer.cancel();
        await refuses(store.read(key), 'ImageDataNotFound');
        expect(await tested.leftovers()).toBe(0);
      });
    });

    describe('reading', () => {
      const data = someBytes(2_500_000);
      const last = data.byteLength - 1;
      const oneMiB = 1024 * 1024;
      it.each<[string, ByteRange]>([
        ['the first byte', { start: 0, end: 0 }],
        ['the last byte', { start: last, end: last }],
        ['a part in the middle', { start: 1000, end: 1999 }],
        ['a part across the borders of chunks', { start: oneMiB - 1, end: 2 * oneMiB }],
        ['all', { start: 0, end: last }],
      ])('gives %s and nothing else', async (_, range) => {
        const key = await stored(data);
        const part = await read(store, key, range);
        expect(part.equals(data.subarray(range.start, range.end + 1))).toBe(true);
        const reader = await store.read(key, range);
        expect([reader.sizeBytes, reader.lengthBytes]).toEqual([data.byteLength, range.end - range.start + 1]);
        await reader.close();
        await reader.close();
      });

      it.each<[string, ByteRange]>([
        ['begins behind the end', { start: 10, end: 10 }],
        ['ends behind the end', { start: 0, end: 10 }],
        ['ends before it begins', { start: 3, end: 2 }],
        ['begins before the start', { start: -1, end: 2 }],
        ['is not made of whole numbers', { start: 0.5, end: 2 }],
      ])('refuses a range that %s', async (_, range) => {
        const key = await stored(someBytes(10));
        await refuses(store.read(key, range), 'RangeNotSatisfiable');
      });

      it('leaves a chunk untouched until the next but one is asked for', async () => {
        const key = await stored(data);
        const reader = await store.read(key);
        const chunks = reader[Symbol.asyncIterator]();
        const first = (await chunks.next()).value as Uint8Array;
        await chunks.next();
        expect(Buffer.from(first).equals(data.subarray(0, first.byteLength))).toBe(true);
        await reader.close();
      });

      it('gives to many readers at once, each at its own pace', async () => {
        const key = await stored(data);
        const all = await Promise.all(Array.from({ length: 40 }, () => read(store, key)));
        expect(all.every((one) => one.equals(data))).toBe(true);
      });
    });

    describeWritable('removing', () => {
      it('makes the data unreadable', async () => {
        const key = await stored(someBytes(10));
        await store.remove(key);
        await refuses(store.read(key), 'ImageDataNotFound');
        expect(await tested.leftovers()).toBe(0);
      });

      it('is no fault when there is nothing', async () => {
        const key = await stored(someBytes(10));
        await store.remove(key);
        await store.remove(key);
        await store.remove(newKey());
      });
    });

    if (isReadOnly) {
      describe('that can only be read', () => {
        it('says so, and refuses every writer', async () => {
          expect(store.isReadOnly).toBe(true);
          await refuses(store.create(newKey(), { declaredSizeBytes: 1 }), 'StoreUnavailable');
        });

        it('leaves what it reads where it is when an image refers to it no more', async () => {
          const key = await stored(someBytes(10));
          await store.remove(key);
          expect(await store.sizeOf(key)).toBe(10);
        });
      });
    }

    it.each<[string, Partial<DataKey>]>([
      ['a path', { imageId: '../../etc/passwd' }],
      ['upper case', { attemptId: randomUUID().toUpperCase() }],
      ['nothing', { imageId: '' }],
      ['more than an id', { imageId: `${randomUUID()}\n` }],
      ['a store that cannot be', { storeId: 'a/b' }],
      ['dots', { storeId: '..' }],
    ])('takes no key made of %s', async (_, part) => {
      const key = { imageId: randomUUID(), attemptId: randomUUID(), storeId: store.id, ...part };
      await expect(store.create(key)).rejects.toThrow('Not a key');
      await expect(store.read(key)).rejects.toThrow('Not a key');
      await expect(store.sizeOf(key)).rejects.toThrow('Not a key');
      await expect(store.remove(key)).rejects.toThrow('Not a key');
    });

    it('lists what lies in it, what is still arriving too, where it can', async () => {
      if (!store.list) return;
      const [whole, arriving] = [await stored(Buffer.from('whole')), newKey()];
      const writer = await store.create(arriving);
      await writer.write(Buffer.from('some'));
      const things: StoredThing[] = [];
      for await (const thing of store.list()) things.push(thing);
      await writer.cancel();
      const found = things.map(({ key, sizeBytes }) => ({ key, sizeBytes })).toSorted((a, b) => b.sizeBytes - a.sizeBytes);
      expect(found).toEqual([{ key: whole, sizeBytes: 5 }, { key: arriving, sizeBytes: expect.any(Number) as number }]);
      // Some servers do not tell how much of it has arrived.
      expect([0, 4]).toContain(found[1]?.sizeBytes);
    });

    it('says that it is well, and how much still fits', async () => {
      await store.check();
      expect(await store.freeBytes?.() ?? Infinity).toBeGreaterThan(0);
    });
  });
}

export const someBytes = (count: number): Buffer => randomFillSync(Buffer.alloc(count));

/** All that a reader gives, copied out of the buffers that it reuses. */
export async function read(store: Store, key: DataKey, range?: ByteRange): Promise<Buffer> {
  const reader = await store.read(key, range);
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of reader) chunks.push(Buffer.from(chunk));
  } finally {
    await reader.close();
  }
  return Buffer.concat(chunks);
}

export async function refuses(work: Promise<unknown>, code: ProblemCode): Promise<void> {
  const error = await work.then(() => undefined, (thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(Problem);
  expect((error as Problem).code).toBe(code);
}
