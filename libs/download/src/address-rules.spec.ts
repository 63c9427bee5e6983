import { addressRules } from './address-rules.js';
import { parseAddress, parseNetwork } from './addresses.js';

const byDefault = addressRules({ allowedNetworks: [] });

describe('Addresses that a download may connect to', () => {
  it.each([
    '1.1.1.1', '8.8.8.8', '9.255.255.255', '11.0.0.0', '100.63.255.255', '100.128.0.0', '126.255.255.255', '128.0.0.0', '169.253.255.255', '169.255.0.0',
    '172.15.255.255', '172.32.0.0', '192.167.255.255', '192.169.0.0', '198.17.255.255', '198.20.0.0', '223.255.255.255', '168.63.129.15',
    '2606:4700:4700::1111', '2a00:1450:4001:81b::200e', '2001:200::1', '2001:db7:ffff::1',
  ])('allows the public address %s', (address) => {
    expect(byDefault.allows(address)).toBe(true);
  });

  it.each([
    ['unspecified', '0.0.0.0'], ['this network', '0.1.2.3'], ['loopback', '127.0.0.1'], ['the end of loopback', '127.255.255.255'],
    ['private', '10.0.0.1'], ['private', '172.16.0.1'], ['private', '172.31.255.255'], ['private', '192.168.1.1'],
    ['carrier-grade NAT', '100.64.0.1'], ['carrier-grade NAT and a metadata service', '100.100.100.200'],
    ['link-local', '169.254.0.1'], ['the metadata service', '169.254.169.254'], ['a metadata service among public addresses', '168.63.129.16'],
    ['protocol assignments', '192.0.0.192'], ['documentation', '192.0.2.1'], ['documentation', '198.51.100.7'], ['documentation', '203.0.113.9'],
    ['benchmarks', '198.18.0.1'], ['benchmarks', '198.19.255.255'], ['6to4 relay', '192.88.99.1'], ['multicast', '224.0.0.1'],
    ['reserved', '240.0.0.1'], ['broadcast', '255.255.255.255'],
    ['unspecified', '::'], ['loopback', '::1'], ['link-local', 'fe80::1'], ['link-local with a zone', 'fe80::1%eth0'], ['the end of link-local', 'febf::1'],
    ['site-local', 'fec0::1'], ['unique local', 'fc00::1'], ['unique local', 'fdff::1'], ['the metadata service', 'fd00:ec2::254'], ['multicast', 'ff02::1'],
    ['documentation', '2001:db8::1'], ['documentation', '3fff::1'], ['benchmarks', '2001:2::1'], ['Teredo', '2001:0:4136:e378:8000:63bf:3fff:fdd2'],
    ['discard', '100::1'], ['segment routing', '5f00::1'], ['local NAT64', '64:ff9b:1::8.8.8.8'],
    ['IPv4-mapped loopback', '::ffff:127.0.0.1'], ['IPv4-mapped metadata in hexadecimal', '::ffff:a9fe:a9fe'], ['IPv4-mapped private', '::ffff:10.0.0.1'],
    ['IPv4-mapped in full', '0:0:0:0:0:ffff:7f00:1'], ['IPv4-compatible', '::127.0.0.1'], ['IPv4-compatible public', '::8.8.8.8'],
    ['IPv4-translated', '::ffff:0:127.0.0.1'], ['NAT64 of loopback', '64:ff9b::127.0.0.1'], ['NAT64 of metadata', '64:ff9b::a9fe:a9fe'],
    ['6to4 of private', '2002:a00:1::1'], ['6to4 of metadata', '2002:a9fe:a9fe::'],
    ['not an address', 'localhost'], ['decimal', '2130706433'], ['octal', '0177.0.0.1'], ['short', '127.1'], ['nothing', ''],
  ])('refuses %s: %s', (_, address) => {
    expect(byDefault.allows(address)).toBe(false);
  });

  it('allows what translators turn into a public address', () => {
    expect(['::ffff:8.8.8.8', '64:ff9b::8.8.8.8', '2002:808:808::1'].map((address) => byDefault.allows(address))).toEqual([true, true, true]);
  });

  it('allows a network that the operator opened and nothing beside it', () => {
    const rules = addressRules({ allowedNetworks: ['10.20.0.0/16', 'fd00:1::/32', '192.168.7.7'] });
    expect(['10.20.0.0', '10.20.255.255', '::ffff:10.20.1.1', '64:ff9b::10.20.1.1', 'fd00:1::5', '192.168.7.7'].filter((address) => !rules.allows(address))).toEqual([]);
    expect(['10.19.255.255', '10.21.0.0', 'fd00:2::5', '192.168.7.8', '127.0.0.1', '169.254.169.254'].filter((address) => rules.allows(address))).toEqual([]);
  });

  it('allows every IPv4 address, and no IPv6 one, where the operator opened 0.0.0.0/0', () => {
    const rules = addressRules({ allowedNetworks: ['0.0.0.0/0'] });
    expect(['127.0.0.1', '255.255.255.255', '::1', 'fe80::1'].map((address) => rules.allows(address))).toEqual([true, true, false, false]);
  });

  it.each(['10.0.0.1/8', '10.0.0.0/33', '10.0.0/8', 'fd00::/129', 'fd00::1/64', 'intranet', '10.0.0.0/', '10.0.0.0/8/8', ''])('does not start with the network %p', (network) => {
    expect(() => addressRules({ allowedNetworks: [network] })).toThrow(/is not a network/);
  });
});

describe('Addresses', () => {
  it.each([
    ['1.2.3.4', '1.2.3.4'], ['::FFFF:1.2.3.4', '1.2.3.4'], ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'], ['::', '::'], ['1::', '1::'], ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
    ['fe80::1%lo', undefined], ['1.2.3', undefined], ['01.2.3.4', undefined], ['1.2.3.4.', undefined], ['[::1]', undefined],
  ])('reads %s as %s', (text, expected) => {
    expect(parseAddress(text)?.text).toBe(expected);
  });

  it('reads the bits of an IPv6 address', () => {
    expect(parseAddress('1:2::8')?.value).toBe((1n << 112n) | (2n << 96n) | 8n);
  });

  it('takes a single address for a network of one', () => {
    expect(parseNetwork('::1')?.prefixLength).toBe(128);
    expect(parseNetwork('10.0.0.1')?.prefixLength).toBe(32);
  });
});
