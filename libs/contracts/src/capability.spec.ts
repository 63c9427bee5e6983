import { openCapability, signCapability, type CapabilityClaims } from '#libs/contracts';

const key = 'a key that is long enough to be one';
const claims: CapabilityClaims = {
  may: 'stage', imageId: '11111111-2222-4333-8444-555555555555', attemptId: '00000000-0000-4000-8000-0000000000a1',
  expiresAt: new Date('2026-01-01T00:01:00Z'), limitBytes: 1000, requestId: 'req-1', actor: { userId: 'ü', authMethod: 'password' },
};
const now = new Date('2026-01-01T00:00:00Z');
const refused = (why: string) => expect.objectContaining({ code: 'Forbidden', message: expect.stringContaining(why) as string }) as Error;

describe('A capability', () => {
  const token = signCapability(key, claims);

  it('says on the other side what was said here', () => {
    expect(openCapability(key, token, { may: 'stage', now })).toEqual(claims);
  });

  it('can stand in a URL as it is', () => {
    expect(encodeURIComponent(token)).toBe(token);
  });

  it('is worth nothing with another key, or none', () => {
    expect(() => openCapability(`${key}!`, token, { may: 'stage', now })).toThrow(refused('was not given out here'));
    for (const other of ['', '.', token.split('.')[0] ?? '', `${token}.`, `${token}x`]) {
      expect(() => openCapability(key, other, { may: 'stage', now })).toThrow(refused('was not given out here'));
    }
  });

  it('is worth nothing once anything in it was altered', () => {
    const [body = '', mac = ''] = token.split('.');
    const more = Buffer.from(JSON.stringify({ ...claims, limitBytes: 10_000 })).toString('base64url');
    expect(() => openCapability(key, `${more}.${mac}`, { may: 'stage', now })).toThrow(refused('was not given out here'));
    expect(() => openCapability(key, `${body}.${mac.slice(1)}`, { may: 'stage', now })).toThrow(refused('was not given out here'));
  });

  it('is worth nothing from the moment it expires', () => {
    expect(openCapability(key, token, { may: 'stage', now: new Date(claims.expiresAt.getTime() - 1) })).toEqual(claims);
    expect(() => openCapability(key, token, { may: 'stage', now: claims.expiresAt })).toThrow(refused('has expired'));
  });

  it('is for one purpose', () => {
    expect(() => openCapability(key, token, { may: 'read', now })).toThrow(refused('is for something else'));
  });
});
