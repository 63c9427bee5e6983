import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

/** What a seal is for: each purpose has keys of its own, and each seal is bound to what it was made for and when it ends. */
export interface SealedUse {
  readonly purpose: 'heliograph sealed token' | 'heliograph sealed query' | 'heliograph sealed webhook';
  readonly bound: readonly string[];
}

const algorithm = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;

/**
 * Seals a secret for its way from one service to another: the expiry in milliseconds, a dot, and base64url of nonce, AES-256-GCM ciphertext and tag.
 * Neither this nor what is in it may reach a disk, a log line, a trace, an event or an answer. Source: DESIGN.md section 6. Of webhooks alone the seal
 * is kept, outside of the log and away from the key: docs/adr/0017.
 */
export function seal(key: string, { purpose, bound }: SealedUse, secret: unknown, expiresAt: Date): string {
  const nonce = randomBytes(nonceBytes);
  const cipher = createCipheriv(algorithm, keyFrom(key, purpose), nonce, { authTagLength: tagBytes });
  const expiresAtMs = expiresAt.getTime();
  cipher.setAAD(boundTo(bound, expiresAtMs));
  const sealed = Buffer.concat([nonce, cipher.update(JSON.stringify(secret), 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return `${expiresAtMs}.${sealed.toString('base64url')}`;
}

/** The secret, and whether it has expired; undefined where it was sealed for something else or with another key, or was altered. */
export function unseal<Secret>(key: string, { purpose, bound }: SealedUse, sealed: string, now: Date): { readonly secret: Secret; readonly hasExpired: boolean } | undefined {
  const [expiry = '', body = ''] = sealed.split('.');
  const bytes = Buffer.from(body, 'base64url');
  if (bytes.byteLength < nonceBytes + tagBytes) return undefined;
  const decipher = createDecipheriv(algorithm, keyFrom(key, purpose), bytes.subarray(0, nonceBytes), { authTagLength: tagBytes });
  decipher.setAAD(boundTo(bound, Number(expiry)));
  decipher.setAuthTag(bytes.subarray(bytes.byteLength - tagBytes));
  try {
    const text = Buffer.concat([decipher.update(bytes.subarray(nonceBytes, -tagBytes)), decipher.final()]).toString('utf8');
    return { secret: JSON.parse(text) as Secret, hasExpired: Number(expiry) <= now.getTime() };
  } catch {
    return undefined;
  }
}

/** JSON, because names joined by a character could be split in two ways. */
const boundTo = (bound: readonly string[], expiresAtMs: number): Buffer => Buffer.from(JSON.stringify([...bound, expiresAtMs]));

/** The operator's key may be any text; the cipher needs 32 bytes, and shares them with no other use of that text. */
const keyFrom = (key: string, purpose: SealedUse['purpose']): Buffer => Buffer.from(hkdfSync('sha256', key, '', purpose, 32));
