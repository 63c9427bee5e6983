import { randomUUID } from 'node:crypto';
import type { AttemptFate } from '#libs/contracts';
import { Problem, stagingStoreId, type Image, type ImageCommand } from '#libs/domain';
import { memoryStore, type DataKey } from '#libs/stores';
import { sweepStaging, type StagingSweepOptions, type Swept } from './staging-sweep.js';

const now = new Date('2026-01-02T00:00:00Z');
const hoursAgo = (hours: number): string => new Date(now.getTime() - hours * 3_600_000).toISOString();
const attempt = (state: 'open' | 'staged' | 'over', { isImporting = false, hours = 1 } = {}): AttemptFate => ({ state, isImporting, unchangedSince: hoursAgo(hours) });

/** A staging area that holds one file for each fate, a log that tells the fates, and what was sent to it; staged data expires after a day. */
async function anArea(fates: readonly AttemptFate[], { expired = [] as { imageId: string; attemptId: string }[], uploads = [] as { imageId: string; attemptId: string }[], touched = [] as string[], send = async (): Promise<void> => {} } = {}) {
  const store = memoryStore(stagingStoreId);
  const known = new Map<string, AttemptFate>();
  const keys: DataKey[] = [];
  for (const fate of fates) {
    const key = { imageId: randomUUID(), attemptId: randomUUID(), storeId: stagingStoreId };
    const writer = await store.create(key);
    await writer.write(Buffer.from('staged'));
    await writer.commit();
    known.set(key.attemptId, fate);
    keys.push(key);
  }
  const sent: [string, ImageCommand['type']][] = [];
  const isThere = (key: DataKey): Promise<boolean> => store.sizeOf(key).then(() => true, () => false);
  async function sweep(options: StagingSweepOptions = {}): Promise<Swept[]> {
    const swept: Swept[] = [];
    for await (const each of sweepStaging({
      store, expiryMs: 24 * 3_600_000, clock: () => now,
      askStaged: async ({ unchangedSince }) => ({ staged: unchangedSince === hoursAgo(24) ? expired : [], uploads }),
      wasTouchedSince: async ({ attemptId }, since) => since.toISOString() === hoursAgo(24) && touched.includes(attemptId),
      askAttempts: async ({ attempts }) => ({ attempts: attempts.map(({ attemptId }) => known.get(attemptId) ?? { state: 'gone' }) }),
      async send(imageId, { type, ...command }) {
        sent.push([imageId, type]);
        await send();
        return { attempts: [{ attemptId: (command as { attemptId: string }).attemptId, storeId: stagingStoreId, state: 'over' }] } as unknown as Image;
      },
    }, options)) swept.push(each);
    return swept;
  }
  return { store, keys, sweep, sent, left: async () => Promise.all(keys.map(isThere)) };
}

describe('A sweep of the staging area', () => {
  it('ends uploads in parts that nobody went on with in time, and no others', async () => {
    const uploads = [{ imageId: randomUUID(), attemptId: 'left' }, { imageId: randomUUID(), attemptId: 'goes on' }];
    const { sweep, sent } = await anArea([], { uploads, touched: ['goes on'] });
    await sweep();
    expect(sent).toEqual([[uploads[0]?.imageId, 'FailImageStaging']]);
  });

  it('keeps what arrives, waits or is being imported, and what nobody can judge', async () => {
    const { sweep, left, sent } = await anArea([attempt('open'), attempt('staged'), attempt('staged', { isImporting: true, hours: 99 }), { state: 'unknown' }, { state: 'unreadable' }]);
    expect((await sweep()).map(({ fate, done }) => [fate, done])).toEqual([
      ['arriving', 'kept'], ['waiting', 'kept'], ['importing', 'kept'], ['unknown', 'kept'], ['unreadable', 'kept'],
    ]);
    expect([await left(), sent]).toEqual([[true, true, true, true, true], []]);
  });

  it('removes what the log has given up, and what no image can refer to', async () => {
    const { sweep, left, keys, sent } = await anArea([attempt('over'), { state: 'gone' }]);
    expect((await sweep()).map(({ fate, done }) => [fate, done])).toEqual([['over', 'removed'], ['orphaned', 'removed']]);
    expect(await left()).toEqual([false, false]);
    expect(sent).toEqual([[keys[0]?.imageId, 'RecordImageDataRemoved']]);
  });

  it('says until when data waits, and gives up what waited longer, in the log first', async () => {
    const { sweep, left, keys, sent } = await anArea([attempt('staged', { hours: 23 }), attempt('staged', { hours: 24 })]);
    expect(await sweep()).toMatchObject([{ fate: 'waiting', waitsUntil: new Date('2026-01-02T01:00:00Z') }, { fate: 'expired', done: 'removed' }]);
    expect(await left()).toEqual([true, false]);
    expect(sent).toEqual([[keys[1]?.imageId, 'ExpireStagedData'], [keys[1]?.imageId, 'RecordImageDataRemoved']]);
  });

  it('gives up what waited too long also where its bytes are not here, and passes over an image that was deleted', async () => {
    const [one, two] = [{ imageId: randomUUID(), attemptId: randomUUID() }, { imageId: randomUUID(), attemptId: randomUUID() }];
    let isFirst = true;
    const { sweep, sent } = await anArea([], {
      expired: [one, two],
      async send() {
        if (isFirst) throw new Problem('ImageNotFound', { imageId: one.imageId });
      },
    });
    await sweep().finally(() => { isFirst = false; });
    expect(sent).toEqual([[one.imageId, 'ExpireStagedData'], [two.imageId, 'ExpireStagedData']]);
  });

  it('only says what it would do in a dry run', async () => {
    const { sweep, left, sent } = await anArea([attempt('over'), attempt('staged', { hours: 30 }), { state: 'gone' }], { expired: [{ imageId: randomUUID(), attemptId: randomUUID() }] });
    expect((await sweep({ isDryRun: true })).map(({ done }) => done)).toEqual(['to be removed', 'to be removed', 'to be removed']);
    expect([await left(), sent]).toEqual([[true, true, true], []]);
  });

  it('removes what belongs to no image of this log only where the operator says so', async () => {
    const { sweep, left } = await anArea([{ state: 'unknown' }]);
    expect(await sweep({ removesUnknown: true })).toMatchObject([{ fate: 'unknown', done: 'removed' }]);
    expect(await left()).toEqual([false]);
  });

  it('goes on where one file cannot be removed, and tells why', async () => {
    let failures = 1;
    const { sweep } = await anArea([attempt('over'), attempt('over')], { async send() { if ((failures -= 1) >= 0) throw new Problem('Unavailable', { what: 'The catalog', seconds: 2 }); } });
    expect((await sweep()).map(({ done, error }) => [done, error instanceof Problem])).toEqual([['not removed', true], ['removed', false]]);
  });

  it('asks the log for a hundred at a time', async () => {
    const { sweep } = await anArea(Array.from({ length: 250 }, () => attempt('staged')));
    expect((await sweep()).filter(({ fate }) => fate === 'waiting')).toHaveLength(250);
  });
});
