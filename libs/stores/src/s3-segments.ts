import { Problem } from '#libs/domain';
import { mostParts, openS3Upload } from './s3-upload.js';
import { objectsBelow } from './s3-list.js';
import { openS3Reader } from './s3-reader.js';
import type { S3Room, S3Target } from './s3-room.js';
import { isRefusedCopy } from './s3-copy.js';
import { partsOnTheirWay, startS3Writer } from './s3-writer.js';
import type { PartWriter, StoreReader, StoreWriter } from './store.js';

const mib = 1024 * 1024;

/** Some bytes of a part, from `offset` on, as one object: complete, or not there. */
export interface Segment {
  readonly name: string;
  readonly offset: number;
  readonly sizeBytes: number;
}

/** The segments that follow each other from the first byte on; what lies behind a gap does not count. */
export async function segmentsBelow(room: S3Room, folder: string): Promise<Segment[]> {
  const segments: Segment[] = [];
  let end = 0;
  for await (const { name, size } of objectsBelow(room, folder)) {
    const [, digits] = /^(\d{16})-/.exec(name.slice(folder.length)) ?? [];
    if (digits === undefined || Number(digits) !== end) continue;
    segments.push({ name, offset: end, sizeBytes: size });
    end += size;
  }
  return segments;
}

export const bytesOf = (segments: readonly Segment[]): number => segments.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);

/** Who may write to a part, and what he began with. */
export interface SegmentWriting {
  readonly at: number;
  readonly writerId: string;
  /** Whether nothing counts before all of it is kept. */
  readonly isUnverified: boolean;
  isOurs(): Promise<boolean>;
}

/** How often a writer asks whether another one has taken his place; before a segment counts, it is asked anyway. */
const askEveryMs = 1000;

/**
 * Writes the next segments of a part. A new one is begun after so many parts of an object, so that a process that dies takes little with it. Memory is that of one
 * writer of the store. The order of opening a segment and asking for the place, against taking the place and ending what is open, lets only one of two go on.
 */
export function segmentWriter(room: S3Room, { name: folder, imageId }: S3Target, { at, writerId, isUnverified, isOurs }: SegmentWriting): PartWriter & Pick<StoreWriter, 'cancel'> {
  const segmentBytes = isUnverified ? Infinity : room.options.chunkBytes * 4;
  const kept: string[] = [];
  let filling: { readonly name: string; readonly writer: StoreWriter; bytes: number } | undefined;
  let sizeBytes = at;
  let askedAt = performance.now();

  async function refuseOther(): Promise<void> {
    if (!await isOurs()) throw new Problem('UploadPaused');
    askedAt = performance.now();
  }
  async function begin(): Promise<NonNullable<typeof filling>> {
    const name = `${folder}${String(sizeBytes).padStart(16, '0')}-${writerId}`;
    filling = { name, writer: await startS3Writer(room, { name, imageId }, undefined), bytes: 0 };
    await refuseOther();
    return filling;
  }
  async function complete(): Promise<void> {
    if (!filling) return;
    await refuseOther();
    await filling.writer.commit();
    kept.push(filling.name);
    filling = undefined;
  }
  async function cancel(): Promise<void> {
    await filling?.writer.cancel();
    filling = undefined;
  }

  return {
    async write(chunk) {
      if (performance.now() - askedAt > askEveryMs) await refuseOther();
      for (let rest = chunk; rest.byteLength > 0;) {
        const { writer, bytes } = filling ?? await begin();
        const piece = rest.subarray(0, segmentBytes - bytes);
        await writer.write(piece);
        filling!.bytes += piece.byteLength;
        sizeBytes += piece.byteLength;
        rest = rest.subarray(piece.byteLength);
        if (filling!.bytes === segmentBytes) await complete();
      }
    },
    async keep() {
      if (filling) await complete();
      else await refuseOther();
      return sizeBytes;
    },
    cancel,
    async undo() {
      await cancel();
      if (await isOurs()) await Promise.all(kept.map((name) => room.client.removeObject(room.options.bucket, name)));
    },
  };
}

/** All segments in one row. */
export function readSegments(room: S3Room, imageId: string, segments: readonly Segment[]): StoreReader {
  const sizeBytes = bytesOf(segments);
  let reader: StoreReader | undefined;
  return {
    sizeBytes, lengthBytes: sizeBytes,
    async* [Symbol.asyncIterator]() {
      for (const { name } of segments) {
        reader = await openS3Reader(room, { name, imageId }, undefined);
        yield* reader;
        await reader.close();
      }
    },
    async close() { await reader?.close(); },
  };
}

const [leastPartBytes, mostPartBytes] = [5 * mib, 128 * mib];

/** Lets the server put segments together, into an upload that is still invisible: a writer that takes the bytes for what is written to it. Undefined where the
 *  server cannot: where a segment that is not the last one is smaller than S3 lets a part be, or where it copies nothing. */
export async function composeSegments(room: S3Room, target: S3Target, segments: readonly Segment[]): Promise<StoreWriter | undefined> {
  const pieces = segments.flatMap(piecesOf);
  if (pieces.length === 0 || pieces.length > mostParts || segments.slice(0, -1).some(({ sizeBytes }) => sizeBytes < leastPartBytes)) return undefined;
  const upload = await openS3Upload(room, target);
  try {
    const copying = partsOnTheirWay(room);
    for (const [index, piece] of pieces.entries()) await copying.add(0, () => upload.copyPart(index + 1, { bucket: room.options.bucket, ...piece }));
    await copying.end();
  } catch (error) {
    await upload.discard();
    if (isRefusedCopy(error)) return undefined;
    throw error;
  }
  let isOver = false;
  return {
    write: async () => undefined,
    async commit() {
      await upload.complete();
      isOver = true;
    },
    async cancel() {
      if (!isOver) await upload.discard();
      isOver = true;
    },
  };
}

/** Pieces of one size, so that none of them is too small. */
function piecesOf({ name, sizeBytes }: Segment): { name: string; start: number; end: number }[] {
  const pieceBytes = Math.ceil(sizeBytes / Math.ceil(sizeBytes / mostPartBytes));
  return Array.from({ length: Math.ceil(sizeBytes / pieceBytes) }, (_, index) => ({ name, start: index * pieceBytes, end: Math.min((index + 1) * pieceBytes, sizeBytes) - 1 }));
}
