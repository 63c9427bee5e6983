import { readFileSync } from 'node:fs';
import { Problem, type Image, type ImageCommand } from '#libs/domain';
import { barbican, notVerified, pemOf, signatureCheck, signatureClaim, type KeyManager, type SignatureClaim, type Trust } from '#libs/signatures';
import type { OpenSignature } from '#libs/transfers';
import type { GatewayConfig } from '../config.js';
import { header, type Request } from '../edge/request.js';

/** What an import takes along of the signature of its image. */
export type SignedImport = Pick<Extract<ImageCommand, { type: 'RequestImageImport' }>, 'signingCertificate' | 'signingCertificateId' | 'signingRefusal'>;

/** Where the gateway gets what the signatures of images are checked with: from the key manager, with the caller's token. */
export interface Signing {
  /** For an upload. Refuses: SignatureNotVerified. */
  ofUpload(request: Request, imageId: string): OpenSignature;
  /** For an import, which nobody's token goes along with: the certificate, or why there is none; the import then fails with it, as in Glance. */
  ofImport(request: Request, asked: { readonly imageId: string; readonly image: Pick<Image, 'properties'> }): Promise<SignedImport>;
}

export function signing(config: GatewayConfig, clock: () => Date): Signing {
  const roots = config.signatureTrustedRoots === '' ? '' : readFileSync(config.signatureTrustedRoots, 'utf8');
  return signingWith(barbican(config), { roots, clock }, config);
}

export function signingWith(keys: KeyManager, trust: Trust, { region, barbicanRegionName, barbicanEndpointType }: Pick<GatewayConfig, 'region' | 'barbicanRegionName' | 'barbicanEndpointType'>): Signing {
  const wanted = barbicanRegionName === '' ? region : barbicanRegionName;

  function catalogUrl({ caller }: Request): string | undefined {
    const endpoints = caller.catalog.filter(({ type }) => type === 'key-manager').flatMap(({ endpoints: all }) => all).filter((endpoint) => endpoint.interface === barbicanEndpointType);
    return endpoints.find((endpoint) => endpoint.region === wanted)?.url;
  }

  const certificateOf = (request: Request, imageId: string, { certificateId }: SignatureClaim): Promise<Buffer> =>
    keys.certificate({ imageId, certificateId, token: header(request, 'x-auth-token') ?? '', catalogUrl: catalogUrl(request) });

  return {
    ofUpload: (request, imageId) => async (claim) => signatureCheck(imageId, claim, await certificateOf(request, imageId, claim), trust),
    async ofImport(request, { imageId, image }) {
      try {
        const claim = signatureClaim(imageId, image.properties);
        if (!claim) return {};
        const certificate = await certificateOf(request, imageId, claim);
        signatureCheck(imageId, claim, certificate, trust);
        const pem = pemOf(certificate) ?? '';
        if (pem.length > longestPem) throw notVerified(imageId, `certificate ${claim.certificateId} is too long`);
        return { signingCertificate: pem, signingCertificateId: claim.certificateId };
      } catch (error) {
        if (!(error instanceof Problem) || error.code !== 'SignatureNotVerified') throw error;
        return { signingRefusal: String(error.params['detail']).slice(0, 1024) };
      }
    },
  };
}

/** It goes into the log with the import. */
const longestPem = 8192;
