import { Problem, type DataInspection, type Image, type SignatureVerdict } from '#libs/domain';
import { isSigned, signatureClaim, type SignatureCheck, type SignatureClaim } from '#libs/signatures';
import type { ReceivedData } from '#libs/stores';

/** What an image's signature needs to be checked: its certificate, fetched with the caller's rights. Refuses: SignatureNotVerified. */
export type OpenSignature = (claim: SignatureClaim) => Promise<SignatureCheck>;

/** Looks after the signature of an image while its data arrives; of an image that is not signed there is nothing to say. */
export interface SignatureWatch {
  /** What the bytes are to be checked with, in the pass that stores them. Refuses: SignatureNotVerified. */
  open(): Promise<{ readonly signature?: SignatureCheck }>;
  /** Refuses: SignatureNotVerified for bytes that are not those that were signed. */
  judge(received: Pick<ReceivedData, 'isSignatureValid'>): void;
  /** What is known of the data, with what became of its signature. */
  with(found: { readonly inspection?: DataInspection }): { readonly inspection?: DataInspection };
}

export function watchSignature(imageId: string, { properties }: Pick<Image, 'properties'>, openSignature: OpenSignature): SignatureWatch {
  if (!isSigned(properties)) return { open: () => Promise.resolve({}), judge: () => undefined, with: (found) => found };
  const { img_signature_certificate_uuid: certificateId = '', img_signature_hash_method: hashMethod = '', img_signature_key_type: keyType = '' } = properties;
  const said = { certificateId: certificateId.slice(0, 255), hashMethod: hashMethod.slice(0, 255), keyType: keyType.slice(0, 255) };
  let verdict: SignatureVerdict | undefined;
  const refused = (problem: Problem): Problem => {
    verdict = { ...said, isValid: false, reason: String(problem.params['detail'] ?? problem.message).slice(0, 1024) };
    return problem;
  };
  return {
    async open() {
      try {
        const claim = signatureClaim(imageId, properties);
        return claim ? { signature: await openSignature(claim) } : {};
      } catch (error) {
        throw error instanceof Problem && error.code === 'SignatureNotVerified' ? refused(error) : error;
      }
    },
    judge({ isSignatureValid }) {
      if (isSignatureValid !== true) throw refused(new Problem('SignatureNotVerified', { imageId, detail: 'the data is not what was signed' }));
      verdict = { ...said, isValid: true };
    },
    with: (found) => (verdict ? { inspection: { findings: [], ...found.inspection, signature: verdict } } : found),
  };
}
