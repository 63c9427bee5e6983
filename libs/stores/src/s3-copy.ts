import { keyOf, type DataKey } from './layout.js';
import { S3Failure, speakingForS3 } from './s3-errors.js';
import { sizeOfData, targetOf, type S3Room } from './s3-room.js';
import { mostParts, openS3Upload, type S3Upload } from './s3-upload.js';
import { partsOnTheirWay } from './s3-writer.js';
import type { StoreWriter } from './store.js';

const mib = 1024 * 1024;
/** Small enough that progress can be seen and that a server answers in time; S3 itself takes up to 5 GiB at once. */
const copyPartBytes = 128 * mib;

export interface S3CopySource { readonly room: S3Room; readonly key: DataKey }

/** Only one server, asked with one access key, can be trusted to read the one bucket and write the other. */
export const canCopy = (from: S3Room, to: S3Room): boolean =>
  from.options.endpoint.origin === to.options.endpoint.origin && from.options.accessKey === to.options.accessKey;

/** Lets the server copy another store's data into an upload that is still invisible; undefined where it does not do such a thing. */
export async function startS3Copy(room: S3Room, key: DataKey, source: S3CopySource, onProgress: (copiedBytes: number) => void, signal?: AbortSignal): Promise<StoreWriter | undefined> {
  const params = { storeId: room.storeId, imageId: key.imageId };
  const name = keyOf(source.key);
  const sizeBytes = await speakingForS3({ ...params, storeId: source.room.storeId }, () => sizeOfData(source.room, name));
  const upload = await speakingForS3(params, () => openS3Upload(room, targetOf(key)));
  try {
    await speakingForS3(params, () => copyParts(room, upload, { bucket: source.room.options.bucket, name, sizeBytes }, onProgress, signal));
    return copiedWriter(params, upload, sizeBytes);
  } catch (error) {
    await upload.discard();
    if (isRefusedCopy(error)) return undefined;
    throw error;
  }
}

async function copyParts(room: S3Room, upload: S3Upload, source: { bucket: string; name: string; sizeBytes: number }, onProgress: (copiedBytes: number) => void, signal?: AbortSignal): Promise<void> {
  const partBytes = Math.max(copyPartBytes, Math.ceil(source.sizeBytes / mostParts / mib) * mib);
  const copying = partsOnTheirWay(room);
  let copiedBytes = 0;
  for (let start = 0, part = 1; start < source.sizeBytes; start += partBytes, part += 1) {
    signal?.throwIfAborted();
    const range = { start, end: Math.min(start + partBytes, source.sizeBytes) - 1 };
    const number = part;
    await copying.add(0, async () => {
      await upload.copyPart(number, { bucket: source.bucket, name: source.name, ...range });
      copiedBytes += range.end - range.start + 1;
      onProgress(copiedBytes);
    });
  }
  await copying.end();
}

function copiedWriter(params: { storeId: string; imageId: string }, upload: S3Upload, sizeBytes: number): StoreWriter {
  let isOver = false;
  const refuseOver = (): void => { if (isOver) throw new Error('This writer is over.'); };
  return {
    async write() {
      refuseOver();
      throw new Error('The bytes of a copy are there already.');
    },
    async commit() {
      refuseOver();
      await speakingForS3(params, () => (sizeBytes === 0 ? upload.completeWith(Buffer.alloc(0)) : upload.complete()));
      isOver = true;
    },
    async cancel() {
      if (isOver) return;
      isOver = true;
      await upload.discard();
    },
  };
}

/** The server cannot copy, or this key may not: then the bytes go through us. */
export const isRefusedCopy = (error: unknown): boolean => {
  const failure = error instanceof Error && error.cause ? error.cause : error;
  return failure instanceof S3Failure && ['NotImplemented', 'MethodNotAllowed', 'AccessDenied'].includes(failure.code);
};
