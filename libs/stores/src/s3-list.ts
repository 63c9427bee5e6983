import { Problem } from '#libs/domain';
import { keyNamed, type DataKey } from './layout.js';
import { asking, saysS3, S3Failure } from './s3-errors.js';
import { openUploadsBelow, type S3Room } from './s3-room.js';
import type { StoredThing } from './store.js';

/** Everything in the bucket, a page of a thousand at a time, and then the uploads that are open: of these the server does not tell without a question
 *  for each how much has arrived, and they count as nothing. A bucket that is not there yet is empty. */
export async function* listBucket(room: S3Room): AsyncGenerator<StoredThing, void, undefined> {
  try {
    for await (const { name, size } of objectsBelow(room, '')) yield thing(room, name, size);
    for await (const { key } of openUploadsBelow(room, '')) yield thing(room, key, 0);
  } catch (error) {
    if (saysS3(error, 'NoSuchBucket') && room.options.createBucketOnPut) return;
    throw error instanceof S3Failure ? new Problem('StoreUnavailable', { storeId: room.storeId }, { cause: error }) : error;
  }
}

/** Every object whose name begins so, in the order of names. */
export async function* objectsBelow({ client, options }: S3Room, prefix: string): AsyncGenerator<{ readonly name: string; readonly size: number }, void, undefined> {
  for (let token = ''; ;) {
    const page = await asking('list the bucket', () => client.listObjectsV2Query(options.bucket, prefix, token, '', 1000, ''));
    for (const { name, size } of page.objects) if (name !== undefined) yield { name, size: size ?? 0 };
    if (!page.isTruncated || page.nextContinuationToken === token) return;
    token = page.nextContinuationToken;
  }
}

/** The same, where a bucket that is made when it is first needed may not be there yet. */
export async function* objectsBelowIfAny(room: S3Room, prefix: string): ReturnType<typeof objectsBelow> {
  try {
    yield* objectsBelow(room, prefix);
  } catch (error) {
    if (!saysS3(error, 'NoSuchBucket') || !room.options.createBucketOnPut) throw error;
  }
}

/** What lies below it is unfinished data: `.uploads/<imageId>.<attemptId>.<storeId>/…` (s3-unfinished.ts). */
export const uploadsPrefix = '.uploads/';

/** The key that unfinished data of this name belongs to. */
export function keyOfUnfinished(name: string): DataKey | undefined {
  const [folder = ''] = name.startsWith(uploadsPrefix) ? name.slice(uploadsPrefix.length).split('/') : [];
  return keyNamed(folder);
}

/** Whatever has no key of this store is not ours. */
function thing({ storeId }: S3Room, name: string, sizeBytes: number): StoredThing {
  const key = keyOfUnfinished(name) ?? (name.includes('/') ? keyNamed(name) : undefined);
  return { name, sizeBytes, ...(key?.storeId === storeId ? { key } : {}) };
}
