import { setTimeout as delay } from 'node:timers/promises';
import { Problem } from '#libs/domain';
import { asking, saysS3, S3Failure } from './s3-errors.js';
import { abortUpload, deleteAt, inBucket, openUploadsAt, sizeAt, type S3Room, type S3Target } from './s3-room.js';

/** For how long parts on their way may arrive before an upload is ended. */
const patienceMs = 5000;

/** How many parts S3 lets an object have. */
export const mostParts = 10_000;

/** One open multipart upload: invisible until `complete`, and ended from anywhere by whoever removes its key. */
export interface S3Upload {
  /** Sends one part; may be called for several at once. */
  sendPart(part: number, bytes: Buffer): Promise<void>;
  /** Takes one part from another object of the same server, which copies it by itself. */
  copyPart(part: number, source: { bucket: string; name: string; start: number; end: number }): Promise<void>;
  /** Makes all parts one object. Refuses: AttemptOver. */
  complete(): Promise<void>;
  /** Stores data that needs no parts, or has none, in one request. Refuses: AttemptOver. */
  completeWith(bytes: Buffer): Promise<void>;
  /** Ends every request on its way, and the upload. Never rejects: what could not be thrown away goes with its key. */
  discard(): Promise<void>;
}

/** Opens an upload under a name that holds nothing yet; a name that is written is a fault. */
export async function openS3Upload(room: S3Room, { name, imageId }: S3Target): Promise<S3Upload> {
  const { bucket } = room.options;
  const giveUp = new AbortController();
  const hangUp = new AbortController();
  const client = room.clients.client(hangUp.signal);
  const onTheirWay = new Set<Promise<void>>();
  const uploadId = await inBucket(room, () => startWhereNothingIs(room, name));
  const etags = new Map<number, string>();
  const askingHere = <T>(doing: string, ask: () => Promise<T>): Promise<T> => asking(doing, ask, { signal: giveUp.signal });
  let mayBeVisible = false;

  /** Whether the key was removed meanwhile. The list of open uploads is asked, and not only whether S3 takes the next part: some
   *  servers (versitygw 1.8) take parts and even complete an upload that was ended while a part of it was arriving. */
  const refuseRemoved = async (): Promise<void> => {
    if (!(await openUploadsAt(room, name)).includes(uploadId)) throw new Problem('AttemptOver', { imageId });
  };
  async function send(part: number, headers: Record<string, string>, bytes?: Buffer): Promise<void> {
    const target = { bucketName: bucket, objectName: name, uploadID: uploadId, partNumber: part };
    try {
      const { etag } = await askingHere('send a part', () => client.uploadPart({ ...target, headers: { ...headers } }, bytes));
      if (!etag) throw new S3Failure('InternalError', undefined, 'send a part');
      etags.set(part, etag);
    } catch (error) {
      if (!giveUp.signal.aborted && error instanceof S3Failure && (error.statusCode ?? 0) >= 500) await refuseRemoved();
      throw error;
    }
  }
  async function makeVisible(work: () => Promise<void>): Promise<void> {
    mayBeVisible = true;
    try {
      await work();
    } catch (error) {
      await deleteAt(room, name, 1).catch(() => {});
      throw error;
    }
  }

  const counted = (sending: Promise<void>): Promise<void> => {
    const one = sending.finally(() => onTheirWay.delete(one));
    onTheirWay.add(one);
    return one;
  };

  return {
    sendPart: (part, bytes) => counted(send(part, {}, bytes)),
    copyPart: (part, source) => counted(send(part, {
      'x-amz-copy-source': `/${source.bucket}/${source.name}`, 'x-amz-copy-source-range': `bytes=${source.start}-${source.end}`,
    })),
    complete: () => refuseRemoved().then(() => makeVisible(async () => {
      // Nothing was made visible before: what may lie here by now is somebody else's who took this over, and stays.
      const parts = [...etags].sort(([a], [b]) => a - b).map(([part, etag]) => ({ part, etag }));
      try {
        await askingHere('complete an upload', () => client.completeMultipartUpload(bucket, name, uploadId, parts));
      } catch (error) {
        // An answer that was lost: the repetition finds the upload complete already. Else somebody removed it.
        const isComplete = saysS3(error, 'NoSuchUpload') && await sizeAt(room, name) !== undefined;
        if (!isComplete) throw error;
      }
    })),
    completeWith: (bytes) => makeVisible(async () => {
      await askingHere('send data', () => client.putObject(bucket, name, bytes, bytes.byteLength, {}));
      // The open upload stands for the attempt: who removed the key meanwhile has ended it.
      await refuseRemoved();
      await abortUpload(room, name, uploadId);
    }),
    async discard() {
      giveUp.abort();
      // A part that arrives after the end of its upload may stay for ever, so those on their way are let in first.
      await Promise.race([Promise.allSettled(onTheirWay), delay(patienceMs, undefined, { signal: hangUp.signal }).catch(() => {})]);
      hangUp.abort();
      await abortUpload(room, name, uploadId, 1).catch(() => {});
      if (mayBeVisible) await deleteAt(room, name, 1).catch(() => {});
    },
  };
}

async function startWhereNothingIs(room: S3Room, name: string): Promise<string> {
  const [sizeBytes, uploadIds] = await Promise.all([sizeAt(room, name), openUploadsAt(room, name)]);
  if (sizeBytes !== undefined || uploadIds.length > 0) throw new Error(`The key ${name} is written already.`);
  return asking('begin an upload', () => room.client.initiateNewMultipartUpload(room.options.bucket, name, { 'content-type': 'application/octet-stream' }));
}
