import { stagingStoreId, type Image } from '#libs/domain';
import { memoryStore, type Store } from '#libs/stores';
import type { ImageUnderImport } from './sources.js';
import { stagedSource } from './staged-source.js';

const imageId = '11111111-2222-4333-8444-555555555555';
const attemptId = '00000000-0000-4000-8000-0000000000a1';
const importId = '22222222-2222-4333-8444-555555555555';
const key = { imageId, attemptId, storeId: stagingStoreId };
const facts = { sizeBytes: 12, checksum: 'c'.repeat(32), osHashAlgo: 'sha512', osHashValue: 'd'.repeat(128) };

async function holding(text?: string): Promise<Store> {
  const store = memoryStore(stagingStoreId);
  if (text === undefined) return store;
  const writer = await store.create(key);
  await writer.write(Buffer.from(text));
  await writer.commit();
  return store;
}
const open = (store: Store, staged: Image['staged'] = { attemptId, ...facts }) =>
  stagedSource({ store, stagingUrls: ['http://127.0.0.1:1'], capabilityKey: undefined, clock: () => new Date() })(
    { imageId, image: { staged }, importing: { importId } } as unknown as ImageUnderImport, { signal: new AbortController().signal, recordHops: async () => {}, describe: async () => {}, recordInspection: async () => {}, recordVerification: async () => {} });
const refusal = (code: string) => expect.objectContaining({ name: 'Problem', code }) as Error;

describe('What glance-direct reads', () => {
  it('is taken from the staging area itself where that can be seen, with the size and hashes that are known, and may be taken over', async () => {
    const store = await holding('twelve bytes');
    const source = await open(store);
    expect(source).toMatchObject({ declaredSizeBytes: 12, stored: { store, key, facts, isGivenUp: true } });
    await source.close();
  });

  it('is refused where not all of it is there any more: what is known of it is not true of the rest', async () => {
    await expect(open(await holding('twelve'))).rejects.toThrow(refusal('SizeMismatch'));
  });

  it('is refused where it cannot be seen and nobody can be asked for it, and where nothing was staged', async () => {
    await expect(open(await holding())).rejects.toThrow(refusal('ImageDataNotFound'));
    await expect(open(await holding('twelve bytes'), null)).rejects.toThrow(refusal('ImageDataNotFound'));
  });
});
