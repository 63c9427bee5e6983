import { Problem } from '#libs/domain';
import { addressRules, openDownload, uriFilter, type Answer, type Download, type DownloadOptions, type Reach } from '#libs/download';
import { readS3Location, s3Object, s3SourceOf, type S3ImportSource } from '#libs/stores';
import type { OpenSource } from './sources.js';

export interface S3Line extends Pick<DownloadOptions, 'limitBytes' | 'totalTimeoutMs'> {
  readonly sources: readonly S3ImportSource[];
}

const finalStatuses: readonly number[] = [400, 401, 403, 404, 405, 409, 410];

/**
 * s3-download: an object that the operator lets the project import with an account of his, whose name and signature nobody is told. A broken link is taken up where it broke, as long as the object is the same.
 * Refuses: UriNotAllowed, also where the operator changed his mind since it was asked for; DownloadFailed with the server's status and code, DownloadTimedOut, ImageTooLarge.
 */
export const s3Source = ({ sources, limitBytes, totalTimeoutMs }: S3Line): OpenSource => async ({ image: { owner }, importing: { sourceUri: uri = '' } }, { signal }) => {
  const location = readS3Location(uri);
  const { options } = s3SourceOf(sources, location, owner);
  if (!options) throw new Error('nobody says how this account is reached');
  const object = await s3Object(options, location, Math.ceil(totalTimeoutMs / 1000) + 60);
  const refusalOf = ({ statusCode = 0 }: Answer): Problem | undefined => (finalStatuses.includes(statusCode) ? new Refused(uri, statusCode) : undefined);
  const worded = async (error: unknown): Promise<unknown> => {
    if (error instanceof Refused) return new Problem('DownloadFailed', { uri, reason: answered(error.status, await object.whyNot(signal)) });
    return inWordsOf(uri, error);
  };
  let download: Download;
  try {
    download = await openDownload(object.url, { ...reachOf(object.url), limitBytes, totalTimeoutMs, signal, maxRedirects: 0, refusalOf });
  } catch (error) {
    throw await worded(error);
  }
  const { sizeBytes, bytes, close } = download;
  return { bytes: inWords(bytes, worded), hasOwnLimits: true, ...(sizeBytes === undefined ? {} : { declaredSizeBytes: sizeBytes }), close: () => Promise.resolve(close()) };
};

/** An answer that is final; what else the server says of it is asked for afterwards. */
class Refused extends Problem {
  constructor(uri: string, readonly status: number) {
    super('DownloadFailed', { uri, reason: answered(status, undefined) });
  }
}

const answered = (status: number, code: string | undefined): string => `Received ${status} response${code === undefined ? '' : `, ${code}`}`;

/** The address of the server is the operator's affair: what is read names the location as it was asked for. */
function inWordsOf(uri: string, error: unknown): unknown {
  if (!(error instanceof Problem)) return error;
  if (error.code === 'DownloadFailed') return new Problem('DownloadFailed', { uri, reason: String(error.params['reason'] ?? 'the connection broke') });
  if (error.code === 'DownloadTimedOut') return new Problem('DownloadTimedOut', { uri, seconds: Number(error.params['seconds'] ?? 0) });
  return error.code === 'UriNotAllowed' ? new Problem('DownloadFailed', { uri, reason: 'the operator\'s address of the server cannot be used' }) : error;
}

async function* inWords(bytes: AsyncIterable<Uint8Array>, worded: (error: unknown) => Promise<unknown>): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* bytes;
  } catch (error) {
    throw await worded(error);
  }
}

/** The operator's own server, wherever it lies, and no other. */
function reachOf(url: string): Reach {
  const { protocol, hostname, port } = new URL(url);
  const scheme = protocol.slice(0, -1);
  const allowedPorts = [port === '' ? (scheme === 'https' ? 443 : 80) : Number(port)];
  return {
    filter: uriFilter({ allowedSchemes: [scheme], disallowedSchemes: [], allowedHosts: [hostname], disallowedHosts: [], allowedPorts, disallowedPorts: [] }),
    addressRules: addressRules({ allowedNetworks: [] }),
  };
}
