import { configuredStores, type EnabledStores } from './configured-stores.js';

describe('The stores in the configuration', () => {
  const read = (enabledBackends: string[], options: Record<string, string> = {}, more: Partial<EnabledStores> = {}) =>
    configuredStores({ enabledBackends, defaultBackend: '', filesystemStoreDatadir: '/images', ...more }, {
      value: (section, name) => options[`${section}.${name}`], name: (section, name) => `${section}.${name}`,
    });
  const s3 = { 'far.s3_store_host': 'https://s3.example.com', 'far.s3_store_access_key': 'a', 'far.s3_store_secret_key': 'b', 'far.s3_store_bucket': 'images' };

  it('are one in the common directory, or several in directories of their own beneath it', () => {
    expect(read(['fast:file'])).toEqual({ enabled: [{ id: 'fast', kind: 'file', weight: 0, dataDir: '/images' }], defaultId: 'fast' });
    expect(read(['fast:file', 'slow:file'], { 'slow.filesystem_store_datadir': '/slow' }).enabled).toMatchObject([{ dataDir: '/images/fast' }, { dataDir: '/slow' }]);
  });

  it('stand side by side, whatever their kind, each with its weight', () => {
    const { enabled, defaultId } = read(['fast:file', 'far:s3'], { ...s3, 'fast.weight': '10' }, { defaultBackend: 'far' });
    expect(enabled).toMatchObject([{ id: 'fast', kind: 'file', weight: 10 }, { id: 'far', kind: 's3', weight: 0, options: { bucket: 'images', secretKey: 'b' } }]);
    expect(defaultId).toBe('far');
  });

  it('are refused with all that is wrong at once, and without a secret', () => {
    const wrong = () => read(['fast:rbd', 'far:s3', 'near:file'], { ...s3, 'far.s3_store_host': '', 'far.s3_store_secret_key': 'hidden', 'far.s3_store_thread_pools': 'many', 'near.weight': 'heavy' });
    expect(wrong).toThrow(/kind rbd.*far\.s3_store_host: expected.*far\.s3_store_thread_pools: expected a whole number.*near\.weight/);
    expect(wrong).toThrow(expect.objectContaining({ message: expect.not.stringContaining('hidden') as string }));
  });
});
