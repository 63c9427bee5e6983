import { openQuery, sealQuery } from './sealed-query.js';
import { sealAccess } from './sealed-token.js';

const key = 'a key of thirty-two characters!!';
const of = { importId: '22222222-2222-4333-8444-555555555555', sourceUri: 'https://images.example/a.qcow2' };
const query = '?X-Amz-Signature=fe5f80f77d5fa3be&part=%C3%A9';
const expiresAt = new Date('2030-01-01T01:00:00Z');
const before = new Date('2030-01-01T00:59:59Z');
const sealed = sealQuery(key, query, of, expiresAt);

describe('A sealed query', () => {
  it('opens for its import and its URI, and shows nothing before', () => {
    expect(openQuery(key, sealed, of, before)).toBe(query);
    for (const text of [sealed, Buffer.from(sealed.split('.')[1] ?? '', 'base64url').toString('latin1')]) expect(text).not.toContain('fe5f80f77d5fa3be');
  });

  it.each([
    ['for another import', key, sealed, { ...of, importId: '33333333-2222-4333-8444-555555555555' }, before], ['for another URI', key, sealed, { ...of, sourceUri: 'https://elsewhere.example/' }, before],
    ['with another key', key.toUpperCase(), sealed, of, before], ['when it has expired', key, sealed, of, expiresAt], ['with a later expiry', key, sealed.replace(/^\d+/, '9999999999999'), of, before],
    ['where it is none', key, 'x', of, before],
    ['where a token was sealed', key, sealAccess(key, { interface: 'public', known: '' }, { importId: of.importId, region: of.sourceUri, expiresAt }), of, before],
  ])('does not open %s', (_, withKey, text, forWhat, at) => {
    expect(() => openQuery(withKey, text, forWhat, at)).toThrow(expect.objectContaining({ code: 'UriQueryLost' }) as Error);
  });
});
