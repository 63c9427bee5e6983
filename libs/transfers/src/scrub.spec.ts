import { randomUUID } from 'node:crypto';
import type { StoredImage } from '#libs/contracts';
import { imageDecider, Problem, type Image, type ImageCommand } from '#libs/domain';
import { createExecutor, loadImage, memoryEventLog, memoryLeases } from '#libs/event-log';
import { keysOf, memoryStore, receiveData, type DataKey, type Store } from '#libs/stores';
import { scrubStores, type Scrubbed, type ScrubOptions, type ScrubParts } from './scrub.js';

const bytes = Buffer.from('twelve bytes');
const decider = imageDecider({ properties: -1, tags: -1, members: -1 });

/** Images with data in the stores fast and far, on the real rules and a log in memory. */
async function aRegion(images = 1) {
  const clock = (): Date => new Date();
  const log = memoryEventLog();
  const leases = memoryLeases();
  const executor = createExecutor({ log, region: 'RegionOne', service: 'catalog', decider, clock });
  const send = async (imageId: string, command: ImageCommand): Promise<Image> =>
    (await executor.execute({ envelope: { imageId, command }, context: { commandId: randomUUID(), requestId: 'req', actor: { userId: 'u', authMethod: 'token' } } })).image;
  const stores = new Map<string, Store>([['fast', memoryStore('fast', {})], ['far', memoryStore('far', {})]]);
  const ids = Array.from({ length: images }, (): string => randomUUID()).sort();
  const put = async (key: DataKey) => {
    const received = await receiveData(stores.get(key.storeId) ?? never(), key, only(bytes), { limitBytes: 100, osHashAlgo: 'sha512' });
    await received.commit();
    return { sizeBytes: received.sizeBytes, checksum: received.checksum, osHashAlgo: received.osHashAlgo, osHashValue: received.osHashValue };
  };
  for (const imageId of ids) {
    await send(imageId, { type: 'CreateImage', name: null, owner: 'p', isProtected: false, isHidden: false, containerFormat: 'bare', diskFormat: 'raw', minDisk: 0, minRam: 0, visibility: 'shared', tags: [], properties: {} });
    const [attemptId, importId, copyId] = [randomUUID(), randomUUID(), randomUUID()];
    await send(imageId, { type: 'StartImageDataUpload', attemptId, storeId: 'fast' });
    await send(imageId, { type: 'CompleteImageDataUpload', attemptId, ...await put({ imageId, attemptId, storeId: 'fast' }) });
    await send(imageId, { type: 'RequestImageImport', importId, method: 'copy-image', storeIds: ['far'], allStoresMustSucceed: true, skipsPresent: false });
    await send(imageId, { type: 'StartStoreImport', importId, attemptId: copyId, storeId: 'far' });
    await send(imageId, { type: 'CompleteStoreImport', importId, attemptId: copyId, ...await put({ imageId, attemptId: copyId, storeId: 'far' }) });
    await send(imageId, { type: 'FinishImport', importId, reason: '' });
  }
  const image = async (imageId = ids[0] ?? ''): Promise<Image> => (await loadImage(log, 'RegionOne', imageId)).state as Image;
  const parts: ScrubParts = {
    stores, leases, leaseMs: 30_000, clock, send,
    async askStored({ limit, after = '' }) {
      const found: StoredImage[] = [];
      for (const imageId of ids.filter((id) => id > after)) {
        const { data, attempts, status, diskFormat, containerFormat } = await image(imageId);
        if (data && status !== 'deleted') found.push({ imageId, status, diskFormat, containerFormat, data, copies: attempts.filter(({ state }) => state === 'stored').map(({ state: _, ...copy }) => copy) });
      }
      return { images: found.slice(0, limit) };
    },
  };
  const keyIn = async (storeId: string, imageId = ids[0] ?? ''): Promise<DataKey> => {
    const attempt = (await image(imageId)).attempts.find((each) => each.storeId === storeId && each.state === 'stored') ?? never();
    return { imageId, attemptId: attempt.attemptId, storeId };
  };
  return {
    ids, parts, image, send, stores, leases, keyIn,
    async scrub(options: Partial<ScrubOptions> = {}): Promise<Scrubbed[]> {
      const found: Scrubbed[] = [];
      for await (const scrubbed of scrubStores(parts, { bytesPerSecond: 1e9, uncheckedSince: new Date(), signal: new AbortController().signal, ...options })) found.push(scrubbed);
      return found;
    },
    /** Replaces a copy by other bytes, or takes it away, behind everybody's back. */
    async damage(storeId: string, instead?: string): Promise<DataKey> {
      const key = await keyIn(storeId);
      const store = stores.get(storeId) ?? never();
      await store.remove(key);
      if (instead === undefined) return key;
      const writer = await store.create(key);
      await writer.write(Buffer.from(instead));
      await writer.commit();
      return key;
    },
    async read(storeId: string): Promise<string> {
      const chunks: Uint8Array[] = [];
      for await (const chunk of await (stores.get(storeId) ?? never()).read(await keyIn(storeId))) chunks.push(chunk);
      return Buffer.concat(chunks).toString();
    },
  };
}

async function* only(chunk: Uint8Array): AsyncGenerator<Uint8Array> { yield await Promise.resolve(chunk); }
const never = (): never => { throw new Error('nobody asks for this here'); };
const outcome = (found: readonly Scrubbed[]) => found.map(({ storeId, verdict, done }) => [storeId, verdict, done]);

describe('A pass over stored data', () => {
  it('reads every copy, and records that it is sound', async () => {
    const { scrub, image } = await aRegion();
    expect(outcome(await scrub())).toEqual([['fast', 'sound', 'recorded'], ['far', 'sound', 'recorded']]);
    expect((await image()).attempts.map(({ check }) => check?.verdict)).toEqual(['sound', 'sound']);
  });

  it.each([['a flipped bit', 'twelve cytes', 'damaged'], ['too few bytes', 'twelve', 'damaged'], ['nothing at all', undefined, 'missing']])('finds %s, and replaces the copy from the other store', async (_, instead, verdict) => {
    const { damage, scrub, read, image, keyIn } = await aRegion();
    const bad = await damage('fast', instead);
    expect(outcome(await scrub())).toEqual([['fast', verdict, 'healed'], ['far', 'sound', 'recorded']]);
    expect(await read('fast')).toBe('twelve bytes');
    expect((await keyIn('fast')).attemptId).not.toBe(bad.attemptId);
    expect((await image()).attempts.find(({ attemptId }) => attemptId === bad.attemptId)?.state).toBe('over');
  });

  it('gives up no copy where all are bad', async () => {
    const { damage, scrub, image } = await aRegion();
    await damage('fast', 'twelve cytes');
    await damage('far');
    expect(outcome(await scrub())).toEqual([['fast', 'damaged', 'hopeless'], ['far', 'missing', 'hopeless']]);
    expect((await image()).attempts.map(({ state }) => state)).toEqual(['stored', 'stored']);
  });

  it('says nothing of a copy whose store cannot be read now', async () => {
    const { scrub, stores, image } = await aRegion();
    const away: Store = { ...stores.get('far') ?? never(), read: () => Promise.reject(new Problem('StoreUnavailable', { storeId: 'far' })) };
    stores.set('far', away);
    expect(outcome(await scrub())).toEqual([['fast', 'sound', 'recorded'], ['far', 'unreadable', 'nothing']]);
    expect((await image()).attempts.map(({ check }) => check?.verdict)).toEqual(['sound', undefined]);
  });

  it('leaves the bad copy where the store takes no other, and nothing of the try', async () => {
    const { damage, scrub, stores, image } = await aRegion();
    await damage('fast', 'twelve cytes');
    stores.set('fast', { ...stores.get('fast') ?? never(), create: () => Promise.reject(new Problem('StoreFull', { storeId: 'fast' })) });
    expect(outcome(await scrub())).toEqual([['fast', 'damaged', 'not healed'], ['far', 'sound', 'recorded']]);
    expect((await image()).attempts.map(({ state }) => state)).toEqual(['stored', 'stored', 'over']);
  });

  it('writes nothing in a dry run', async () => {
    const { damage, scrub, image } = await aRegion();
    await damage('fast', 'twelve cytes');
    expect(outcome(await scrub({ isDryRun: true }))).toEqual([['fast', 'damaged', 'nothing'], ['far', 'sound', 'nothing']]);
    expect((await image()).attempts.map(({ check }) => check)).toEqual([undefined, undefined]);
  });

  it('goes on where it was interrupted, and heals what an earlier one only found', async () => {
    const { parts, scrub, ids, damage, send, keyIn } = await aRegion(3);
    const since = new Date();
    const stop = new AbortController();
    const seen: string[] = [];
    const interrupted = (async () => {
      for await (const { imageId } of scrubStores(parts, { bytesPerSecond: 1e9, uncheckedSince: since, signal: stop.signal })) {
        seen.push(imageId);
        if (seen.length === 2) stop.abort(new Error('killed'));
      }
    })();
    await expect(interrupted).rejects.toThrow('killed');
    expect(new Set(seen)).toEqual(new Set([ids[0]]));
    await damage('fast', 'twelve cytes');
    const { attemptId } = await keyIn('fast');
    await send(ids[0] ?? '', { type: 'RecordDataCheck', attemptId, verdict: 'damaged', detail: 'found before' });
    const found = await scrub({ uncheckedSince: since });
    expect(found.map(({ imageId, storeId, done }) => [ids.indexOf(imageId), storeId, done])).toEqual([
      [0, 'fast', 'healed'], [0, 'far', 'recorded'], [1, 'fast', 'recorded'], [1, 'far', 'recorded'], [2, 'fast', 'recorded'], [2, 'far', 'recorded'],
    ]);
  });

  it('leaves an image to another pass that is at it', async () => {
    const { scrub, leases, keyIn, ids } = await aRegion();
    const { attemptId } = await keyIn('fast');
    await leases.renew(attemptId, ids[0] ?? '', new Date(Date.now() + 60_000));
    expect(await scrub()).toEqual([]);
  });

  it('reads no faster than it may', async () => {
    const { scrub } = await aRegion(4);
    const startedAt = performance.now();
    await scrub({ bytesPerSecond: 96 });
    expect(performance.now() - startedAt).toBeGreaterThan(700);
  });

  it('refers to sound copies first', async () => {
    const { damage, image, send, keyIn, ids } = await aRegion();
    await damage('fast', 'twelve cytes');
    const { attemptId } = await keyIn('fast');
    await send(ids[0] ?? '', { type: 'RecordDataCheck', attemptId, verdict: 'damaged', detail: '' });
    expect(keysOf(ids[0] ?? '', (await image()).attempts).map(({ storeId }) => storeId)).toEqual(['far']);
  });
});
