import { addressRules, defaultUriFilterOptions, uriFilter } from '#libs/download';
import { configuredStores, type EnabledStores } from './configured-stores.js';

const reach = { filter: uriFilter(defaultUriFilterOptions), addressRules: addressRules({ allowedNetworks: [] }) };

describe('The stores in the configuration', () => {
  const read = (enabledBackends: string[], options: Record<string, string> = {}, more: Partial<EnabledStores> = {}) =>
    configuredStores({ enabledBackends, defaultBackend: '', filesystemStoreDatadir: '/images', reach, ...more }, {
      value: (section, name) => options[`${section}.${name}`], name: (section, name) => `${section}.${name}`,
    });
  const s3 = { 'far.s3_store_host': 'https://s3.example.com', 'far.s3_store_access_key': 'a', 'far.s3_store_secret_key': 'b', 'far.s3_store_bucket': 'images' };

  it('are one in the common directory, or several in directories of their own beneath it', () => {
    expect(read(['fast:file'])).toEqual({ enabled: [{ id: 'fast', kind: 'file', weight: 0, dataDir: '/images', isSynced: true }], defaultId: 'fast' });
    expect(read(['fast:file', 'slow:file'], { 'slow.filesystem_store_datadir': '/slow' }).enabled).toMatchObject([{ dataDir: '/images/fast' }, { dataDir: '/slow' }]);
  });

  it('are synced unless the operator does without', () => {
    expect(read(['fast:file'], { 'fast.filesystem_store_sync': 'False' }).enabled).toMatchObject([{ isSynced: false }]);
    expect(() => read(['fast:file'], { 'fast.filesystem_store_sync': 'sometimes' })).toThrow('fast.filesystem_store_sync: expected true or false');
  });

  it('stand side by side, whatever their kind, each with its weight', () => {
    const { enabled, defaultId } = read(['fast:file', 'far:s3'], { ...s3, 'fast.weight': '10' }, { defaultBackend: 'far' });
    expect(enabled).toMatchObject([{ id: 'fast', kind: 'file', weight: 10 }, { id: 'far', kind: 's3', weight: 0, options: { bucket: 'images', secretKey: 'b' } }]);
    expect(defaultId).toBe('far');
  });

  it('may be of kind http, which is read-only and never the default one', () => {
    const { enabled, defaultId } = read(['web:http', 'fast:file'], { 'web.https_ca_certificates_file': '/ca.pem' });
    expect([enabled[0], defaultId]).toEqual([{ id: 'web', kind: 'http', weight: 0, reach, caCertificatesFile: '/ca.pem' }, 'fast']);
    expect(() => read(['web:http'], { 'web.https_insecure': 'True', 'web.http_proxy_information': 'http:10.0.0.1:3128' })).toThrow(/web\.https_insecure: expected false.*web\.http_proxy_information/);
  });

  it('are refused with all that is wrong at once, and without a secret', () => {
    const wrong = () => read(['fast:rbd', 'far:s3', 'near:file'], { ...s3, 'far.s3_store_host': '', 'far.s3_store_secret_key': 'hidden', 'far.s3_store_thread_pools': 'many', 'near.weight': 'heavy' });
    expect(wrong).toThrow(/kind rbd.*far\.s3_store_host: expected.*far\.s3_store_thread_pools: expected a whole number.*near\.weight/);
    expect(wrong).toThrow(expect.objectContaining({ message: expect.not.stringContaining('hidden') as string }));
  });
});
