import { auditIssuer } from './audit-issuer.js';

const key = 'a text of at least thirty-two characters';

describe("The issuer of tenants' access", () => {
  it('has the key that NATS reads, the same wherever the text is the same', () => {
    expect(auditIssuer(key).publicKey).toBe('AB7ENMBQY5VPGNROVLADBLMUAQ2EGBIT25S24CMD4Z6XTDNECNSNXQDS');
    expect(auditIssuer(`${key}.`).publicKey).toMatch(/^A(?!B7ENMBQY)[A-Z2-7]{55}$/);
  });

  it('signs what it says', () => {
    const [header = '', body = '', signature = ''] = auditIssuer(key).sign({ sub: 'U', aud: '$G', exp: 5, nats: { type: 'user', version: 2 } }).split('.');
    const read = (part: string): unknown => JSON.parse(Buffer.from(part, 'base64url').toString());
    expect(read(header)).toEqual({ typ: 'JWT', alg: 'ed25519-nkey' });
    expect(read(body)).toMatchObject({ iss: auditIssuer(key).publicKey, sub: 'U', aud: '$G', exp: 5, nats: { type: 'user' } });
    expect(Buffer.from(signature, 'base64url')).toHaveLength(64);
  });
});
