import { randomBytes } from 'node:crypto';
import { text } from 'node:stream/consumers';
import { Problem } from '#libs/domain';
import { checkedPart, flatKeyOf, keyOf, type DataKey } from './layout.js';
import { asking, saysS3, speakingForS3 } from './s3-errors.js';
import { keyOfUnfinished, objectsBelow, objectsBelowIfAny, uploadsPrefix } from './s3-list.js';
import { abortUpload, deleteAt, endUploadsAt, inBucket, openUploadsBelow, sizeAt, targetOf, type S3Room } from './s3-room.js';
import { bytesOf, composeSegments, readSegments, segmentsBelow, segmentWriter } from './s3-segments.js';
import { startS3Writer } from './s3-writer.js';
import type { PartWriter, StoreWriter, UnfinishedData } from './store.js';

/**
 * Unfinished data in a bucket, beside what the store holds:
 *
 *   .uploads/<imageId>.<attemptId>.<storeId>/
 *     note, touched              what goes with it, and when somebody last needed it
 *     <part>/writer              who may write to the part
 *     <part>/<offset>-<writer>   a segment: bytes of the part from there on
 *
 * A segment counts as soon as it is complete, which `keep` sees to, and a few chunks of an object in between; what a process has begun when it dies is as if it had
 * never come. Sealed, the segments are put together by the server where it can do that; else they pass through here once more.
 */
export function unfinishedObjects(room: S3Room): UnfinishedData {
  const folderOf = (key: DataKey): string => `${uploadsPrefix}${flatKeyOf(key)}/`;
  const noteOf = (key: DataKey): string => `${folderOf(key)}note`;
  const touchedOf = (key: DataKey): string => `${folderOf(key)}touched`;
  const partOf = (key: DataKey, part: string): string => `${folderOf(key)}${checkedPart(part)}/`;
  const speaking = <T>({ imageId }: DataKey, work: () => Promise<T>): Promise<T> => speakingForS3({ storeId: room.storeId, imageId }, work);

  /** Whoever wrote to the part before, in whatever process, writes no more: his place is another's, and what he had open is over. */
  async function takeOver(folder: string): Promise<{ readonly writerId: string; isOurs(): Promise<boolean> }> {
    const writerId = randomBytes(4).toString('hex');
    await putText(room, `${folder}writer`, writerId);
    for await (const { key, uploadId } of openUploadsBelow(room, folder)) await abortUpload(room, key, uploadId);
    return { writerId, isOurs: async () => await textAt(room, `${folder}writer`) === writerId };
  }

  return {
    note: (key, note) => speaking(key, () => putText(room, noteOf(key), note)),
    noted: (key) => speaking(key, () => textAt(room, noteOf(key))),
    partsOf: (key) => speaking(key, async () => {
      const folder = folderOf(key);
      const parts = new Set<string>();
      for await (const { name } of objectsBelowIfAny(room, folder)) {
        const [part = '', ...rest] = name.slice(folder.length).split('/');
        if (rest.length > 0) parts.add(part);
      }
      return new Map(await Promise.all([...parts].map(async (part): Promise<[string, number]> => [part, bytesOf(await segmentsBelow(room, partOf(key, part)))])));
    }),
    append: (key, part, { at, isUnverified = false }) => speaking(key, async () => {
      const folder = partOf(key, part);
      if (await sizeAt(room, noteOf(key)) === undefined) throw new Problem('ImageDataNotFound', { imageId: key.imageId });
      const place = await takeOver(folder);
      const sizeBytes = bytesOf(await segmentsBelow(room, folder));
      if (sizeBytes !== at) throw new Error(`${folder} has ${sizeBytes} bytes and cannot be appended to at ${at}.`);
      return spoken(segmentWriter(room, { name: folder, imageId: key.imageId }, { at, isUnverified, ...place }), (work) => speaking(key, work));
    }),
    read: (key, part) => speaking(key, async () => readSegments(room, key.imageId, await segmentsBelow(room, partOf(key, part)))),
    rewrite: (key, part) => speaking(key, async () => {
      checkedPart(part);
      await endUploadsAt(room, keyOf(key));
      return startS3Writer(room, targetOf(key), undefined, { alwaysInParts: true });
    }),
    seal: (key, part) => speaking(key, async () => {
      const folder = partOf(key, part);
      if (await sizeAt(room, `${folder}writer`) === undefined) throw new Problem('ImageDataNotFound', { imageId: key.imageId });
      await takeOver(folder);
      // What somebody left open who was sealing it when he died.
      await endUploadsAt(room, keyOf(key));
      const segments = await segmentsBelow(room, folder);
      const writer = await composeSegments(room, targetOf(key), segments) ?? await startS3Writer(room, targetOf(key), bytesOf(segments), { alwaysInParts: true });
      return speakingWriter(writer, (work) => speaking(key, work));
    }),
    removePart: (key, part) => speaking(key, () => deleteBelow(room, partOf(key, part))),
    forget: (key) => speaking(key, async () => {
      // The note last: as long as it is there, somebody goes on with this.
      await deleteBelow(room, folderOf(key), noteOf(key));
      await deleteAt(room, noteOf(key));
    }),
    touchedAt: (key) => speaking(key, async () => {
      const touchedAt = await textAt(room, touchedOf(key));
      return touchedAt === undefined ? notedAt(room, noteOf(key)) : new Date(touchedAt);
    }),
    touch: (key, at) => speaking(key, async () => {
      if (await sizeAt(room, noteOf(key)) !== undefined) await putText(room, touchedOf(key), at.toISOString());
    }),
    async keys() {
      const keys = new Map<string, DataKey>();
      for await (const { name } of objectsBelowIfAny(room, uploadsPrefix)) {
        const key = keyOfUnfinished(name);
        if (key) keys.set(flatKeyOf(key), key);
      }
      return [...keys.values()];
    },
  };
}

/** A part whose writer was ended by another is not over: its upload goes on elsewhere. */
function spoken(writer: PartWriter & Pick<StoreWriter, 'cancel'>, speaking: <T>(work: () => Promise<T>) => Promise<T>): PartWriter {
  let isOver = false;
  const paused = <T>(work: () => Promise<T>): Promise<T> => speaking(work).catch((error: unknown) => {
    throw error instanceof Problem && error.code === 'AttemptOver' ? new Problem('UploadPaused', {}, { cause: error }) : error;
  });
  return {
    write: (chunk) => paused(() => writer.write(chunk)),
    keep: () => paused(async () => {
      isOver = true;
      try {
        return await writer.keep();
      } catch (error) {
        await writer.cancel();
        throw error;
      }
    }),
    undo: () => paused(async () => {
      if (isOver) return;
      isOver = true;
      await writer.undo();
    }),
  };
}

const speakingWriter = (writer: StoreWriter, speaking: (work: () => Promise<void>) => Promise<void>): StoreWriter => ({
  write: (chunk) => speaking(() => writer.write(chunk)), commit: () => speaking(() => writer.commit()), cancel: () => writer.cancel(),
});

async function putText(room: S3Room, name: string, written: string): Promise<void> {
  const bytes = Buffer.from(written);
  await inBucket(room, () => asking('write a note', () => room.client.putObject(room.options.bucket, name, bytes, bytes.byteLength, {})));
}

/** Undefined where there is none, or no bucket yet. */
async function textAt(room: S3Room, name: string): Promise<string | undefined> {
  try {
    return await asking('read a note', async () => text(await room.client.getObject(room.options.bucket, name)));
  } catch (error) {
    if (isNothing(room, error)) return undefined;
    throw error;
  }
}

async function notedAt(room: S3Room, name: string): Promise<Date | undefined> {
  try {
    return (await asking('look at a note', () => room.client.statObject(room.options.bucket, name))).lastModified;
  } catch (error) {
    if (isNothing(room, error)) return undefined;
    throw error;
  }
}

const isNothing = ({ options }: S3Room, error: unknown): boolean => saysS3(error, 'NoSuchKey', 'NotFound') || (options.createBucketOnPut && saysS3(error, 'NoSuchBucket'));

async function deleteBelow(room: S3Room, folder: string, except?: string): Promise<void> {
  // Uploads first: one that completes in between has made an object that is deleted next.
  for await (const { key, uploadId } of openUploadsBelow(room, folder)) await abortUpload(room, key, uploadId);
  for await (const { name } of objectsBelow(room, folder)) if (name !== except) await deleteAt(room, name);
}
