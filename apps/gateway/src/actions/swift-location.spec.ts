import type { Caller } from '#libs/identity';
import { isSwift, readSwiftLocation } from './swift-location.js';

const endpoint = (url: string, type = 'object-store') => ({ type, name: type, endpoints: [{ region: 'RegionOne', interface: 'public', url }] });
const caller = (...urls: string[]) => ({ catalog: urls.map((url) => endpoint(url)) }) as unknown as Caller;
const refused = (location: string, from = caller('https://cloud.foo/v1/AUTH_mine')) => {
  try {
    return readSwiftLocation(location, from).url;
  } catch (error) {
    return (error as { params: { part: string } }).params.part;
  }
};

describe('A location in Swift', () => {
  it.each([
    ['https://cloud.foo/v1/AUTH_mine', 'https://cloud.foo/v1/myaccount/mycontainer/path'], ['https://cloud.foo:8080/swift/v1', 'https://cloud.foo:8080/swift/v1/myaccount/mycontainer/path'],
    ['http://cloud.foo/v1.0/AUTH_mine/', 'http://cloud.foo/v1.0/myaccount/mycontainer/path'],
  ])('leads to the object store of the catalogue at %s', (url, object) => {
    expect(readSwiftLocation('swift://cloud.foo/myaccount/mycontainer/path', caller(url))).toEqual({ location: 'swift://cloud.foo/myaccount/mycontainer/path', url: object });
  });

  it('may name a port, and an object with slashes and whatever else a name may have', () => {
    expect(readSwiftLocation('swift://cloud.foo:8080/a/c/images/my%20disk', caller('https://cloud.foo:8080/v1')).url).toBe('https://cloud.foo:8080/v1/a/c/images/my%20disk');
  });

  it('leads nowhere else', () => {
    expect(refused('swift://other.foo/a/c/o')).toBe('your catalogue has no object store at other.foo; it has cloud.foo');
    expect(refused('swift://cloud.foo/a/c/o', caller())).toBe('your catalogue has no object store at cloud.foo; it has none');
    expect(refused('swift://cloud.foo/a/c/o', { catalog: [endpoint('https://cloud.foo/v1', 'image')] } as unknown as Caller)).toContain('it has none');
    expect(refused('swift://cloud.foo/a/../o')).toBe('its path leads elsewhere');
    expect(refused('swift://cloud.foo/a/c/%2e%2e/x')).toBe('its path leads elsewhere');
    expect(refused('swift://cloud.foo/a/c/%ff')).toContain('not UTF-8');
    for (const location of ['swift://cloud.foo/a/c', 'swift://cloud.foo/a/c/o?temp_url_sig=x', 'swift://me@cloud.foo/a/c/o', 'swift+https://cloud.foo/a/c/o', `swift://cloud.foo/a/c/${'x'.repeat(2048)}`]) expect(refused(location)).toContain('swift://host/account/container/object');
    expect([isSwift('swift://x'), isSwift('swift+https://x'), isSwift('https://swift.foo/')]).toEqual([true, true, false]);
  });
});
