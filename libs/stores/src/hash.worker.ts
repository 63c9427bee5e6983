/**
 * A hashing thread: runs many hashes side by side over memory that it shares with the main thread, so nothing is copied.
 * It answers each update and each digest of a hash in their order. It imports nothing but Node, and no syntax of it
 * outlives the erasing of types, because tests load this file as it stands.
 */
import { constants, createHash, createVerify } from 'node:crypto';
import { parentPort } from 'node:worker_threads';

export type HashRequest =
  | { readonly hashId: number; readonly do: 'start'; readonly algorithm: string; readonly signature?: SignatureToCheck }
  | { readonly hashId: number; readonly do: 'update'; readonly memory: SharedArrayBuffer; readonly lengthBytes: number }
  | { readonly hashId: number; readonly do: 'digest' }
  | { readonly hashId: number; readonly do: 'drop' };
export interface HashAnswer { readonly hashId: number; readonly digest?: string }

/** Whether the bytes are those that were signed: told in place of a hash, as `valid` or `invalid`. */
export interface SignatureToCheck {
  readonly hash: 'sha224' | 'sha256' | 'sha384' | 'sha512';
  /** SPKI, in PEM. */
  readonly publicKey: string;
  readonly signature: Uint8Array;
  /** Set for RSA with PSS padding. */
  readonly saltLength?: number;
}

interface Running { update(bytes: Uint8Array): unknown; digest(encoding: 'hex'): string }

function running({ algorithm, signature: checked }: { readonly algorithm: string; readonly signature?: SignatureToCheck }): Running {
  if (!checked) return createHash(algorithm);
  const { publicKey: key, signature, saltLength } = checked;
  const verifier = createVerify(algorithm);
  const padding = saltLength === undefined ? {} : { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength };
  const isValid = (): boolean => {
    try {
      return verifier.verify({ key, ...padding }, signature);
    } catch {
      // What cannot be a signature of this key is none.
      return false;
    }
  };
  return { update: (bytes) => verifier.update(bytes), digest: () => (isValid() ? 'valid' : 'invalid') };
}

const hashes = new Map<number, Running>();
const answer = (message: HashAnswer): void => parentPort?.postMessage(message);

parentPort?.on('message', (request: HashRequest) => {
  const { hashId } = request;
  const hash = hashes.get(hashId);
  if (request.do === 'start') hashes.set(hashId, running(request));
  else if (request.do === 'update') {
    hash?.update(new Uint8Array(request.memory, 0, request.lengthBytes));
    answer({ hashId });
  } else {
    hashes.delete(hashId);
    if (request.do === 'digest') answer({ hashId, digest: hash?.digest('hex') ?? '' });
  }
});
