import { isSigned, notVerified, signatureCheck } from '#libs/signatures';
import type { DataToWatch } from '#libs/transfers';
import type { ImageUnderImport } from './sources.js';

/** Whether the signature of an image is checked by this import: where it brings the image its data. What an image has already was checked then, and a copy must equal it. */
export const isToBeChecked = ({ image, importing }: ImageUnderImport): boolean =>
  image.data === null && importing.method !== 'location-import' && isSigned(image.properties);

/** How it is checked: by the certificate that came with the request, since nobody's token did. Refuses: SignatureNotVerified. */
export function importSignature(asked: ImageUnderImport): DataToWatch['openSignature'] {
  if (!isToBeChecked(asked)) return undefined;
  const { imageId, importing: { signingCertificate, signingCertificateId, signingRefusal } } = asked;
  return (claim) => {
    if (signingRefusal !== undefined) return Promise.reject(notVerified(imageId, signingRefusal));
    if (signingCertificate === undefined || signingCertificateId !== claim.certificateId) {
      return Promise.reject(notVerified(imageId, 'the img_signature properties changed after the import had been asked for; import again'));
    }
    // Whether the certificate is trusted was found out when it was fetched.
    return Promise.resolve(signatureCheck(imageId, claim, signingCertificate, { roots: '', clock: () => new Date() }));
  };
}
