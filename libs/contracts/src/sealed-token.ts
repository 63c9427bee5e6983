import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { Problem } from '#libs/domain';

/** What federation needs to fetch an image from another region in the name of the caller. */
export interface RemoteAccess {
  /** The caller's own token. */
  readonly token: string;
  /** The Image API of that region, from the caller's own service catalogue. */
  readonly endpoint: string;
  readonly imageId: string;
}

/** What a seal is bound to, so that it opens for this import, this source and this time alone. */
export interface SealedFor {
  readonly importId: string;
  /** The region that the image comes from. */
  readonly region: string;
  readonly expiresAt: Date;
}

const algorithm = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;

/**
 * Seals the access for the way from gateway to federation: the expiry in milliseconds, a dot, and base64url of nonce, AES-256-GCM ciphertext and tag.
 * Neither this nor what is in it may reach a disk, a log line, a trace, an event or an answer. Source: DESIGN.md section 6.
 */
export function sealAccess(key: string, { token, endpoint, imageId }: RemoteAccess, place: SealedFor): string {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv(algorithm, keyFrom(key), nonce, { authTagLength: tagBytes });
  const expiresAtMs = place.expiresAt.getTime();
  cipher.setAAD(boundTo(place, expiresAtMs));
  const sealed = Buffer.concat([nonce, cipher.update(JSON.stringify({ token, endpoint, imageId }), 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return `${expiresAtMs}.${sealed.toString('base64url')}`;
}

/** The access. Refuses: RemoteTokenRefused where it has expired, RemoteTokenLost where it was sealed for something else or with another key, or was altered. */
export function openAccess(key: string, sealed: string, place: Omit<SealedFor, 'expiresAt'>, now: Date): RemoteAccess {
  const [expiry = '', body = ''] = sealed.split('.');
  const bytes = Buffer.from(body, 'base64url');
  const access = bytes.byteLength < nonceBytes + tagBytes ? undefined : opened(keyFrom(key), bytes, boundTo(place, Number(expiry)));
  if (!access) throw new Problem('RemoteTokenLost');
  if (Number(expiry) <= now.getTime()) throw new Problem('RemoteTokenRefused', { region: place.region });
  return access;
}

function opened(key: Buffer, bytes: Buffer, bound: Buffer): RemoteAccess | undefined {
  const decipher = createDecipheriv(algorithm, key, bytes.subarray(0, nonceBytes), { authTagLength: tagBytes });
  decipher.setAAD(bound);
  decipher.setAuthTag(bytes.subarray(bytes.byteLength - tagBytes));
  try {
    return JSON.parse(Buffer.concat([decipher.update(bytes.subarray(nonceBytes, -tagBytes)), decipher.final()]).toString('utf8')) as RemoteAccess;
  } catch {
    return undefined;
  }
}

/** JSON, because names joined by a character could be split in two ways. */
const boundTo = ({ importId, region }: Omit<SealedFor, 'expiresAt'>, expiresAtMs: number): Buffer => Buffer.from(JSON.stringify([importId, region, expiresAtMs]));

/** The operator's key may be any text; the cipher needs 32 bytes, and shares them with no other use of that text. */
const keyFrom = (key: string): Buffer => Buffer.from(hkdfSync('sha256', key, '', 'heliograph sealed token', 32));
