import { constants, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';

/** Somebody who signs images: his certificate, and signatures as `openssl dgst -sign` makes them. */
export interface Signer {
  /** In PEM. */
  readonly certificate: string;
  readonly key: KeyObject;
  /** In base64, as `img_signature` has it. */
  signatureOf(bytes: Uint8Array, hash: 'sha224' | 'sha256' | 'sha384' | 'sha512'): string;
}

type Kind = 'rsa' | 'dsa' | 'ec';

/** A new one; `curve` for ec. `by` signs his certificate, himself unless somebody else does; `isAuthority` lets him sign those of others, `address` (IPv4) lets a server there show it. Made anew for every run. */
export function aSigner({ kind = 'rsa', curve = 'secp384r1', by, isAuthority = false, name = 'a signer', validForMs = 3600_000, address }: {
  kind?: Kind; curve?: string; by?: { readonly key: KeyObject; readonly name: string }; isAuthority?: boolean; name?: string; validForMs?: number; address?: string;
} = {}): Signer & { readonly name: string } {
  const key = newKey(kind, curve);
  const issuer = by ?? { key, name };
  const certificate = certificateFor({ key, name, issuer, isAuthority, validForMs, ...(address === undefined ? {} : { address }) });
  return {
    name, key, certificate,
    signatureOf: (bytes, hash) => sign(hash, bytes, kind === 'rsa' ? { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_MAX_SIGN } : key).toString('base64'),
  };
}

function newKey(kind: Kind, curve: string): KeyObject {
  if (kind === 'ec') return generateKeyPairSync('ec', { namedCurve: curve }).privateKey;
  return kind === 'dsa' ? generateKeyPairSync('dsa', { modulusLength: 2048, divisorLength: 256 }).privateKey : generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
}

/** The algorithms that certificates are signed with here, each with SHA-256. */
const algorithms: Readonly<Record<string, string>> = { rsa: '2a864886f70d01010b', ec: '2a8648ce3d040302', dsa: '608648016503040302' };

function certificateFor({ key, name, issuer, isAuthority, validForMs, address }: {
  key: KeyObject; name: string; issuer: { readonly key: KeyObject; readonly name: string }; isAuthority: boolean; validForMs: number; address?: string;
}): string {
  const algorithm = sequence(oid(algorithms[issuer.key.asymmetricKeyType ?? ''] ?? ''), ...(issuer.key.asymmetricKeyType === 'rsa' ? [der(0x05)] : []));
  const named = (text: string) => sequence(der(0x31, sequence(oid('550403'), der(0x0c, Buffer.from(text)))));
  const basic = sequence(oid('551d13'), der(0x01, Buffer.from([0xff])), der(0x04, sequence(...(isAuthority ? [der(0x01, Buffer.from([0xff]))] : []))));
  const body = sequence(
    der(0xa0, der(0x02, Buffer.from([2]))), der(0x02, Buffer.from([1])), algorithm, named(issuer.name), sequence(time(-7200_000), time(validForMs)), named(name),
    createPublicKey(key).export({ type: 'spki', format: 'der' }), der(0xa3, sequence(basic, ...(address === undefined ? [] : [atAddress(address)]))),
  );
  const pem = sequence(body, algorithm, der(0x03, Buffer.from([0]), sign('sha256', body, issuer.key))).toString('base64').replaceAll(/.{1,64}/g, '$&\n');
  return `-----BEGIN CERTIFICATE-----\n${pem}-----END CERTIFICATE-----\n`;
}

/** The extension that says which server it is: subjectAltName, with an iPAddress. */
const atAddress = (address: string): Buffer => sequence(oid('551d11'), der(0x04, sequence(der(0x87, Buffer.from(address.split('.').map(Number))))));

function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.from([tag, length]), content]);
  return Buffer.concat([length < 0x100 ? Buffer.from([tag, 0x81, length]) : Buffer.from([tag, 0x82, length >> 8, length & 0xff]), content]);
}

const sequence = (...parts: readonly Buffer[]): Buffer => der(0x30, ...parts);
const oid = (hex: string): Buffer => der(0x06, Buffer.from(hex, 'hex'));
const time = (fromNowMs: number): Buffer => der(0x17, Buffer.from(new Date(Date.now() + fromNowMs).toISOString().replaceAll(/[-:T]|\.\d+/g, '').slice(2)));
