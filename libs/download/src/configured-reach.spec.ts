import { configuredReach, type ReachOptions } from './configured-reach.js';

const asGlance: ReachOptions = {
  allowedSchemes: ['http', 'https'], disallowedSchemes: [], allowedHosts: [], disallowedHosts: [], allowedPorts: ['80', '443'], disallowedPorts: [], importAllowedNetworks: [],
};
const allows = (uri: string, options: Partial<ReachOptions>): boolean => {
  try {
    configuredReach({ ...asGlance, ...options }).filter.check(uri);
    return true;
  } catch {
    return false;
  }
};

describe('The operator\'s filter for URIs', () => {
  it('reads lists with and without the brackets that Glance writes', () => {
    for (const allowedPorts of [['80', '8080'], ['[80', ' 8080]'], ['["80"', '"8080"]']]) {
      expect([allows('http://images.example:8080/x', { allowedPorts }), allows('http://images.example:81/x', { allowedPorts })]).toEqual([true, false]);
    }
    expect([allows('http://images.example/x', { allowedSchemes: ['[https]'] }), allows('https://images.example/x', { allowedSchemes: ['[https]'] })]).toEqual([false, true]);
  });

  it('knows an IPv6 host with its brackets and without', () => {
    for (const host of ['2001:db9::1', '[2001:db9::1]']) expect(allows('http://[2001:db9::1]/x', { allowedHosts: [host] })).toBe(true);
  });

  it('opens the networks that the operator names, and no others', () => {
    const { addressRules } = configuredReach({ ...asGlance, importAllowedNetworks: ['10.1.0.0/16'] });
    expect([addressRules.allows('10.1.2.3'), addressRules.allows('10.2.2.3')]).toEqual([true, false]);
  });

  it.each([
    [{ allowedPorts: ['eighty'] }, 'import_filtering_opts: eighty is no port'], [{ disallowedPorts: ['65536'] }, 'import_filtering_opts: 65536 is no port'],
    [{ allowedHosts: ['http://x'] }, 'import_filtering_opts: http://x is neither'], [{ importAllowedNetworks: ['10.1.2.3/16'] }, 'heliograph.import_allowed_networks: 10.1.2.3/16 is not a network'],
  ])('says what it cannot read in %j', (options, said) => {
    expect(() => configuredReach({ ...asGlance, ...options })).toThrow(said);
  });
});
