import { addressRules, defaultUriFilterOptions, uriFilter } from '#libs/download';
import { openStores } from './stores.js';
import { refuses } from './store.suite.js';

describe('The stores that an operator enabled', () => {
  it('are found by name, one of them by default', async () => {
    const stores = await openStores({ enabled: [{ id: 'fast', kind: 'memory' }, { id: 'far', kind: 'memory', isReadOnly: true }], defaultId: 'fast' });
    expect(stores.default.id).toBe('fast');
    expect(stores.get('far').isReadOnly).toBe(true);
    expect([...stores.all.keys()]).toEqual(['fast', 'far']);
    await refuses((async () => stores.get('near'))(), 'StoreUnknown');
  });

  it('are not opened when something is wrong, and all of it is said at once', async () => {
    const enabled = [{ id: 'a b', kind: 'memory' }, { id: 'twice', kind: 'file', dataDir: '/d' }, { id: 'twice', kind: 'file', dataDir: '/d' }] as const;
    const opening = openStores({ enabled, defaultId: 'gone' });
    await expect(opening).rejects.toThrow(/"a b" cannot name a store.*twice is enabled more than once.*lies in \/d.*default store gone/);
  });

  it('are preferred by weight, and in the order in which they were enabled where weights are equal', async () => {
    const enabled = [{ id: 'a', kind: 'memory' }, { id: 'b', kind: 'memory', weight: 5 }, { id: 'c', kind: 'memory' }, { id: 'd', kind: 'memory', weight: -1 }] as const;
    const stores = await openStores({ enabled, defaultId: 'a' });
    expect(stores.byWeight().map(({ id }) => id)).toEqual(['b', 'a', 'c', 'd']);
  });

  it('may lie in a folder and in a bucket side by side, but not two in one bucket', async () => {
    const options = {
      endpoint: new URL('https://s3.example.com'), accessKey: 'a', secretKey: 'b', bucket: 'images', createBucketOnPut: false,
      bucketUrlFormat: 'auto', regionName: 'us-east-1', largeObjectBytes: 10_000_000, chunkBytes: 10_000_000, parallelParts: 4,
    } as const;
    const far = { id: 'far', kind: 's3', options } as const;
    const stores = await openStores({ enabled: [{ id: 'fast', kind: 'memory' }, far], defaultId: 'fast' });
    expect(stores.get('far').kind).toBe('s3');
    await expect(openStores({ enabled: [far, { ...far, id: 'farther' }], defaultId: 'far' })).rejects.toThrow('more than one store lies in bucket images at https://s3.example.com');
  });

  it('do not have one that is only read by default', async () => {
    const web = { id: 'web', kind: 'http', reach: { filter: uriFilter(defaultUriFilterOptions), addressRules: addressRules({ allowedNetworks: [] }) } } as const;
    await expect(openStores({ enabled: [web, { id: 'fast', kind: 'memory' }], defaultId: 'web' })).rejects.toThrow('the default store web cannot be written');
    expect((await openStores({ enabled: [web, { id: 'fast', kind: 'memory' }], defaultId: 'fast' })).get('web').isReadOnly).toBe(true);
  });

  it('take nothing when they are read only', async () => {
    const { default: store } = await openStores({ enabled: [{ id: 'far', kind: 'memory', isReadOnly: true }], defaultId: 'far' });
    const key = { imageId: '00000000-0000-4000-8000-000000000000', attemptId: '00000000-0000-4000-8000-000000000001', storeId: 'far' };
    await refuses(store.create(key), 'StoreUnavailable');
  });
});
