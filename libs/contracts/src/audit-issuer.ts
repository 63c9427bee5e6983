import { createPrivateKey, createPublicKey, hkdfSync, randomUUID, sign } from 'node:crypto';

/** Who tells a NATS server which tenants may connect, and signs what he says. */
export interface AuditIssuer {
  /** As the server's configuration names him: the public key of an account, in the notation of NATS. */
  readonly publicKey: string;
  /** A JWT of these claims, as NATS servers read it. */
  sign(claims: IssuedClaims): string;
}

export interface IssuedClaims {
  readonly sub: string;
  readonly aud: string;
  readonly name?: string;
  /** Seconds since 1970. */
  readonly exp?: number;
  readonly nats: Readonly<Record<string, unknown>>;
}

/** The same for all who know this text. Source: NATS docs, "Auth Callout"; JWT with algorithm ed25519-nkey. */
export function auditIssuer(key: string): AuditIssuer {
  const seed = Buffer.from(hkdfSync('sha256', key, '', 'heliograph audit issuer', 32));
  const privateKey = createPrivateKey({ key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]), format: 'der', type: 'pkcs8' });
  const raw = createPublicKey(privateKey).export({ format: 'der', type: 'spki' }).subarray(-32);
  const publicKey = nkeyOf(raw);
  const header = partOf({ typ: 'JWT', alg: 'ed25519-nkey' });
  return {
    publicKey,
    sign(claims) {
      const signed = `${header}.${partOf({ jti: randomUUID(), iat: Math.floor(Date.now() / 1000), iss: publicKey, ...claims })}`;
      return `${signed}.${sign(null, Buffer.from(signed), privateKey).toString('base64url')}`;
    },
  };
}

const partOf = (json: object): string => Buffer.from(JSON.stringify(json)).toString('base64url');

/** An account's public key in the notation of NATS: kind, key and check sum in base32. */
function nkeyOf(raw: Uint8Array): string {
  const kindOfAccount = 0;
  const body = Buffer.concat([Buffer.from([kindOfAccount]), raw]);
  const sum = Buffer.alloc(2);
  sum.writeUInt16LE(crc16(body));
  return base32(Buffer.concat([body, sum]));
}

/** CRC-16/XMODEM. */
function crc16(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit += 1) crc = ((crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021) & 0xffff;
  }
  return crc;
}

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

function base32(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return (bits.match(/.{1,5}/g) ?? []).map((five) => alphabet[Number.parseInt(five.padEnd(5, '0'), 2)]).join('');
}
