import type { Client } from 'minio';
import type { S3Clients } from './s3-client.js';
import { asking, saysS3, S3Failure } from './s3-errors.js';
import { keyOf, type DataKey } from './layout.js';
import type { S3Options } from './s3-options.js';

/** What the parts of the S3 driver share. */
export interface S3Room {
  readonly storeId: string;
  readonly options: S3Options;
  readonly clients: S3Clients;
  readonly client: Client;
  /** What all transfers of the store may hold beyond one part on its way each. */
  readonly spare: SpareMemory;
}

/** One object, by its name in the bucket, and the image that refusals speak of. */
export interface S3Target { readonly name: string; readonly imageId: string }

export const targetOf = (key: DataKey): S3Target => ({ name: keyOf(key), imageId: key.imageId });

export interface SpareMemory {
  take(bytes: number): boolean;
  give(bytes: number): void;
}

export function spareMemory(limitBytes: number): SpareMemory {
  let leftBytes = limitBytes;
  return {
    take(bytes) {
      if (bytes > leftBytes) return false;
      leftBytes -= bytes;
      return true;
    },
    give(bytes) { leftBytes += bytes; },
  };
}

/** The size of what lies under the name; undefined where nothing does. */
export async function sizeAt({ client, options }: S3Room, name: string): Promise<number | undefined> {
  try {
    return (await asking('look at the data', () => client.statObject(options.bucket, name))).size;
  } catch (error) {
    if (saysS3(error, 'NotFound', 'NoSuchKey')) return undefined;
    throw error;
  }
}

/** The size of data that should be there. The answer to this question has no text that tells a missing object from a missing
 *  bucket, so the bucket is asked for too: data must not look lost because a bucket is away. Fails with NoSuchKey or NoSuchBucket. */
export async function sizeOfData(room: S3Room, name: string): Promise<number> {
  const sizeBytes = await sizeAt(room, name);
  if (sizeBytes !== undefined) return sizeBytes;
  await needBucket(room);
  throw new S3Failure('NoSuchKey', 404, 'look at the data');
}

/** Fails where the bucket is not there, or may not be used. */
export async function needBucket({ client, options }: S3Room, tries?: number): Promise<void> {
  const isThere = await asking('look for the bucket', () => client.bucketExists(options.bucket), tries === undefined ? {} : { tries });
  if (!isThere) throw new S3Failure('NoSuchBucket', 404, 'look for the bucket');
}

/** The uploads that are open under exactly this name; `prefix` alone would also find longer names. */
export async function openUploadsAt(room: S3Room, name: string): Promise<string[]> {
  const uploadIds: string[] = [];
  for await (const { key, uploadId } of openUploadsBelow(room, name)) if (key === name) uploadIds.push(uploadId);
  return uploadIds;
}

/** Ends every upload that is open under exactly this name. */
export async function endUploadsAt(room: S3Room, name: string): Promise<void> {
  for (const uploadId of await openUploadsAt(room, name)) await abortUpload(room, name, uploadId);
}

/** Every open upload whose name begins so. */
export async function* openUploadsBelow({ client, options }: S3Room, prefix: string): AsyncGenerator<{ readonly key: string; readonly uploadId: string }, void, undefined> {
  for (let [keyMarker, uploadIdMarker] = ['', '']; ;) {
    const page = await asking('list open uploads', () => client.listIncompleteUploadsQuery(options.bucket, prefix, keyMarker, uploadIdMarker, ''));
    yield* page.uploads;
    if (!page.isTruncated || page.nextKeyMarker === keyMarker) return;
    [keyMarker, uploadIdMarker] = [page.nextKeyMarker, page.nextUploadIdMarker];
  }
}

/** Ends an open upload and frees its parts; one that is over already is no fault. */
export async function abortUpload({ client, options }: S3Room, name: string, uploadId: string, tries = 4): Promise<void> {
  try {
    await asking('end an upload', () => client.abortMultipartUpload(options.bucket, name, uploadId), { tries });
  } catch (error) {
    if (!saysS3(error, 'NoSuchUpload', 'NoSuchKey')) throw error;
  }
}

/** Does what needs the bucket, which is made first where it is not there and may be made. */
export async function inBucket<T>({ client, options: { bucket, createBucketOnPut, regionName } }: S3Room, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!createBucketOnPut || !saysS3(error, 'NoSuchBucket')) throw error;
    await asking('create the bucket', () => client.makeBucket(bucket, regionName)).catch((failure: unknown) => {
      if (!saysS3(failure, 'BucketAlreadyOwnedByYou')) throw failure;
    });
    return work();
  }
}

/** Deletes what lies under the name, if anything does. */
export async function deleteAt({ client, options }: S3Room, name: string, tries = 4): Promise<void> {
  try {
    await asking('delete data', () => client.removeObject(options.bucket, name), { tries });
  } catch (error) {
    if (!saysS3(error, 'NoSuchKey', 'NotFound')) throw error;
  }
}
