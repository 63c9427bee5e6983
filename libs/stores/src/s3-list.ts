import { Problem } from '#libs/domain';
import { keyNamed } from './layout.js';
import { asking, saysS3, S3Failure } from './s3-errors.js';
import { openUploadsBelow, type S3Room } from './s3-room.js';
import type { StoredThing } from './store.js';

/** Everything in the bucket, a page of a thousand at a time, and then the uploads that are open: of these the server does not tell without a question
 *  for each how much has arrived, and they count as nothing. A bucket that is not there yet is empty. */
export async function* listBucket(room: S3Room): AsyncGenerator<StoredThing, void, undefined> {
  try {
    for await (const { name, size } of objectsIn(room)) yield thing(room, name, size);
    for await (const { key } of openUploadsBelow(room, '')) yield thing(room, key, 0);
  } catch (error) {
    if (saysS3(error, 'NoSuchBucket') && room.options.createBucketOnPut) return;
    throw error instanceof S3Failure ? new Problem('StoreUnavailable', { storeId: room.storeId }, { cause: error }) : error;
  }
}

async function* objectsIn({ client, options }: S3Room): AsyncGenerator<{ readonly name: string; readonly size: number }, void, undefined> {
  for (let token = ''; ;) {
    const page = await asking('list the bucket', () => client.listObjectsV2Query(options.bucket, '', token, '', 1000, ''));
    for (const { name, size } of page.objects) if (name !== undefined) yield { name, size: size ?? 0 };
    if (!page.isTruncated || page.nextContinuationToken === token) return;
    token = page.nextContinuationToken;
  }
}

/** Whatever has no key of this store is not ours. */
function thing({ storeId }: S3Room, name: string, sizeBytes: number): StoredThing {
  const key = name.includes('/') ? keyNamed(name) : undefined;
  return { name, sizeBytes, ...(key?.storeId === storeId ? { key } : {}) };
}
