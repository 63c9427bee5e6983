import { exportStoreId, Problem } from '#libs/domain';
import { openUpload, withoutSecrets, type Reach } from '#libs/download';
import type { Store } from '#libs/stores';
import type { ImageUnderImport } from './sources.js';
import type { WebQueries } from './web-queries.js';

export interface ExportLine extends Reach {
  readonly queries: Pick<WebQueries, 'of'>;
  readonly answerTimeoutMs: number;
}

/** What bringing bytes needs of a store. */
export type Target = Pick<Store, 'id' | 'create' | 'remove' | 'copyFrom' | 'linkFrom'>;
export type OpenTarget = (asked: ImageUnderImport, signal: AbortSignal) => Target;

/** What S3 takes in one request. */
const mostBytes = 5 * 1024 ** 3;

/** Where an export goes, as a store that is written once and never read: one PUT, whole or not at all. Refuses: UriNotAllowed, UriQueryLost, ExportFailed. */
export const exportTarget = ({ queries, answerTimeoutMs, ...reach }: ExportLine): OpenTarget => ({ importing: { importId, targetUri = '', sourceHasQuery } }, signal) => ({
  id: exportStoreId,
  async create(_, { declaredSizeBytes: sizeBytes } = {}) {
    if (sizeBytes === undefined) throw new Error('nobody says how many bytes an export has');
    if (sizeBytes > mostBytes) throw new Problem('ExportFailed', { uri: withoutSecrets(targetUri), reason: `the data has ${sizeBytes} bytes, and one request may have ${mostBytes}` });
    const query = sourceHasQuery ? await queries.of({ importId, sourceUri: targetUri }) : '';
    const upload = await openUpload(targetUri + query, { ...reach, sizeBytes, signal, answerTimeoutMs });
    return { write: (chunk) => upload.write(chunk), commit: () => upload.commit(), cancel: () => Promise.resolve(upload.cancel()) };
  },
  remove: () => Promise.resolve(),
});
