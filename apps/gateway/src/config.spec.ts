import { readConfig } from '#libs/platform';
import { GatewayConfig } from './config.js';

const read = (options: Record<string, string>) =>
  readConfig(GatewayConfig, Object.fromEntries(Object.entries(options).map(([name, value]) => [`HELIOGRAPH_KEYSTONE_AUTHTOKEN__${name}`, value])));
const expectation = 'HELIOGRAPH_KEYSTONE_AUTHTOKEN__PASSWORD: is not set; expected the password of the service user, or application_credential_id and application_credential_secret, both.';

describe('The gateway\'s configuration', () => {
  it('wants a password of the service user, or an application credential', () => {
    expect(() => read({})).toThrow(expectation);
    expect(read({ PASSWORD: 'hush' })).toMatchObject({ username: 'glance', password: 'hush' });
    expect(read({ APPLICATION_CREDENTIAL_ID: 'id', APPLICATION_CREDENTIAL_SECRET: 'hush' })).toMatchObject({ applicationCredentialId: 'id', applicationCredentialSecret: 'hush' });
  });

  it.each([['APPLICATION_CREDENTIAL_ID'], ['APPLICATION_CREDENTIAL_SECRET']])('refuses %s alone, with or without a password', (name) => {
    expect(() => read({ [name]: 'half' })).toThrow(expectation);
    expect(() => read({ [name]: 'half', PASSWORD: 'hush' })).toThrow(expectation);
  });
});
