import { BadArguments, readArguments } from './arguments.js';
import { unknownSettings } from './known-options.js';

describe('the command line of npm start', () => {
  it('needs nothing', () => {
    expect(readArguments([], {})).toEqual({ dataDir: `${process.cwd()}/data`, port: 9292, regions: 1, detach: false, restart: true, settings: {} });
  });

  it('takes any option by section and name, with = in its value', () => {
    expect(readArguments(['--set', 'default.image_size_cap=7', '--set', 'a.b=c=d'], {}).settings)
      .toEqual({ HELIOGRAPH_DEFAULT__IMAGE_SIZE_CAP: '7', HELIOGRAPH_A__B: 'c=d' });
  });

  it('takes a real Keystone, whose password may come from the environment', () => {
    expect(readArguments(['--keystone', 'http://k:5000/v3/', '--keystone-user', 'img'], { HELIOGRAPH_KEYSTONE_AUTHTOKEN__PASSWORD: 'hush' }).keystone).toEqual({
      url: 'http://k:5000/v3', userName: 'img', password: 'hush', projectName: 'service', userDomainId: 'default', projectDomainId: 'default',
    });
  });

  it('takes one region or two', () => {
    expect([readArguments(['--regions', '2'], {}).regions, readArguments(['--regions', '1'], {}).regions]).toEqual([2, 1]);
    expect(() => readArguments(['--regions', '3'], {})).toThrow('--regions 3 cannot be: give 1 or 2.');
  });

  it.each([['0'], ['65536'], ['92.5'], ['']])('refuses %j as a port', (port) => {
    expect(() => readArguments(['--port', port], {})).toThrow(BadArguments);
  });

  it('refuses a Keystone without a password', () => {
    expect(() => readArguments(['--keystone', 'http://k:5000/v3'], {})).toThrow('HELIOGRAPH_KEYSTONE_AUTHTOKEN__PASSWORD');
  });

  it('takes an application credential in place of the password', () => {
    const env = { HELIOGRAPH_KEYSTONE_AUTHTOKEN__APPLICATION_CREDENTIAL_ID: 'id', HELIOGRAPH_KEYSTONE_AUTHTOKEN__APPLICATION_CREDENTIAL_SECRET: 'hush' };
    expect(readArguments(['--keystone', 'http://k:5000/v3'], env).keystone).toMatchObject({ url: 'http://k:5000/v3', password: '' });
  });

  it('knows a slip in the name of an option, and lets the section of a store pass', () => {
    const settings = readArguments(['--set', 'default.image_size_capp=7', '--set', 'default.image_size_cap=7', '--set', 'fast.filesystem_store_datadir=/x'], {}).settings;
    expect(unknownSettings(settings, new Set(['HELIOGRAPH_DEFAULT__IMAGE_SIZE_CAP']))).toEqual(['HELIOGRAPH_DEFAULT__IMAGE_SIZE_CAPP']);
  });
});
