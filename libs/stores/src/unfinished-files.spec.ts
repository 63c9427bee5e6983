import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileStore } from './file.js';
import { keyOf, type DataKey } from './layout.js';
import type { Store, UnfinishedData } from './store.js';
import { read } from './store.suite.js';

let dataDir: string;
let store: Store;
let unfinished: UnfinishedData;
let key: DataKey;
const bytes = randomBytes(300_000);

/** As a process finds it that starts after another was killed. */
async function reopen(): Promise<void> {
  store = await fileStore('fast', { dataDir });
  unfinished = store.unfinished!;
}
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'heliograph-unfinished-'));
  await reopen();
  key = { imageId: randomUUID(), attemptId: randomUUID(), storeId: 'fast' };
});
afterEach(() => rm(dataDir, { recursive: true }));

async function append(part: string, chunk: Uint8Array, at: number, isUnverified = false): Promise<number> {
  const writer = await unfinished.append(key, part, { at, isUnverified });
  await writer.write(chunk);
  return writer.keep();
}
const sizes = async () => Object.fromEntries(await unfinished.partsOf(key));

describe('Unfinished data', () => {
  it('is nothing before its note', async () => {
    expect([await unfinished.noted(key), await sizes(), await unfinished.touchedAt(key), await unfinished.keys()]).toEqual([undefined, {}, undefined, []]);
    await expect(unfinished.append(key, 'whole', { at: 0 })).rejects.toMatchObject({ code: 'ImageDataNotFound' });
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
  });

  it('is written to by one process at a time: the later one ends the earlier', async () => {
    await unfinished.note(key, 'note');
    const earlier = await unfinished.append(key, 'whole', { at: 0 });
    await earlier.write(bytes.subarray(0, 10));
    await reopen();
    const later = await unfinished.append(key, 'whole', { at: 10 });
    await expect(earlier.write(bytes)).rejects.toMatchObject({ code: 'UploadPaused' });
    await later.write(bytes.subarray(10, 20));
    await earlier.undo();
    expect(await later.keep()).toBe(20);
    const hanging = await unfinished.append(key, 'whole', { at: 20 });
    await (await unfinished.seal(key, 'whole')).commit();
    await expect(hanging.write(bytes)).rejects.toMatchObject({ code: 'UploadPaused' });
    await expect(hanging.keep()).rejects.toMatchObject({ code: 'UploadPaused' });
    expect((await read(store, key)).equals(bytes.subarray(0, 20))).toBe(true);
  });

  it('cannot be appended to anywhere but at its end', async () => {
    await unfinished.note(key, 'note');
    await append('whole', bytes, 0);
    for (const at of [0, 299_999, 300_001]) await expect(unfinished.append(key, 'whole', { at })).rejects.toThrow('cannot be appended');
    expect(await sizes()).toEqual({ whole: 300_000 });
  });

  it('takes back what a writer undoes', async () => {
    await unfinished.note(key, 'note');
    await append('whole', bytes.subarray(0, 10), 0);
    const writer = await unfinished.append(key, 'whole', { at: 10 });
    await writer.write(bytes);
    await writer.undo();
    expect(await sizes()).toEqual({ whole: 10 });
  });

  it('counts unverified bytes only once they are kept: who dies before leaves the part as it was', async () => {
    await unfinished.note(key, 'note');
    await append('whole', bytes.subarray(0, 10), 0);
    const writer = await unfinished.append(key, 'whole', { at: 10, isUnverified: true });
    await writer.write(bytes);
    expect(await sizes()).toEqual({ whole: 10 });
    await reopen();
    expect(await sizes()).toEqual({ whole: 10 });
    await writer.keep();
    expect(await append('whole', bytes.subarray(10, 20), 10, true)).toBe(20);
    await reopen();
    expect(await sizes()).toEqual({ whole: 20 });
  });

  it('counts what was written before a process died where nothing has to be verified', async () => {
    await unfinished.note(key, 'note');
    const writer = await unfinished.append(key, 'whole', { at: 0 });
    await writer.write(bytes);
    await reopen();
    expect(await sizes()).toEqual({ whole: bytes.length });
    await writer.keep();
  });

  it('becomes the data of the store by a seal, whose bytes are not written again', async () => {
    await unfinished.note(key, 'note');
    await append('whole', bytes, 0);
    const writer = await unfinished.seal(key, 'whole');
    await writer.write(Buffer.from('what is read back meanwhile'));
    await expect(store.sizeOf(key)).rejects.toMatchObject({ code: 'ImageDataNotFound' });
    await writer.commit();
    await unfinished.forget(key);
    expect((await read(store, key)).equals(bytes)).toBe(true);
    expect((await readdir(dataDir, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))).toEqual([join(dataDir, keyOf(key))]);
  });

  it('stays as it was when a seal or a rewriting is cancelled', async () => {
    await unfinished.note(key, 'note');
    await append('one', bytes, 0);
    await (await unfinished.seal(key, 'one')).cancel();
    const joined = await unfinished.rewrite(key, 'joined');
    await joined.write(bytes);
    await joined.cancel();
    expect(await sizes()).toMatchObject({ one: bytes.length });
  });

  it('is joined by writing a part anew, however often that was begun', async () => {
    await unfinished.note(key, 'note');
    for (let tries = 0; tries < 3; tries += 1) {
      const joined = await unfinished.rewrite(key, 'joined');
      await joined.write(bytes.subarray(0, 1000 * (tries + 1)));
      await (tries === 2 ? joined.commit() : joined.cancel());
    }
    expect(await store.sizeOf(key)).toBe(3000);
  });

  it('goes with its key, and is listed under it', async () => {
    await unfinished.note(key, 'note');
    await append('whole', bytes, 0);
    const listed: unknown[] = [];
    for await (const thing of store.list!()) listed.push(thing.key);
    expect(listed).toEqual([key, key, key]);
    await store.remove(key);
    expect([await unfinished.keys(), await sizes()]).toEqual([[], {}]);
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
