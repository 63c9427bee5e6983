import type { X509Certificate } from 'node:crypto';

/** Why a certificate is not trusted, as the end of a sentence; undefined where it leads to one of the roots and all on the way are valid now. */
export function chainFault(leaf: X509Certificate, others: readonly X509Certificate[], roots: readonly X509Certificate[], now: Date): string | undefined {
  let current = leaf;
  // Each of the others is passed at most once, so that certificates that sign each other in a circle end.
  for (let stepsLeft = others.length; ; stepsLeft -= 1) {
    const { validFromDate, validToDate } = current;
    if (now < validFromDate || now > validToDate) return 'is not valid now, or one that it was signed with is not';
    if (roots.some((root) => isSame(root, current) || (isIn(root, now) && isSigner(root, current)))) return undefined;
    const signer = others.find((other) => !isSame(other, current) && other.ca && isSigner(other, current));
    if (!signer || stepsLeft <= 0) return 'is not signed by anybody whom the operator trusts';
    current = signer;
  }
}

const isSame = (one: X509Certificate, other: X509Certificate): boolean => one.fingerprint512 === other.fingerprint512;
const isIn = ({ validFromDate, validToDate }: X509Certificate, now: Date): boolean => now >= validFromDate && now <= validToDate;
const isSigner = (signer: X509Certificate, signed: X509Certificate): boolean => signed.checkIssued(signer) && signed.verify(signer.publicKey);
