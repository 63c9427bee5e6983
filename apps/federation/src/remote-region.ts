import { Problem, type ProblemCode } from '#libs/domain';
import { addressRules, openDownload, uriFilter, type Answer, type Download, type DownloadOptions, type Reach } from '#libs/download';
import { traceHeaders } from '#libs/platform';

/** One image in another region, and who asks for it. */
export interface AskedRemote {
  readonly region: string;
  readonly endpoint: string;
  readonly imageId: string;
  readonly token: string;
}

const refusals: Readonly<Record<number, ProblemCode>> = { 401: 'RemoteTokenRefused', 403: 'RemoteImageForbidden', 404: 'RemoteImageNotFound' };

/**
 * A GET at another region's Image API in the name of the caller. The catalogue is the authority: the connection goes to the endpoint's own host and port,
 * wherever that lies, and to nothing else; a redirect is refused, so that no token goes astray. Says nothing of addresses.
 * Refuses: RemoteTokenRefused, RemoteImageForbidden, RemoteImageNotFound, RemoteRegionFailed; DownloadTimedOut as that, too.
 */
export async function getRemote(asked: AskedRemote, path: string, options: Omit<DownloadOptions, keyof Reach | 'headers' | 'maxRedirects' | 'refusalOf'>): Promise<Download> {
  const refusalOf = ({ statusCode = 0 }: Answer): Problem | undefined => {
    const code = refusals[statusCode];
    return code && new Problem(code, { region: asked.region, imageId: asked.imageId });
  };
  try {
    const download = await openDownload(`${imageApi(asked.endpoint)}${path}`, {
      ...options, ...reachOf(asked.endpoint), headers: { 'x-auth-token': asked.token, ...traceHeaders() }, maxRedirects: 0, refusalOf,
    });
    return { ...download, bytes: inOurWords(download.bytes, asked) };
  } catch (error) {
    throw withoutAddress(error, asked);
  }
}

/** `http://host/image/v2/` → `http://host/image`: some catalogues name the version, and some do not. */
export const imageApi = (endpoint: string): string => endpoint.replace(/\/+$/, '').replace(/\/v[1-9][0-9.]*$/, '').replace(/\/+$/, '');

/** Exactly the host and port of an endpoint. */
export function reachOf(endpoint: string): Reach {
  const { protocol, hostname, port } = new URL(endpoint);
  const scheme = protocol.slice(0, -1);
  const allowedPorts = [port === '' ? (scheme === 'https' ? 443 : 80) : Number(port)];
  return {
    filter: uriFilter({ allowedSchemes: ['http', 'https'].includes(scheme) ? [scheme] : ['https'], disallowedSchemes: [], allowedHosts: [hostname], disallowedHosts: [], allowedPorts, disallowedPorts: [] }),
    addressRules: addressRules({ allowedNetworks: [] }),
  };
}

async function* inOurWords(bytes: AsyncIterable<Uint8Array>, asked: AskedRemote): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* bytes;
  } catch (error) {
    throw withoutAddress(error, asked);
  }
}

/** The catalogue's addresses may be inside ones: what a user reads names the region instead. */
function withoutAddress(error: unknown, { region, imageId }: AskedRemote): unknown {
  if (!(error instanceof Problem)) return error;
  const failed = (reason: string): Problem => new Problem('RemoteRegionFailed', { region, imageId, reason }, { cause: error });
  if (error.code === 'DownloadFailed') return failed(String(error.params['reason'] ?? 'the connection broke'));
  if (error.code === 'DownloadTimedOut') return failed(`it took longer than ${error.params['seconds'] ?? ''} seconds`);
  if (error.code === 'UriNotAllowed') return failed('the catalogue names an address that cannot be used');
  return error;
}
