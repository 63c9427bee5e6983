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

  it('take nothing when they are read only', async () => {
    const { default: store } = await openStores({ enabled: [{ id: 'far', kind: 'memory', isReadOnly: true }], defaultId: 'far' });
    const key = { imageId: '00000000-0000-4000-8000-000000000000', attemptId: '00000000-0000-4000-8000-000000000001', storeId: 'far' };
    await refuses(store.create(key), 'StoreUnavailable');
  });
});
