import type { IncomingMessage } from 'node:http';
import { Problem } from '#libs/domain';
import type { DownloadOptions } from './download-options.js';
import { LinkFailure } from './link-failure.js';
import { withoutSecrets } from './redirects.js';
import { resumableLink, type Link } from './resumable-link.js';

export interface Download {
  /** What the server announced, or what was expected. */
  readonly sizeBytes?: number;
  readonly contentType?: string;
  /** To be read once; reads from the network no faster than it is read itself. Fails with a Problem, or with the signal's reason. */
  readonly bytes: AsyncIterable<Uint8Array>;
  /** Lets go of the connection. Harmless at the end; needed where the bytes are not read to it. */
  close(): void;
}

/** Begins to bring the bytes behind a URI that a tenant named. A broken link is taken up again where it broke, by Range and If-Range; where
 *  that cannot be done without risk of mixing two versions, the download fails. Retries broken links, 408, 425, 429 and 5xx, no other 4xx.
 *  Refuses: UriNotAllowed, DownloadFailed, DownloadTimedOut, ImageTooLarge. Every byte comes as it is: no content encoding. */
export async function openDownload(uri: string, options: DownloadOptions): Promise<Download> {
  const { href } = options.filter.check(uri);
  const total = endAfter(href, options);
  const link = resumableLink(href, options, total.signal);
  try {
    const { facts, response } = await link.begin();
    const { contentType } = facts;
    const sizeBytes = facts.sizeBytes ?? options.expectedSizeBytes;
    return {
      ...(sizeBytes === undefined ? {} : { sizeBytes }), ...(contentType === undefined ? {} : { contentType }),
      bytes: bytesOf(link, response, total), close: total.close,
    };
  } catch (error) {
    const problem = total.problemOf(error);
    total.close();
    throw problem;
  }
}

async function* bytesOf(link: Link, first: IncomingMessage, total: Total): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    let response: IncomingMessage | undefined = first;
    while (response) {
      yield* link.read(response);
      response = await link.resume();
    }
  } catch (error) {
    throw total.problemOf(error);
  } finally {
    total.close();
  }
}

interface Total {
  readonly signal: AbortSignal;
  close(): void;
  /** What the caller is to hear: why the whole ended, or else what went wrong. */
  problemOf(error: unknown): unknown;
}

/** Ends when the caller says so, when the time is over, or when it is closed. */
function endAfter(href: string, { signal, totalTimeoutMs }: DownloadOptions): Total {
  const uri = withoutSecrets(href);
  const end = new AbortController();
  const timer = setTimeout(() => { end.abort(new Problem('DownloadTimedOut', { uri, seconds: totalTimeoutMs / 1000 })); }, totalTimeoutMs);
  const onAbort = (): void => { end.abort(signal?.reason); };
  if (signal?.aborted) onAbort();
  signal?.addEventListener('abort', onAbort, { once: true });
  return {
    signal: end.signal,
    close: () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      end.abort(new Error('The download was closed.'));
    },
    problemOf: (error) => {
      if (end.signal.aborted) return end.signal.reason;
      return error instanceof LinkFailure ? new Problem('DownloadFailed', { uri, reason: error.reason }, { cause: error }) : error;
    },
  };
}
