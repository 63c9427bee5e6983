/**
 * A hashing thread: runs many hashes side by side over memory that it shares with the main thread, so nothing is copied.
 * It answers each update and each digest of a hash in their order. It imports nothing but Node, and no syntax of it
 * outlives the erasing of types, because tests load this file as it stands.
 */
import { createHash, type Hash } from 'node:crypto';
import { parentPort } from 'node:worker_threads';

export type HashRequest =
  | { readonly hashId: number; readonly do: 'start'; readonly algorithm: string }
  | { readonly hashId: number; readonly do: 'update'; readonly memory: SharedArrayBuffer; readonly lengthBytes: number }
  | { readonly hashId: number; readonly do: 'digest' }
  | { readonly hashId: number; readonly do: 'drop' };
export interface HashAnswer { readonly hashId: number; readonly digest?: string }

const hashes = new Map<number, Hash>();
const answer = (message: HashAnswer): void => parentPort?.postMessage(message);

parentPort?.on('message', (request: HashRequest) => {
  const { hashId } = request;
  const hash = hashes.get(hashId);
  if (request.do === 'start') hashes.set(hashId, createHash(request.algorithm));
  else if (request.do === 'update') {
    hash?.update(new Uint8Array(request.memory, 0, request.lengthBytes));
    answer({ hashId });
  } else {
    hashes.delete(hashId);
    if (request.do === 'digest') answer({ hashId, digest: hash?.digest('hex') ?? '' });
  }
});
