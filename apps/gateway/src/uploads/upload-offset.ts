import type { UploadState } from '#libs/contracts';
import type { Reply } from '../edge/request.js';

/** How far an upload is, and until when it waits: in the words of tus, which the IETF's draft for resumable uploads shares. */
export function tellOffset(reply: Reply, { at, expiresAt }: Pick<UploadState, 'at' | 'expiresAt'>): void {
  reply.header('upload-offset', String(at));
  if (expiresAt !== undefined) reply.header('upload-expires', new Date(expiresAt).toUTCString());
}
