import { randomUUID } from 'node:crypto';
import { imageSubject } from '#libs/contracts';
import { imageDecider, Problem, type Image, type ImageCommand } from '#libs/domain';
import { noTracing } from '#libs/platform';
import { createExecutor, loadImage, memoryEventLog } from '#libs/event-log';
import { memoryStore, type Store, type Stores } from '#libs/stores';
import type { ImportParts } from './import-parts.js';
import { openWorkRoom } from './plugins/work-room.js';
import { runImport } from './run-import.js';
import { sourcesOf, type OpenSource } from './sources.js';

const imageId = '11111111-2222-4333-8444-555555555555';
const importId = '22222222-2222-4333-8444-555555555555';
const bytes = Buffer.from('twelve bytes');
const creation: ImageCommand = {
  type: 'CreateImage', name: null, owner: 'p', isProtected: false, isHidden: false, containerFormat: 'bare', diskFormat: 'raw',
  minDisk: 0, minRam: 0, visibility: 'shared', tags: [], properties: {},
};
const storesOf = (all: readonly Store[]): Stores => {
  const byId = new Map(all.map((store) => [store.id, store]));
  const get = (id: string): Store => byId.get(id) ?? memoryStore(id, {});
  return { all: byId, default: get('fast'), get, byWeight: () => all };
};
async function* given(...chunks: Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield await Promise.resolve(chunk);
}
const opens = (source: () => AsyncIterable<Uint8Array>): OpenSource => () => Promise.resolve({ bytes: source(), close: () => Promise.resolve() });
const endless = (): AsyncIterable<Uint8Array> => ({ [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => undefined) }) });

/** An import that was asked for, on the real rules and a log in memory. */
async function anImport({ storeIds, capacities = {}, allStoresMustSucceed = true, source = opens(() => given(bytes)) }:
{ storeIds: string[]; capacities?: Record<string, number>; allStoresMustSucceed?: boolean; source?: OpenSource }) {
  const clock = (): Date => new Date();
  const log = memoryEventLog();
  const executor = createExecutor({ log, region: 'RegionOne', service: 'catalog', decider: imageDecider({ properties: -1, tags: -1, members: -1 }), clock });
  const command = async (sent: ImageCommand): Promise<Image> =>
    (await executor.execute({ envelope: { imageId, command: sent }, context: { commandId: randomUUID(), requestId: 'req', actor: { userId: 'u', authMethod: 'token' } } })).image;
  const stores = storeIds.map((id) => memoryStore(id, capacities[id] === undefined ? {} : { capacityBytes: capacities[id] }));
  const [faults, opened]: [unknown[], string[]] = [[], []];
  const parts: ImportParts = {
    stores: storesOf(stores), osHashAlgo: 'sha512', limitBytes: () => 1000, formats: { vmdkAllowedTypes: [], requireFormatMatch: true, gptSafetyChecksNonfatal: [] }, idleMs: 5000, watchMs: 10, tracing: noTracing, plugins: [], conversionTo: () => (prepared) => Promise.resolve(prepared), copyOut: () => Promise.reject(new Error('nothing goes to other regions here')), exportTarget: () => { throw new Error('nothing is exported here'); }, work: openWorkRoom('/nonexistent'), parallelStores: 4, clock, tellProgress: () => undefined, askRoom: () => Promise.resolve({ grantedBytes: null }),
    openSource: sourcesOf(storesOf(stores), { 'web-download': (asked, context) => { opened.push('source'); return source(asked, context); } }),
    imageFromLeader: async (id) => (await loadImage(log, 'RegionOne', id)).state,
    send: async (message) => (await executor.execute(message)).image,
    onFault: (error) => { faults.push(error); },
  };
  await command(creation);
  await command({ type: 'RequestImageImport', importId, method: 'web-download', storeIds, allStoresMustSucceed, skipsPresent: false, sourceUri: 'https://images.example/x' });
  return {
    command, faults, opened,
    run: (signal = new AbortController().signal) => runImport({ imageId, importId, causationId: 'c', requestId: 'req' }, parts, signal),
    image: async () => (await parts.imageFromLeader(imageId)) as Image,
    commits: async () => (await log.read(imageSubject('RegionOne', imageId))).length,
    sizes: async () => {
      const { attempts } = (await parts.imageFromLeader(imageId)) as Image;
      return Promise.all(attempts.map(({ attemptId, storeId }) => parts.stores.get(storeId).sizeOf({ imageId, attemptId, storeId }).catch(() => 0)));
    },
  };
}

const reasonOf = ({ faults }: { faults: unknown[] }): string[] => faults.map((fault) => (fault as Error).message);

describe('An import', () => {
  it('fills its first store from its source, and all others from that store', async () => {
    const { run, image, opened, sizes } = await anImport({ storeIds: ['fast', 'far', 'third'] });
    expect(await run()).toBe('done');
    expect(await image()).toMatchObject({ status: 'active', importing: null, data: { sizeBytes: 12 }, attempts: [{ state: 'stored' }, { state: 'stored' }, { state: 'stored' }] });
    expect([opened, await sizes()]).toEqual([['source'], [12, 12, 12]]);
  });

  it('fails with the first store that fails, where all must succeed: nothing of it counts', async () => {
    const { run, image } = await anImport({ storeIds: ['fast', 'far'], capacities: { far: 3 } });
    expect(await run()).toBe('done');
    expect(await image()).toMatchObject({ status: 'queued', data: null, lastImportFailedStoreIds: ['far'], attempts: [{ state: 'over' }, { state: 'over' }] });
  });

  it.each([['fast', 'far'], ['far', 'fast']])('leaves out a store that fails, where one is enough (%s first)', async (...storeIds) => {
    const { run, image } = await anImport({ storeIds, capacities: { far: 3 }, allStoresMustSucceed: false });
    expect(await run()).toBe('done');
    expect(await image()).toMatchObject({ status: 'active', lastImportFailedStoreIds: ['far'] });
  });

  it('fails for all its stores where the bytes cannot be had', async () => {
    const refused = new Problem('DownloadFailed', { uri: 'https://images.example/x', reason: 'there is nothing' });
    const { run, image, faults } = await anImport({ storeIds: ['fast', 'far'], allStoresMustSucceed: false, source: () => Promise.reject(refused) });
    expect(await run()).toBe('done');
    expect(await image()).toMatchObject({ status: 'queued', lastImportFailedStoreIds: ['fast', 'far'] });
    expect(faults).toEqual([]);
  });

  it('tells the operator of a fault, and its owner no more than that there was one', async () => {
    const { run, image, ...rest } = await anImport({ storeIds: ['fast'], source: () => Promise.reject(new Error('the disk is upside down')) });
    expect(await run()).toBe('done');
    expect((await image()).status).toBe('queued');
    expect(reasonOf(rest)).toEqual(['the disk is upside down']);
  });

  it('is let go of where another process has opened an attempt after ours', async () => {
    const opening = Promise.withResolvers<undefined>();
    const slow = async function* (): AsyncGenerator<Uint8Array> { await opening.promise; yield bytes; };
    const { run, command, image, sizes } = await anImport({ storeIds: ['fast'], source: opens(slow) });
    const running = run();
    await untilTrue(async () => (await image()).attempts.length === 1);
    const theirs = randomUUID();
    await command({ type: 'StartStoreImport', importId, attemptId: theirs, storeId: 'fast' });
    opening.resolve(undefined);
    expect(await running).toBe('taken over');
    expect([(await image()).attempts.find(({ attemptId }) => attemptId === theirs)?.state, await sizes()]).toEqual(['open', [0, 0]]);
  });

  it.each([['its image is deleted', { type: 'DeleteImage' }], ['it is cancelled', { type: 'FailImport', importId, reason: 'cancelled' }]] as const)('stops by itself when %s, though no byte moves', async (_, end) => {
    const { run, command, image } = await anImport({ storeIds: ['fast'], source: opens(endless) });
    const running = run();
    await untilTrue(async () => (await image()).attempts.length === 1);
    await command(end);
    expect(await running).toBe('done');
    expect((await image()).attempts).toMatchObject([{ state: 'over' }]);
  });

  it('stops with its process, and leaves it to another to go on', async () => {
    const stop = new AbortController();
    const { run, image } = await anImport({ storeIds: ['fast'], source: opens(endless) });
    const running = run(stop.signal);
    const stopped = expect(running).rejects.toThrow('The importer stops.');
    await untilTrue(async () => (await image()).attempts.length === 1);
    stop.abort(new Error('The importer stops.'));
    await stopped;
    expect((await image()).status).toBe('importing');
  });

  it('writes nothing more when it is run again after its end', async () => {
    const { run, commits } = await anImport({ storeIds: ['fast'] });
    await run();
    const before = await commits();
    expect([await run(), await commits()]).toEqual(['done', before]);
  });
});

async function untilTrue(isSo: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 500 && !(await isSo()); tries += 1) await new Promise((resolve) => { setTimeout(resolve, 10); });
}
