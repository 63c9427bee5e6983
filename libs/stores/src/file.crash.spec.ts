import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, open, readdir, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errnoOf, speakingForStore } from './errno.js';
import { earlySyncingFile, syncEveryBytes } from './file-writer.js';
import { fileStore } from './file.js';
import { makeAttemptFolder, removeEmptyFolders } from './folders.js';
import { keyOf, type DataKey } from './layout.js';
import { refuses } from './store.suite.js';

/** Runs a few lines that have `store` and `key` in a process of their own, so that it can be killed or starved. */
const program = (dataDir: string, key: DataKey, lines: string): string => `
  import { registerHooks } from 'node:module';
  registerHooks({ resolve: (name, context, next) => next(
    name.startsWith('#libs/') ? new URL('../../' + name.slice(6) + '/src/index.ts', ${JSON.stringify(import.meta.url)}).href
    : name.startsWith('.') ? name.replace(/\\.js$/, '.ts') : name, context) });
  const { fileStore } = await import(new URL('./file.ts', ${JSON.stringify(import.meta.url)}).href);
  const store = await fileStore('fast', { dataDir: ${JSON.stringify(dataDir)} });
  const key = ${JSON.stringify(key)};
  ${lines}`;

describe('A file store in bad times', () => {
  let dataDir: string;
  let key: DataKey;
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'heliograph-store-'));
    key = { imageId: randomUUID(), attemptId: randomUUID(), storeId: 'fast' };
  });
  afterEach(() => rm(dataDir, { recursive: true }));
  const files = async (): Promise<string[]> => (await readdir(dataDir, { recursive: true })).filter((name) => name !== '.incoming');

  it('shows nothing of what a killed process was writing, and removes its rest by the key', async () => {
    const child = spawnProgram(program(dataDir, key, `
      const writer = await store.create(key);
      for (let written = 0; ; written += 1) { await writer.write(Buffer.alloc(1024 * 1024)); if (written === 40) console.log('writing'); }`));
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'exit');
    const store = await fileStore('fast', { dataDir });
    await refuses(store.read(key), 'ImageDataNotFound');
    expect(await files()).toHaveLength(1);
    await store.remove(key);
    expect(await files()).toEqual([]);
  });

  it('keeps what was committed just before the process was killed', async () => {
    const child = spawnProgram(program(dataDir, key, `
      const writer = await store.create(key);
      await writer.write(Buffer.alloc(1000));
      await writer.commit();
      process.kill(process.pid, 'SIGKILL');`));
    expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
    const store = await fileStore('fast', { dataDir });
    expect(await store.sizeOf(key)).toBe(1000);
    expect(await files()).toHaveLength(3);
  });

  it('says StoreFull when a file may not grow any more, and leaves nothing after the cancel', async () => {
    const child = spawnProgram(program(dataDir, key, `
      const writer = await store.create(key);
      await writer.write(Buffer.alloc(64 * 1024));
      const refused = await writer.write(Buffer.alloc(1024 * 1024)).catch((error) => error);
      await writer.cancel();
      console.log(refused.code + ' ' + refused.cause.code);`), 'ulimit -f 256; ');
    const said = String((await once(child.stdout, 'data'))[0]);
    await once(child, 'exit');
    expect(said.trim()).toBe('StoreFull EFBIG');
    expect(await files()).toEqual([]);
  });

  it('does not commit when a sync in the background failed, though later ones succeed', async () => {
    const room = { storeId: 'fast', dataDir, incomingDir: join(dataDir, '.incoming'), isSynced: true, isSyncing: false };
    const handle = await open(join(dataDir, 'file'), 'w');
    let syncs = 0;
    const failsOnce = {
      write: handle.write.bind(handle),
      close: () => handle.close(),
      datasync: async () => { syncs += 1; if (syncs === 1) throw new Error('lost write'); },
    };
    const file = earlySyncingFile(room, failsOnce);
    await file.write(Buffer.alloc(syncEveryBytes));
    await expect(file.finish()).rejects.toThrow('lost write');
    expect(syncs).toBe(1);
    await file.close();
    expect(room.isSyncing).toBe(false);
  });

  it.each([
    ['ENOSPC', 'StoreFull'], ['EDQUOT', 'StoreFull'], ['EROFS', 'StoreUnavailable'], ['EACCES', 'StoreUnavailable'],
    ['EIO', 'StoreUnavailable'], ['ENOENT', 'ImageDataNotFound'],
  ] as const)('says %s of the system as %s', async (errno, code) => {
    const failing = Promise.reject(Object.assign(new Error(errno), { code: errno }));
    await refuses(speakingForStore({ storeId: 'fast', imageId: key.imageId }, 'ImageDataNotFound', () => failing), code);
  });

  it('passes on what it does not know', async () => {
    const failing = Promise.reject(Object.assign(new Error('too many'), { code: 'EMFILE' }));
    const error = await speakingForStore({ storeId: 'fast', imageId: key.imageId }, 'StoreUnavailable', () => failing).catch((thrown: unknown) => thrown);
    expect(errnoOf(error)).toBe('EMFILE');
  });

  it('is not well when its folder is gone, and takes nothing then', async () => {
    const store = await fileStore('fast', { dataDir });
    await rm(dataDir, { recursive: true });
    await expect(store.check()).rejects.toThrow(/Store fast: .* cannot be written \(ENOENT\)/);
    await refuses(store.create(key), 'StoreUnavailable');
    await fileStore('fast', { dataDir });
    await store.check();
  });

  it('does not pass off a file that was cut short as the whole', async () => {
    const store = await fileStore('fast', { dataDir });
    const writer = await store.create(key);
    await writer.write(Buffer.alloc(1000));
    await writer.commit();
    const reader = await store.read(key);
    await truncate(join(dataDir, keyOf(key)), 10);
    const sending = (async () => { for await (const chunk of reader) expect(chunk.byteLength).toBe(10); })();
    await expect(sending).rejects.toThrow('ended after 10 bytes; it had 1000');
    await reader.close();
  });

  it('makes the folder of an attempt while removals take the empty folder of its image away', async () => {
    const imageDir = join(dataDir, key.imageId);
    await Promise.all(Array.from({ length: 8 }, async () => {
      for (let round = 0; round < 250; round += 1) {
        const attemptDir = join(imageDir, randomUUID());
        await makeAttemptFolder(attemptDir);
        await removeEmptyFolders(attemptDir, imageDir);
      }
    }));
    expect(await files()).toEqual([]);
  });

  it('gives but takes nothing when it is read only', async () => {
    const writer = await (await fileStore('fast', { dataDir })).create(key);
    await writer.write(Buffer.from('kept'));
    await writer.commit();
    const store = await fileStore('fast', { dataDir, isReadOnly: true });
    await store.check();
    expect(await store.sizeOf(key)).toBe(4);
    await refuses(store.create({ ...key, attemptId: randomUUID() }), 'StoreUnavailable');
    await refuses(store.remove(key), 'StoreUnavailable');
  });
});

function spawnProgram(source: string, before = '') {
  const flags = ['--no-warnings', '--experimental-transform-types', '--input-type=module', '--eval'];
  return spawn('/bin/sh', ['-c', `${before}exec "$@"`, 'sh', process.execPath, ...flags, source], { stdio: ['ignore', 'pipe', 'inherit'] });
}
