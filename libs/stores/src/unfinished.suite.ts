import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { DataKey } from './layout.js';
import type { PartWriter, Store, UnfinishedData } from './store.js';
import { read } from './store.suite.js';

export interface UnfinishedUnderTest {
  /** The store as a process finds it that starts now. */
  open(): Promise<Store>;
  end(): Promise<void>;
}

/** What `store.ts` says of data that arrives in several requests. Every driver that takes it calls this. */
export function describeUnfinished(name: string, begin: () => Promise<UnfinishedUnderTest>): void {
  describe(`Unfinished data in a ${name} store`, () => {
    let tested: UnfinishedUnderTest;
    let store: Store;
    let unfinished: UnfinishedData;
    let key: DataKey;
    const bytes = randomBytes(300_000);
    const reopen = async (): Promise<void> => {
      store = await tested.open();
      unfinished = store.unfinished!;
    };
    beforeEach(async () => {
      tested = await begin();
      await reopen();
      key = { imageId: randomUUID(), attemptId: randomUUID(), storeId: store.id };
    });
    afterEach(() => tested.end());

    async function append(part: string, chunk: Uint8Array, at: number, isUnverified = false): Promise<number> {
      const writer = await unfinished.append(key, part, { at, isUnverified });
      await writer.write(chunk);
      return writer.keep();
    }
    const sizes = async () => Object.fromEntries(await unfinished.partsOf(key));
    /** As whoever finishes an upload does it: the bytes are read, and shown to the writer. */
    async function seal(part: string): Promise<void> {
      const writer = await unfinished.seal(key, part);
      const reader = await unfinished.read(key, part);
      for await (const chunk of reader) await writer.write(chunk);
      await reader.close();
      await expect(store.sizeOf(key)).rejects.toMatchObject({ code: 'ImageDataNotFound' });
      await writer.commit();
    }
    /** Writes a little now and then, until somebody says no. */
    async function writeOn(writer: PartWriter): Promise<void> {
      for (const end = Date.now() + 10_000; Date.now() < end; await pause(200)) await writer.write(bytes.subarray(0, 10));
    }

    it('is nothing before its note', async () => {
      expect([await unfinished.noted(key), await sizes(), await unfinished.touchedAt(key), await unfinished.keys()]).toEqual([undefined, {}, undefined, []]);
      await expect(unfinished.append(key, 'whole', { at: 0 })).rejects.toMatchObject({ code: 'ImageDataNotFound' });
      await unfinished.touch(key, new Date());
      expect(await unfinished.touchedAt(key)).toBeUndefined();
    });

    it('has a note that can be replaced, and is found by its key again', async () => {
      await unfinished.note(key, 'one');
      await unfinished.note(key, 'two');
      await reopen();
      expect([await unfinished.noted(key), await unfinished.keys()]).toEqual(['two', [key]]);
    });

    it('grows at its end, through any number of writers and processes', async () => {
      await unfinished.note(key, 'note');
      expect(await append('whole', bytes.subarray(0, 100_000), 0)).toBe(100_000);
      await reopen();
      expect(await append('whole', bytes.subarray(100_000), 100_000)).toBe(300_000);
      expect(await sizes()).toEqual({ whole: 300_000 });
      await seal('whole');
      await unfinished.forget(key);
      expect((await read(store, key)).equals(bytes)).toBe(true);
      expect(await unfinished.keys()).toEqual([]);
    });

    it('has a part as soon as somebody began it, and may be nothing at all', async () => {
      await unfinished.note(key, 'note');
      expect(await (await unfinished.append(key, 'whole', { at: 0 })).keep()).toBe(0);
      expect(await sizes()).toEqual({ whole: 0 });
      await seal('whole');
      expect(await store.sizeOf(key)).toBe(0);
    });

    it('is written to by one process at a time: the later one ends the earlier, and a seal ends both', async () => {
      await unfinished.note(key, 'note');
      await append('whole', bytes.subarray(0, 10), 0);
      const earlier = await unfinished.append(key, 'whole', { at: 10 });
      await earlier.write(bytes.subarray(10, 20));
      await reopen();
      const at = (await sizes())['whole']!;
      const later = await unfinished.append(key, 'whole', { at });
      await expect(writeOn(earlier)).rejects.toMatchObject({ code: 'UploadPaused' });
      await expect(earlier.keep()).rejects.toMatchObject({ code: 'UploadPaused' });
      await earlier.undo();
      await later.write(bytes.subarray(at, 20));
      expect(await later.keep()).toBe(20);
      const hanging = await unfinished.append(key, 'whole', { at: 20 });
      await hanging.write(bytes.subarray(20, 30));
      const [undone, sealed] = [await unfinished.append(key, 'other', { at: 0 }), await unfinished.seal(key, 'whole')];
      await expect(writeOn(hanging)).rejects.toMatchObject({ code: 'UploadPaused' });
      await expect(hanging.keep()).rejects.toMatchObject({ code: 'UploadPaused' });
      await undone.undo();
      await sealed.cancel();
      expect((await sizes())['whole']).toBeGreaterThanOrEqual(20);
    });

    it('cannot be appended to anywhere but at its end', async () => {
      await unfinished.note(key, 'note');
      await append('whole', bytes, 0);
      for (const at of [0, 299_999, 300_001]) await expect(unfinished.append(key, 'whole', { at })).rejects.toThrow('cannot be appended');
      expect(await sizes()).toEqual({ whole: 300_000 });
    });

    it('takes back what a writer undoes, and nothing once it was kept', async () => {
      await unfinished.note(key, 'note');
      await append('whole', bytes.subarray(0, 10), 0);
      const writer = await unfinished.append(key, 'whole', { at: 10 });
      await writer.write(bytes);
      await writer.undo();
      expect(await sizes()).toEqual({ whole: 10 });
      const kept = await unfinished.append(key, 'whole', { at: 10 });
      await kept.write(bytes.subarray(10, 20));
      await kept.keep();
      await kept.undo();
      expect(await sizes()).toEqual({ whole: 20 });
    });

    it('counts unverified bytes only once they are kept: who dies before leaves the part as it was', async () => {
      await unfinished.note(key, 'note');
      await append('whole', bytes.subarray(0, 10), 0);
      const writer = await unfinished.append(key, 'whole', { at: 10, isUnverified: true });
      await writer.write(bytes);
      expect(await sizes()).toEqual({ whole: 10 });
      await reopen();
      expect(await sizes()).toEqual({ whole: 10 });
      expect(await append('whole', bytes.subarray(10, 20), 10, true)).toBe(20);
      await reopen();
      expect(await sizes()).toEqual({ whole: 20 });
      // The end of the one that did not really die.
      await writer.undo();
      expect(await sizes()).toEqual({ whole: 20 });
    });

    it('stays as it was when a seal or a rewriting is cancelled', async () => {
      await unfinished.note(key, 'note');
      await append('one', bytes, 0);
      await (await unfinished.seal(key, 'one')).cancel();
      const joined = await unfinished.rewrite(key, 'joined');
      await joined.write(bytes);
      await joined.cancel();
      expect(await sizes()).toMatchObject({ one: bytes.length });
      await seal('one');
      expect((await read(store, key)).equals(bytes)).toBe(true);
    });

    it('is joined by writing a part anew, however often that was begun, and whoever died of it', async () => {
      await unfinished.note(key, 'note');
      for (let tries = 0; tries < 4; tries += 1) {
        const joined = await unfinished.rewrite(key, 'joined');
        await joined.write(bytes.subarray(0, 1000 * (tries + 1)));
        if (tries === 1) await reopen();
        else await (tries === 3 ? joined.commit() : joined.cancel());
      }
      expect(await store.sizeOf(key)).toBe(4000);
    });

    it('has parts beside each other, each of which can be removed', async () => {
      await unfinished.note(key, 'note');
      await Promise.all(['one', 'two', 'three'].map((part, index) => append(part, bytes.subarray(0, (index + 1) * 1000), 0)));
      await unfinished.removePart(key, 'two');
      expect(await sizes()).toEqual({ one: 1000, three: 3000 });
      expect(await append('two', bytes, 0)).toBe(bytes.length);
    });

    it('goes with its key, and is listed under it', async () => {
      await unfinished.note(key, 'note');
      await append('whole', bytes, 0);
      const open = await unfinished.append(key, 'whole', { at: bytes.length });
      await open.write(bytes);
      const listed: unknown[] = [];
      for await (const thing of store.list!()) listed.push(thing.key);
      expect(listed.length).toBeGreaterThan(1);
      expect(listed.every((each) => JSON.stringify(each) === JSON.stringify(key))).toBe(true);
      await store.remove(key);
      expect([await unfinished.keys(), await sizes()]).toEqual([[], {}]);
      await expect(writeOn(open)).rejects.toMatchObject({ code: 'UploadPaused' });
      await open.undo();
      for await (const thing of store.list!()) expect(thing).toBeUndefined();
    });

    it('remembers when it was touched', async () => {
      await unfinished.note(key, 'note');
      const at = new Date('2026-01-01T00:00:00Z');
      await unfinished.touch(key, at);
      expect(await unfinished.touchedAt(key)).toEqual(at);
    });

    it('has parts of plain names only', async () => {
      await unfinished.note(key, 'note');
      for (const part of ['../whole', 'a/b', '', 'A', 'x'.repeat(37)]) await expect(unfinished.append(key, part, { at: 0 })).rejects.toThrow('Not the name of a part');
    });
  });
}
