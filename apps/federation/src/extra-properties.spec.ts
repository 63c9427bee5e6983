import { extraProperties, prefixesOf } from './extra-properties.js';

const shown = {
  id: '1', name: 'hw_name', os_hidden: false, os_hash_algo: 'sha512', tags: ['hw_'], hw_disk_bus: 'virtio', 'trait:HW_CPU': 'required', os_distro: 'debian', os_distro_note: 'x',
  os_secure_boot: 'optional', os_type: 'linux', os_version: '12', os_glance_import_task: 'x', hw_odd: 7, my_own: 'kept home',
};

describe('The properties that a copy takes over', () => {
  it('are by default those that Glance takes over', () => {
    expect(extraProperties(shown, prefixesOf({}))).toEqual({
      hw_disk_bus: 'virtio', 'trait:HW_CPU': 'required', os_distro: 'debian', os_distro_note: 'x', os_secure_boot: 'optional', os_type: 'linux',
    });
  });

  it("are never attributes of every image, nor the image service's own", () => {
    expect(extraProperties(shown, ['os_', 'name', 'tags'])).toEqual({
      os_distro: 'debian', os_distro_note: 'x', os_secure_boot: 'optional', os_type: 'linux', os_version: '12',
    });
  });

  it('are chosen by the operator, under either name and in either way to write a list', () => {
    expect(prefixesOf({ extraProperties: ["['my_'", "'os_version']"] })).toEqual(['my_', 'os_version']);
    expect(prefixesOf({ extraPropertiesPrefixes: ['my_'] })).toEqual(['my_']);
    expect(prefixesOf({ extraProperties: ['a'], extraPropertiesPrefixes: ['b'] })).toEqual(['a']);
    expect(prefixesOf({ extraProperties: ['[]'] })).toEqual([]);
  });
});
