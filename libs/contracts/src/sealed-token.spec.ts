import { openAccess, sealAccess } from './sealed-token.js';

const key = 'a key of thirty-two characters!!';
const access = { token: 'gAAAA-the-token', endpoint: 'http://image.example:9292', imageId: '11111111-2222-4333-8444-555555555555' };
const importId = '22222222-2222-4333-8444-555555555555';
const expiresAt = new Date('2030-01-01T01:00:00Z');
const before = new Date('2030-01-01T00:59:59Z');
const sealed = sealAccess(key, access, { importId, region: 'RegionOne', expiresAt });
const place = { importId, region: 'RegionOne' };

/** One bit of one character of what stands behind the dot. */
function altered(text: string, at: number): string {
  const [expiry = '', body = ''] = text.split('.');
  const bytes = Buffer.from(body, 'base64url');
  bytes.writeUInt8(bytes.readUInt8(at) ^ 1, at);
  return `${expiry}.${bytes.toString('base64url')}`;
}

describe('A sealed token', () => {
  it('opens for its import and its region', () => {
    expect(openAccess(key, sealed, place, before)).toEqual(access);
  });

  it('tells in place of an access why there is none', () => {
    const none = sealAccess(key, { interface: 'public', known: 'RegionTwo (public)' }, { ...place, expiresAt });
    expect(() => openAccess(key, none, place, before)).toThrow(expect.objectContaining({
      code: 'RegionNotInCatalogue', params: { region: 'RegionOne', interface: 'public', known: 'RegionTwo (public)' },
    }) as Error);
  });

  it('shows nothing of the token, and looks different each time', () => {
    const another = sealAccess(key, access, { ...place, expiresAt });
    expect(another).not.toBe(sealed);
    for (const text of [sealed, another]) {
      expect(text).not.toContain(access.token);
      expect(Buffer.from(text.split('.')[1] ?? '', 'base64url').toString('latin1')).not.toContain(access.token);
    }
  });

  it.each([
    ['another import', key, sealed, { ...place, importId: access.imageId }],
    ['another region', key, sealed, { ...place, region: 'RegionTwo' }],
    ['another key', key.toUpperCase(), sealed, place],
    ['a later expiry', key, sealed.replace(/^\d+/, '9999999999999'), place],
    ['an altered nonce', key, altered(sealed, 0), place],
    ['altered words', key, altered(sealed, 12), place],
    ['an altered tag', key, altered(sealed, Buffer.from(sealed.split('.')[1] ?? '', 'base64url').length - 1), place],
    ['half of it', key, sealed.slice(0, 40), place],
    ['nothing', key, '', place],
  ])('does not open with %s', (_, withKey, text, at) => {
    expect(() => openAccess(withKey, text, at, before)).toThrow(expect.objectContaining({ code: 'RemoteTokenLost' }) as Error);
  });

  it('does not open once it has expired, and says so', () => {
    expect(() => openAccess(key, sealed, place, expiresAt)).toThrow(expect.objectContaining({ code: 'RemoteTokenRefused', params: { region: 'RegionOne' } }) as Error);
  });
});
