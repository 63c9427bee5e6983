/**
 * A store in a bucket of an S3 server. What an operator sees who looks into the bucket:
 *
 *   <imageId>/<attemptId>/<storeId>       one object per transfer, as in every store (layout.ts); complete, or not there
 *   open multipart uploads of that name   a transfer that is on its way, or one whose process died: gone with its key
 *   .uploads/…                            of a staging area: data that arrives in several requests (s3-unfinished.ts)
 *
 * Nothing else is kept there: no index, no metadata on objects, no image's data that is ever rewritten. So a bucket can be listed,
 * copied and restored with any tool. It must not keep versions of deleted objects, or their room never comes back, and it
 * may end open uploads after some days by a lifecycle rule, which no transfer of this service outlives.
 *
 * Every transfer opens a multipart upload first, also the small ones that then go in one request: it is the mark by which
 * `remove`, in whatever process, ends a writer that still sleeps somewhere.
 *
 * The key needs: s3:GetObject, s3:PutObject, s3:DeleteObject, s3:AbortMultipartUpload, s3:ListBucket and
 * s3:ListBucketMultipartUploads. Credentials stay in this file's options: they are in no error, no event and no log line.
 */
import { Problem } from '#libs/domain';
import { keyOf } from './layout.js';
import { s3Clients } from './s3-client.js';
import { canCopy, startS3Copy } from './s3-copy.js';
import { S3Failure, speakingForS3 } from './s3-errors.js';
import { listBucket } from './s3-list.js';
import type { S3Options } from './s3-options.js';
import { openS3Reader } from './s3-reader.js';
import { deleteAt, endUploadsAt, needBucket, sizeOfData, spareMemory, targetOf, type S3Room } from './s3-room.js';
import { mostObjectBytes, startS3Writer } from './s3-writer.js';
import type { Store } from './store.js';
import { unfinishedObjects } from './s3-unfinished.js';

/** What all uploads into one store may hold in memory together, beyond the part that each fills and the one that each sends. */
const spareBytes = 256 * 1024 * 1024;

const checkMs = 1500;

/** The rooms behind stores, for copies between them; a store itself shows nothing of its options. */
const rooms = new WeakMap<Store, S3Room>();

/** A store in a bucket (glance: s3_store_*). Nothing is asked of the server before it is needed. */
export function s3Store(id: string, options: S3Options, { isReadOnly = false, takesParts = false } = {}): Store {
  const clients = s3Clients(options);
  const room: S3Room = { storeId: id, options, clients, client: clients.client(), spare: spareMemory(spareBytes) };
  const unfinished = takesParts && !isReadOnly ? unfinishedObjects(room) : undefined;
  const refuseWriting = (): void => { if (isReadOnly) throw new Problem('StoreUnavailable', { storeId: id }); };

  const store: Store = {
    id, kind: 's3', isReadOnly,
    async create(key, { declaredSizeBytes } = {}) {
      keyOf(key);
      refuseWriting();
      if ((declaredSizeBytes ?? 0) > mostObjectBytes) throw new Problem('StoreFull', { storeId: id });
      return speakingForS3({ storeId: id, imageId: key.imageId }, () => startS3Writer(room, targetOf(key), declaredSizeBytes));
    },
    async read(key, range) {
      keyOf(key);
      return speakingForS3({ storeId: id, imageId: key.imageId }, () => openS3Reader(room, targetOf(key), range));
    },
    async sizeOf(key) {
      const name = keyOf(key);
      return speakingForS3({ storeId: id, imageId: key.imageId }, () => sizeOfData(room, name));
    },
    async remove(key) {
      const name = keyOf(key);
      refuseWriting();
      await speakingForS3({ storeId: id, imageId: key.imageId }, async () => {
        await unfinished?.forget(key);
        // Uploads first: one that completes in between has made the object that is deleted next.
        await endUploadsAt(room, name);
        await deleteAt(room, name);
      });
    },
    async copyFrom(source, sourceKey, key, { onProgress = () => {}, signal } = {}) {
      keyOf(key);
      refuseWriting();
      const from = rooms.get(source);
      return from && canCopy(from, room) ? startS3Copy(room, key, { room: from, key: sourceKey }, onProgress, signal) : undefined;
    },
    ...(unfinished ? { unfinished } : {}),
    list: () => listBucket(room),
    check: () => checkBucket(room),
  };
  rooms.set(store, room);
  return store;
}

async function checkBucket(room: S3Room): Promise<void> {
  const { bucket, endpoint, createBucketOnPut } = room.options;
  try {
    // Whoever asks for health wants to know how it is now, not how it is after a few tries.
    await needBucket({ ...room, client: room.clients.client(AbortSignal.timeout(checkMs)) }, 1);
  } catch (error) {
    const code = error instanceof S3Failure ? error.code || `status ${error.statusCode}` : 'no answer';
    if (code === 'NoSuchBucket' && createBucketOnPut) return;
    throw new Error(`Store ${room.storeId}: bucket ${bucket} at ${endpoint.origin} cannot be used (${code}). Are host, bucket, keys and region right?`, { cause: error });
  }
}
