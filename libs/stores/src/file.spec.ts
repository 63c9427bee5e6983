import { randomUUID } from 'node:crypto';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileStore } from './file.js';
import { keyOf, type DataKey } from './layout.js';
import { memoryStore } from './memory.js';
import type { Store } from './store.js';
import { describeStore, read, refuses, someBytes } from './store.suite.js';

describeStore('file', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'heliograph-store-'));
  return {
    store: await fileStore('fast', { dataDir }),
    leftovers: async () => (await readdir(dataDir, { recursive: true })).filter((name) => name !== '.incoming').length,
    end: () => rm(dataDir, { recursive: true }),
  };
});

describe('A file store and the file of another', () => {
  let dir: string;
  let staging: Store;
  let fast: Store;
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'heliograph-store-'));
    [staging, fast] = await Promise.all([fileStore('staging', { dataDir: join(dir, 'staging') }), fileStore('fast', { dataDir: join(dir, 'fast') })]);
  });
  afterEach(() => rm(dir, { recursive: true }));

  const imageId = randomUUID();
  const keyIn = ({ id }: Store): DataKey => ({ imageId, attemptId: randomUUID(), storeId: id });
  const inodeOf = async ({ id }: Store, key: DataKey): Promise<number> => (await stat(join(dir, id, keyOf(key)))).ino;
  const filesIn = async ({ id }: Store): Promise<string[]> => (await readdir(join(dir, id), { recursive: true })).filter((name) => name !== '.incoming');
  async function staged(data: Buffer): Promise<DataKey> {
    const key = keyIn(staging);
    const writer = await staging.create(key);
    await writer.write(data);
    await writer.commit();
    return key;
  }

  it('are one file after the commit, not before, and the bytes outlive the name they came by', async () => {
    const source = await staged(someBytes(100_000));
    const [data, inode] = [await read(staging, source), await inodeOf(staging, source)];
    const key = keyIn(fast);
    const writer = await fast.linkFrom?.(staging, source, key);
    await refuses(fast.read(key), 'ImageDataNotFound');
    await writer?.commit();
    expect(await inodeOf(fast, key)).toBe(inode);
    await staging.remove(source);
    expect((await read(fast, key)).equals(data)).toBe(true);
    expect(await filesIn(staging)).toEqual([]);
  });

  it('leave each other alone: what is removed here stays there', async () => {
    const source = await staged(Buffer.from('staged'));
    const key = keyIn(fast);
    await (await fast.linkFrom?.(staging, source, key))?.commit();
    await fast.remove(key);
    expect((await read(staging, source)).toString()).toBe('staged');
    expect(await filesIn(fast)).toEqual([]);
  });

  it('leave nothing after a cancel, and nothing can be committed once the key is removed', async () => {
    const source = await staged(Buffer.from('staged'));
    const cancelled = await fast.linkFrom?.(staging, source, keyIn(fast));
    await cancelled?.cancel();
    await cancelled?.cancel();
    await expect(cancelled?.commit()).rejects.toThrow('over');
    const key = keyIn(fast);
    const stalled = await fast.linkFrom?.(staging, source, key);
    await fast.remove(key);
    await refuses(stalled?.commit() ?? Promise.resolve(), 'AttemptOver');
    expect(await filesIn(fast)).toEqual([]);
    expect((await read(staging, source)).toString()).toBe('staged');
  });

  it('are refused to be linked where there is none, where the store may not be written, and over what is there', async () => {
    const source = await staged(Buffer.from('staged'));
    await refuses(fast.linkFrom?.(staging, keyIn(staging), keyIn(fast)) ?? Promise.resolve(), 'ImageDataNotFound');
    const closed = await fileStore('fast', { dataDir: join(dir, 'fast'), isReadOnly: true });
    await refuses(closed.linkFrom?.(staging, source, keyIn(fast)) ?? Promise.resolve(), 'StoreUnavailable');
    const key = keyIn(fast);
    await (await fast.linkFrom?.(staging, source, key))?.commit();
    await expect(fast.linkFrom?.(staging, source, key)).rejects.toThrow('written already');
  });

  it('are left to the caller to copy where the other store is no file store or lies on another file system', async () => {
    const memory = memoryStore('memory');
    expect(await fast.linkFrom?.(memory, keyIn(memory), keyIn(fast))).toBeUndefined();
    const elsewhere = await mkdtemp('/dev/shm/heliograph-store-').catch(() => undefined);
    if (elsewhere === undefined || (await stat(elsewhere)).dev === (await stat(dir)).dev) return;
    try {
      const other = await fileStore('other', { dataDir: elsewhere });
      const source = await staged(Buffer.from('staged'));
      expect(await other.linkFrom?.(staging, source, keyIn(other))).toBeUndefined();
      expect((await readdir(elsewhere, { recursive: true }))).toEqual(['.incoming']);
    } finally {
      await rm(elsewhere, { recursive: true });
    }
  });
});
