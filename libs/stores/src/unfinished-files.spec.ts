import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileStore } from './file.js';
import { keyOf, type DataKey } from './layout.js';
import type { Store, UnfinishedData } from './store.js';
import { read } from './store.suite.js';
import { describeUnfinished } from './unfinished.suite.js';

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

describeUnfinished('file', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'heliograph-unfinished-'));
  return { open: () => fileStore('fast', { dataDir: dir }), end: () => rm(dir, { recursive: true }) };
});

describe('Unfinished data in files', () => {
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

});
