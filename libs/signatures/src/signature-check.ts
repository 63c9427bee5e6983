import { X509Certificate, type KeyObject } from 'node:crypto';
import { chainFault } from './certificate-chain.js';
import { bytesOf, hashOf, keyKindOf, notVerified, type SignatureClaim, type SignatureHash } from './signature-claim.js';

/** What a thread that hashes needs to say at the end whether the bytes are those that were signed. */
export interface SignatureCheck {
  readonly hash: SignatureHash;
  /** SPKI, in PEM. */
  readonly publicKey: string;
  readonly signature: Uint8Array;
  /** Set for RSA: PSS, with the longest salt that fits. */
  readonly saltLength?: number;
}

export interface Trust {
  /** Certificates in PEM, one after the other; empty: every certificate that the key manager gives is good. */
  readonly roots: string;
  clock(): Date;
}

const hashBytes: Record<SignatureHash, number> = { sha224: 28, sha256: 32, sha384: 48, sha512: 64 };

/**
 * How the bytes of an image are to be checked with a certificate, PEM or DER as the key manager gave it; in PEM others that lead to a trusted root may follow.
 * Refuses: SignatureNotVerified for a certificate that cannot be read, has another kind of key, or is not trusted. Source: cursive's `signature_utils`, as Glance uses it.
 */
export function signatureCheck(imageId: string, claim: SignatureClaim, certificate: Uint8Array | string, trust: Trust): SignatureCheck {
  const [leaf, ...others] = certificatesIn(certificate);
  if (!leaf) throw notVerified(imageId, `certificate ${claim.certificateId} is not a certificate in X.509`);
  const fault = trust.roots === '' ? undefined : chainFault(leaf, others, certificatesIn(trust.roots), trust.clock());
  if (fault !== undefined) throw notVerified(imageId, `certificate ${claim.certificateId} ${fault}`);
  const { publicKey } = leaf;
  if (publicKey.asymmetricKeyType !== keyKindOf(claim)) throw notVerified(imageId, `the key in certificate ${claim.certificateId} is not of type ${claim.keyType}`);
  const hash = hashOf(claim);
  return {
    hash, signature: bytesOf(claim.signature) ?? Buffer.alloc(0), publicKey: publicKey.export({ type: 'spki', format: 'pem' }) as string,
    ...(publicKey.asymmetricKeyType === 'rsa' ? { saltLength: longestSalt(publicKey, hashBytes[hash]) } : {}),
  };
}

/** RFC 8017, section 9.1.1: what remains of the encoded message beside the hash and two bytes. */
function longestSalt({ asymmetricKeyDetails }: KeyObject, hashLength: number): number {
  const bits = asymmetricKeyDetails?.modulusLength ?? 0;
  return Math.max(0, Math.ceil((bits - 1) / 8) - hashLength - 2);
}

const pemBlock = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

function certificatesIn(given: Uint8Array | string): X509Certificate[] {
  const text = typeof given === 'string' ? given : Buffer.from(given.buffer, given.byteOffset, given.byteLength).toString('latin1');
  const blocks: (string | Uint8Array)[] = text.includes('-----BEGIN CERTIFICATE-----') ? [...text.matchAll(pemBlock)].map(([block]) => block) : typeof given === 'string' ? [] : [given];
  return blocks.flatMap((block) => {
    try {
      return [new X509Certificate(block)];
    } catch {
      return [];
    }
  });
}

/** A certificate as text that can be kept, in PEM: the signer's own, without those that led to a root. Undefined where it is none. */
export const pemOf = (certificate: Uint8Array): string | undefined => certificatesIn(certificate)[0]?.toString();
