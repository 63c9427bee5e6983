import { checksumAlgorithms } from '#libs/contracts';
import type { Reply, Request } from '../edge/request.js';

export const tusVersion = '1.0.0';
const extensions = 'creation,creation-with-upload,creation-defer-length,expiration,checksum,termination,concatenation';

/** What an OPTIONS on uploads learns, with or without a token. Source: tus 1.0.0, "OPTIONS". */
export function offerTus(request: Request, reply: Reply, maxSizeBytes: number): void {
  if (!/^\/v2\/images\/[^/]+\/uploads(\/|$)/.test(request.url.split('?')[0] ?? '')) return;
  reply.header('tus-resumable', tusVersion).header('tus-version', tusVersion).header('tus-extension', extensions)
    .header('tus-max-size', String(maxSizeBytes)).header('tus-checksum-algorithm', checksumAlgorithms.join(','));
}
