import { metadataInjection } from './metadata-injection.js';

const options = { imageImportPlugins: ['[inject_image_metadata]'], inject: ['imported_by:heliograph', '"os_distro": "a:b"'], ignoreUserRoles: ['Admin'] };
const member = { roles: ['member', 'reader'] };
const properties = { imported_by: 'heliograph', os_distro: 'a:b' };

describe('The plugin inject_image_metadata', () => {
  it('sets the operator\'s properties on what is imported', () => {
    expect(metadataInjection(options)('web-download', member)).toEqual(properties);
    expect(metadataInjection(options)('glance-direct', member)).toEqual(properties);
  });

  it('sets none for who has a role that is excepted, and none where data is only copied', () => {
    expect(metadataInjection(options)('web-download', { roles: ['member', 'admin'] })).toBeUndefined();
    expect(metadataInjection(options)('copy-image', member)).toBeUndefined();
  });

  it('sets none where it is not switched on', () => {
    expect(metadataInjection({ ...options, imageImportPlugins: ['no_op'] })('web-download', member)).toBeUndefined();
    expect(metadataInjection({ ...options, imageImportPlugins: [] })('web-download', member)).toBeUndefined();
  });

  it('refuses to start with a plugin that is not there, rather than to leave out what the operator wants done', () => {
    expect(() => metadataInjection({ ...options, imageImportPlugins: ['image_encryption'] })).toThrow('image_encryption, which this version does not have');
  });

  it.each(['no value', ':x', 'os_glance_x:y'])('refuses to start with the property %s', (inject) => {
    expect(() => metadataInjection({ ...options, inject: [inject] })).toThrow('is no property that can be set');
  });
});
