import { constants, createVerify, X509Certificate } from 'node:crypto';
import { aSigner } from '#libs/testing';
import { pemOf, signatureCheck, type SignatureCheck } from './signature-check.js';
import { signatureClaim, type SignatureClaim } from './signature-claim.js';

const imageId = '11111111-2222-4333-8444-555555555555';
const data = Buffer.from('twelve bytes');
const now = () => new Date();
const untrusting = { roots: '', clock: now };
const properties = {
  img_signature: 'AAAA', img_signature_hash_method: 'SHA-256', img_signature_key_type: 'RSA-PSS', img_signature_certificate_uuid: '0b0e8a3c-52c4-4c0e-9d43-4c1b1a7a1f11',
};
const refusal = (detail: RegExp) => expect.objectContaining({ code: 'SignatureNotVerified', params: expect.objectContaining({ detail: expect.stringMatching(detail) as string }) as object }) as Error;

const claimOf = (more: Partial<typeof properties> = {}): SignatureClaim => signatureClaim(imageId, { ...properties, ...more }) as SignatureClaim;

/** What a thread that hashes does with a check, in one piece. */
function verify({ hash, publicKey, signature, saltLength }: SignatureCheck, bytes: Uint8Array): boolean {
  const padding = saltLength === undefined ? {} : { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength };
  return createVerify(hash).update(bytes).verify({ key: publicKey, ...padding }, signature);
}

describe('The signature of an image', () => {
  it.each(Object.keys(properties))('is none without %s', (missing) => {
    expect(signatureClaim(imageId, Object.fromEntries(Object.entries(properties).filter(([name]) => name !== missing)))).toBeUndefined();
  });

  it.each([
    [{ img_signature: 'A' }, /not properly encoded in base64/], [{ img_signature: '' }, /not properly encoded/], [{ img_signature_hash_method: 'MD5' }, /no signature hash method MD5/],
    [{ img_signature_key_type: 'ECC_SECP256K1' }, /no signature key type ECC_SECP256K1/], [{ img_signature_key_type: 'SECP384R1' }, /no signature key type/],
  ])('is refused with %j', (more, detail) => {
    expect(() => claimOf(more)).toThrow(refusal(detail));
  });

  const kinds = [['RSA-PSS', { kind: 'rsa' }], ['DSA', { kind: 'dsa' }], ...['SECT571K1', 'SECT409K1', 'SECT571R1', 'SECT409R1', 'SECP521R1', 'SECP384R1'].map((curve) => [`ECC_${curve}`, { kind: 'ec', curve: curve.toLowerCase() }] as const)] as const;
  it.each(kinds)('by a key of type %s holds for the data with every hash, and for no other data', (keyType, made) => {
    const signer = aSigner(made);
    for (const hash of ['sha224', 'sha256', 'sha384', 'sha512'] as const) {
      const claim = claimOf({ img_signature_key_type: keyType, img_signature_hash_method: `SHA-${hash.slice(3)}`, img_signature: signer.signatureOf(data, hash) });
      const check = signatureCheck(imageId, claim, signer.certificate, untrusting);
      expect([hash, verify(check, data), verify(check, Buffer.from('other bytes!'))]).toEqual([hash, true, false]);
    }
  });

  it('takes a certificate in DER as well as in PEM, and keeps it as PEM', () => {
    const signer = aSigner();
    const { raw } = new X509Certificate(signer.certificate);
    const claim = claimOf({ img_signature: signer.signatureOf(data, 'sha256') });
    expect(signatureCheck(imageId, claim, raw, untrusting)).toEqual(signatureCheck(imageId, claim, signer.certificate, untrusting));
    expect(signatureCheck(imageId, claim, pemOf(raw) ?? '', untrusting)).toEqual(signatureCheck(imageId, claim, signer.certificate, untrusting));
  });

  it('is refused with a key of another kind, and with what is no certificate', () => {
    expect(() => signatureCheck(imageId, claimOf(), aSigner({ kind: 'ec' }).certificate, untrusting)).toThrow(refusal(/is not of type RSA-PSS/));
    expect(() => signatureCheck(imageId, claimOf(), 'no certificate', untrusting)).toThrow(refusal(/is not a certificate in X\.509/));
    expect(() => signatureCheck(imageId, claimOf(), Buffer.from([0x30, 0x03, 1, 1, 0]), untrusting)).toThrow(refusal(/is not a certificate/));
  });
});

describe('Trusted roots', () => {
  const root = aSigner({ isAuthority: true, name: 'the root', kind: 'ec' });
  const between = aSigner({ isAuthority: true, name: 'between', by: root, kind: 'ec' });
  const leaf = aSigner({ name: 'the leaf', by: between });
  const trusting = { roots: root.certificate, clock: now };

  it('accept a certificate that leads to one of them, or is one', () => {
    expect(signatureCheck(imageId, claimOf(), leaf.certificate + between.certificate, trusting)).toBeDefined();
    expect(signatureCheck(imageId, claimOf(), aSigner({ by: root }).certificate, trusting)).toBeDefined();
    const own = aSigner();
    expect(signatureCheck(imageId, claimOf(), own.certificate, { roots: own.certificate, clock: now })).toBeDefined();
  });

  it('refuse one that signs itself, whose way is not told, or that was signed by who is no authority', () => {
    const plain = aSigner({ name: 'plain', by: root });
    for (const certificate of [aSigner().certificate, leaf.certificate, aSigner({ by: plain }).certificate + plain.certificate, aSigner({ name: 'the root', kind: 'ec' }).certificate]) {
      const claim = claimOf(new X509Certificate(certificate).publicKey.asymmetricKeyType === 'ec' ? { img_signature_key_type: 'ECC_SECP384R1' } : {});
      expect(() => signatureCheck(imageId, claim, certificate, trusting)).toThrow(refusal(/not signed by anybody whom the operator trusts/));
    }
  });

  it('refuse one that is over', () => {
    const over = aSigner({ by: root, validForMs: -1000 });
    expect(() => signatureCheck(imageId, claimOf(), over.certificate, trusting)).toThrow(refusal(/is not valid now/));
    expect(signatureCheck(imageId, claimOf(), over.certificate, untrusting)).toBeDefined();
  });
});
