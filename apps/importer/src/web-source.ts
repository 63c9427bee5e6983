import { Problem, type ImportHop } from '#libs/domain';
import { openDownload, type Download, type DownloadOptions, type Hop } from '#libs/download';
import type { OpenSource, SourceContext } from './sources.js';
import type { WebQueries } from './web-queries.js';

export interface WebLine extends Pick<DownloadOptions, 'filter' | 'addressRules' | 'limitBytes' | 'totalTimeoutMs'> {
  /** Told of every request with the address that it went to, for the operator. */
  onHop(hop: Hop, asked: { readonly imageId: string; readonly importId: string }): void;
  readonly queries: Pick<WebQueries, 'of'>;
}

/** More would fill the log with one server's redirects. */
const mostHops = 50;

/** web-download: what lies behind a URI that a tenant named. Refuses: UriNotAllowed, UriQueryLost, DownloadFailed, DownloadTimedOut, ImageTooLarge. */
export const webSource = ({ queries, ...line }: WebLine): OpenSource => async ({ imageId, importing: { importId, sourceUri, sourceHasQuery } }, context) => {
  if (sourceUri === undefined) throw new Problem('UriNotAllowed', { part: 'it was not given' });
  const query = sourceHasQuery ? await queries.of({ importId, sourceUri }) : '';
  const way = wayTo(context);
  const download = await opened(sourceUri + query, {
    ...line, signal: context.signal,
    onHop(hop) {
      line.onHop(hop, { imageId, importId });
      way.add({ uri: hop.uri, status: hop.status });
    },
  }, way.record);
  await way.record();
  return {
    bytes: download.bytes, hasOwnLimits: true,
    ...(download.sizeBytes === undefined ? {} : { declaredSizeBytes: download.sizeBytes }),
    async close() {
      download.close();
      await way.record();
    },
  };
};

/** A way that led nowhere belongs to the history, too. */
async function opened(uri: string, options: DownloadOptions, record: () => Promise<void>): Promise<Download> {
  try {
    return await openDownload(uri, options);
  } catch (error) {
    await record();
    throw error;
  }
}

/** What was not told yet, told at once: when the first bytes come, and at the end what was asked again. */
function wayTo({ recordHops }: SourceContext) {
  let hops: ImportHop[] = [];
  let count = 0;
  return {
    add(hop: ImportHop): void {
      count += 1;
      if (count <= mostHops) hops.push(hop);
    },
    record: async (): Promise<void> => {
      const untold = hops;
      hops = [];
      if (untold.length > 0) await recordHops(untold);
    },
  };
}
