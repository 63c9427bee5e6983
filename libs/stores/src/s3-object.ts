import { s3Clients } from './s3-client.js';
import { asking, S3Failure } from './s3-errors.js';
import type { S3Location } from './s3-import-sources.js';
import type { S3Options } from './s3-options.js';

/** An object that is none of ours, to be read with an account of the operator's. */
export interface S3Object {
  /** An address that allows the reading of this one object, for so long. It holds a signature: it goes into no log, event or answer. */
  readonly url: string;
  /** What the server says of it where it cannot be read, as AccessDenied; undefined where it can, or nobody answers. */
  whyNot(signal: AbortSignal): Promise<string | undefined>;
}

const longestSeconds = 7 * 86_400;

export async function s3Object(options: S3Options, { bucket, key }: S3Location, validSeconds: number): Promise<S3Object> {
  const clients = s3Clients(options);
  return {
    url: await clients.client().presignedGetObject(bucket, key, Math.min(validSeconds, longestSeconds)),
    async whyNot(signal) {
      try {
        const answer = await asking('look at an object', () => clients.client(signal).getPartialObject(bucket, key, 0, 1), { signal, tries: 1 });
        answer.destroy();
        return undefined;
      } catch (error) {
        return error instanceof S3Failure && /^[A-Z][A-Za-z]{2,63}$/.test(error.code) ? error.code : undefined;
      }
    },
  };
}
