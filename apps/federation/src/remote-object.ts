import { Problem } from '#libs/domain';
import { openDownload, type Answer, type Download } from '#libs/download';
import { reachOf, type AskedRemote } from './remote-region.js';

/** An object in an object store of the caller's catalogue: `endpoint` is its address, `imageId` the location as the caller named it. */
export type AskedObject = Pick<AskedRemote, 'endpoint' | 'imageId' | 'token'>;

const refusals: Readonly<Record<number, string>> = {
  401: 'the object store does not accept the token that came with the import any more', 403: 'the object store does not let you read it', 404: 'Received 404 response: there is no such object, or none that you may read',
};

/**
 * The bytes of an object, in the name of the caller. The connection goes to the endpoint's own host and port and to nothing else; a redirect is refused, so that no token goes astray.
 * A broken link is taken up where it broke, as long as the object is the same. Refuses: DownloadFailed, which names the location and never the address.
 */
export async function openObject(asked: AskedObject, { totalTimeoutMs, limitBytes, signal }: { readonly totalTimeoutMs: number; readonly limitBytes: number; readonly signal: AbortSignal }): Promise<Download & { readonly sizeBytes: number }> {
  const failed = (reason: string, cause?: unknown): Problem => new Problem('DownloadFailed', { uri: asked.imageId, reason }, { cause });
  const refusalOf = ({ statusCode = 0 }: Answer): Problem | undefined => {
    const reason = refusals[statusCode];
    return reason === undefined ? undefined : failed(reason);
  };
  const inOurWords = (error: unknown): unknown => {
    if (!(error instanceof Problem) || error.params['uri'] === asked.imageId) return error;
    if (error.code === 'UriNotAllowed') return failed('the catalogue names an address that cannot be used', error);
    if (error.code === 'DownloadTimedOut') return failed(`it took longer than ${error.params['seconds'] ?? ''} seconds`, error);
    return error.code === 'DownloadFailed' ? failed(String(error.params['reason'] ?? 'the connection broke'), error) : error;
  };
  try {
    const download = await openDownload(asked.endpoint, { ...reachOf(asked.endpoint), headers: { 'x-auth-token': asked.token }, maxRedirects: 0, refusalOf, totalTimeoutMs, limitBytes, signal });
    const { sizeBytes } = download;
    if (sizeBytes === undefined) {
      download.close();
      throw failed('the object store does not say how large it is');
    }
    return { ...download, sizeBytes, bytes: worded(download.bytes, inOurWords) };
  } catch (error) {
    throw inOurWords(error);
  }
}

async function* worded(bytes: AsyncIterable<Uint8Array>, inOurWords: (error: unknown) => unknown): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* bytes;
  } catch (error) {
    throw inOurWords(error);
  }
}
