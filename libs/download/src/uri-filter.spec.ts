import { Problem } from '#libs/domain';
import { defaultUriFilterOptions, uriFilter, type UriFilterOptions } from './uri-filter.js';

const filterWith = (options: Partial<UriFilterOptions> = {}) => uriFilter({ ...defaultUriFilterOptions, ...options });

/** Which part of the URI is refused, or undefined where it passes. */
function refusedPart(uri: string, options: Partial<UriFilterOptions> = {}): unknown {
  try {
    filterWith(options).check(uri);
    return undefined;
  } catch (error) {
    if (error instanceof Problem && error.code === 'UriNotAllowed') return error.params['part'];
    throw error;
  }
}

describe('URI filter: [import_filtering_opts] as in Glance', () => {
  it.each(['http://example.org/a.img', 'https://example.org/a.img', 'HTTPS://EXAMPLE.org:443/', 'http://example.org:80', 'http://example.org:/x'])('lets %s pass by default', (uri) => {
    expect(refusedPart(uri)).toBeUndefined();
  });

  it.each(['ftp', 'file', 'gopher', 'data', 'swift+http', 'ws'])('refuses the scheme %s', (scheme) => {
    expect(refusedPart(`${scheme}://example.org/a`)).toBe(`its scheme ${scheme}`);
  });

  it('speaks nothing but http and https, even where the operator lists more', () => {
    expect(refusedPart('ftp://example.org/a', { allowedSchemes: ['ftp'] })).toBe('its scheme ftp');
    expect(refusedPart('ftp://example.org/a', { allowedSchemes: [] })).toBe('its scheme ftp');
  });

  it.each<[string, Partial<UriFilterOptions>, string, string | undefined]>([
    ['an allowed scheme', { allowedSchemes: ['https'] }, 'https://example.org/', undefined],
    ['a scheme that is not in the allowed list', { allowedSchemes: ['https'] }, 'http://example.org/', 'its scheme http'],
    ['a disallowed scheme', { allowedSchemes: [], disallowedSchemes: ['http'] }, 'http://example.org/', 'its scheme http'],
    ['a disallowed scheme beside an allowed list', { allowedSchemes: ['http'], disallowedSchemes: ['http'] }, 'http://example.org/', undefined],
    ['an allowed host', { allowedHosts: ['images.example.org'] }, 'http://images.example.org/', undefined],
    ['an allowed host in other case, with a trailing dot', { allowedHosts: ['Images.Example.org'] }, 'http://IMAGES.example.ORG./', undefined],
    ['a host that is not in the allowed list', { allowedHosts: ['images.example.org'] }, 'http://example.org/', 'its host example.org'],
    ['a host that ends like an allowed one', { allowedHosts: ['example.org'] }, 'http://evil-example.org/', 'its host evil-example.org'],
    ['a host that begins like an allowed one', { allowedHosts: ['example.org'] }, 'http://example.org.evil.net/', 'its host example.org.evil.net'],
    ['a disallowed host', { disallowedHosts: ['example.org'] }, 'http://example.org/', 'its host example.org'],
    ['a disallowed host with a trailing dot', { disallowedHosts: ['example.org'] }, 'http://example.org./', 'its host example.org'],
    ['a disallowed host in its own script', { disallowedHosts: ['xn--bcher-kva.example'] }, 'http://BÜCHER.example/', 'its host xn--bcher-kva.example'],
    ['a disallowed host with a full-width dot', { disallowedHosts: ['example.org'] }, 'http://example。org/', 'its host example.org'],
    ['a disallowed host beside an allowed list', { allowedHosts: ['example.org'], disallowedHosts: ['example.org'] }, 'http://example.org/', undefined],
    ['a disallowed IPv6 host written at length', { disallowedHosts: ['2606:4700::1111'] }, 'http://[2606:4700:0:0:0:0:0:1111]/', 'its host 2606:4700::1111'],
    ['a disallowed IPv4 host inside of IPv6', { disallowedHosts: ['1.1.1.1'] }, 'http://[::ffff:101:101]/', 'its host 1.1.1.1'],
    ['a port that is not in the allowed list', {}, 'http://example.org:22/', 'its port 22'],
    ['a port with zeros before it', {}, 'http://example.org:00022/', 'its port 22'],
    ['the default port where another one is demanded', { allowedPorts: [8080] }, 'http://example.org/', 'its port 80'],
    ['a disallowed port', { allowedPorts: [], disallowedPorts: [22] }, 'http://example.org:22/', 'its port 22'],
    ['any port without lists', { allowedPorts: [] }, 'http://example.org:9999/', undefined],
    ['port 0', { allowedPorts: [] }, 'http://example.org:0/', 'its port is not between 1 and 65535'],
    ['a port out of range', { allowedPorts: [] }, 'http://example.org:65536/', 'its port is not between 1 and 65535'],
    ['a very long port', { allowedPorts: [] }, 'http://example.org:429496729600000000000080/', 'its port is not between 1 and 65535'],
  ])('judges %s', (_, options, uri, part) => {
    expect(refusedPart(uri, options)).toBe(part);
  });
});

describe('URI filter: hosts in disguise', () => {
  const disguised = 'its host is neither a plain name nor an address in its ordinary form';

  it.each([
    ['decimal', '2130706433'], ['decimal with a dot', '2130706433.'], ['hexadecimal', '0x7f000001'], ['hexadecimal in capitals', '0X7F000001'],
    ['octal', '017700000001'], ['dotted octal', '0177.0.0.1'], ['dotted hexadecimal', '0x7f.0x0.0x0.0x1'], ['mixed', '127.0x0.0.1'], ['leading zeros', '127.000.000.001'],
    ['two parts', '127.1'], ['three parts', '127.0.1'], ['one part', '0'], ['a trailing dot', '127.0.0.1.'], ['two trailing dots', '127.0.0.1..'],
    ['five parts', '127.0.0.1.1'], ['too large a part', '256.0.0.1'], ['a name that ends in a number', 'example.1'], ['a name that ends in hexadecimal', 'example.0x7f'],
    ['full-width digits', '１２７.0.0.1'], ['circled digits', '①②⑦.⓪.⓪.①'], ['ideographic dots', '127。0。0。1'], ['half-width dots', '127｡0｡0｡1'], ['a soft hyphen', '127.0.0\u00ad.1'],
    ['mathematical digits', '𝟏𝟐𝟕.0.0.1'], ['escaped digits', '%31%32%37.0.0.1'], ['an escaped dot', '127%2e0.0.1'], ['an escaped name', 'local%68ost'], ['an escaped end', 'example.org%00'],
    ['IPv6 with a zone', '[fe80::1%25eth0]'], ['IPv6 without brackets', '::1'], ['IPv6 with half a bracket', '[::1'], ['IPv6 with a bad group', '[::g]'], ['nothing in brackets', '[]'],
    ['IPv4 in brackets', '[127.0.0.1]'], ['octal inside of IPv6', '[::ffff:0177.0.0.1]'], ['IP of the future', '[v1.fe80]'],
    ['an empty label', 'example..org'], ['a leading dot', '.example.org'], ['odd characters', 'exa!mple.org'], ['a comma', 'a,b'], ['a label that is too long', `${'a'.repeat(64)}.org`],
    ['a name that is too long', Array(64).fill('abcd').join('.')], ['two ports', 'example.org:80:80'], ['a port that is no number', 'example.org:80a'], ['a negative port', 'example.org:-80'],
  ])('refuses %s: %s', (_, host) => {
    expect(refusedPart(`http://${host}/`, { allowedPorts: [] })).toBe(disguised);
  });

  it.each(['http://user@example.org/', 'http://user:password@example.org/', 'http://@example.org/', 'http://example.org@127.0.0.1/', 'http://example.org:80@127.0.0.1/', 'http://a@b@example.org/'])(
    'refuses user names and passwords: %s', (uri) => {
      expect(refusedPart(uri)).toBe('it holds a user name or password');
    });

  it.each(['http://example.org\\@127.0.0.1/', 'http:\\\\127.0.0.1/', ' http://example.org/', 'http://example.org/ x', 'http://exam\tple.org/', 'http://example.org/\r\nHost: x', 'http://example.org/\u0000', 'ht\ntp://127.0.0.1/'])(
    'refuses what a lenient reader would repair: %j', (uri) => {
      expect(refusedPart(uri)).toBe('it has a space, a backslash or a control character in it');
    });

  it.each(['', 'example.org', '//example.org/', 'http:example.org', 'http:/example.org', 'http:///example.org', 'http://', 'http://?x', 'http://#@127.0.0.1/', '1http://example.org/', 'javascript:alert(1)'])(
    'refuses what does not have the form of a web address: %p', (uri) => {
      expect(refusedPart(uri)).toBe('it does not have the form http://host/path');
    });

  it('refuses a URI that is too long', () => {
    expect(refusedPart(`http://example.org/${'a'.repeat(4096)}`)).toBe('it has more than 4096 characters');
  });

  it('does not send the fragment, keeps the query, and tells host and port in their normal form', () => {
    expect(filterWith().check('HTTPS://Example.ORG./a%20b/ü?sig=A%2FB#part')).toEqual({
      scheme: 'https', host: 'example.org', port: 443, target: '/a%20b/%C3%BC?sig=A%2FB', href: 'https://example.org/a%20b/%C3%BC?sig=A%2FB', isTrustedHost: false,
    });
  });

  it.each([
    ['http://[::FFFF:1.1.1.1]:8080/x', 'http://1.1.1.1:8080/x'], ['https://[2606:4700:0::1111]:443/', 'https://[2606:4700::1111]/'], ['https://example.org:80', 'https://example.org:80/'],
  ])('writes %s as %s', (uri, href) => {
    expect(filterWith({ allowedPorts: [] }).check(uri).href).toBe(href);
  });

  it('trusts a host, name or address, that stands in allowed_hosts', () => {
    const filter = filterWith({ allowedHosts: ['intranet', '[fd00::1]', '10.0.0.1'] });
    expect(['http://intranet/', 'http://[fd00:0::1]/', 'http://10.0.0.1/'].map((uri) => filter.check(uri).isTrustedHost)).toEqual([true, true, true]);
  });

  it('forbids a resolved address that stands in disallowed_hosts, unless there is an allowed list', () => {
    expect(filterWith({ disallowedHosts: ['1.1.1.1', '2606::1'] }).forbidsAddress('::ffff:1.1.1.1')).toBe(true);
    expect(filterWith({ disallowedHosts: ['1.1.1.1', '2606::1'] }).forbidsAddress('2606:0::1')).toBe(true);
    expect(filterWith({ disallowedHosts: ['1.1.1.1'] }).forbidsAddress('1.1.1.2')).toBe(false);
    expect(filterWith({ allowedHosts: ['example.org'], disallowedHosts: ['1.1.1.1'] }).forbidsAddress('1.1.1.1')).toBe(false);
  });

  it.each(['127.1', 'exa mple', 'http://example.org', '*.example.org', '', '10.0.0.0/8'])('does not start with the host %p in a list', (host) => {
    expect(() => filterWith({ allowedHosts: [host] })).toThrow(/neither the name of a host nor an address/);
    expect(() => filterWith({ disallowedHosts: [host] })).toThrow(/neither the name of a host nor an address/);
  });

  it('tells in the refusal whose decision it is', () => {
    expect(() => filterWith().check('ftp://example.org/')).toThrow("This URI does not pass filtering: its scheme ftp. Use another one; which ones may be used, the operator's filter decides.");
  });
});
