import type { IncomingMessage } from 'node:http';
import { extentOf } from './byte-range.js';
import { asking, S3Failure, speakingForS3 } from './s3-errors.js';
import { sizeOfData, type S3Room, type S3Target } from './s3-room.js';
import type { ByteRange, StoreReader } from './store.js';

/** For how long the server may send nothing while the reader waits. */
const silenceMs = 30_000;
/** How often a reader goes on where a broken connection left it, without having got anything in between. */
const resumes = 3;

/** Opens one pass over the data, or over a part. The server sends as fast as the chunks are taken: nothing is read ahead but what
 *  the connection holds. A connection that breaks is opened again at the byte where it broke. */
export async function openS3Reader(room: S3Room, { name, imageId }: S3Target, range: ByteRange | undefined): Promise<StoreReader> {
  const params = { storeId: room.storeId, imageId };
  const sizeBytes = await sizeOfData(room, name);
  const { start, lengthBytes } = extentOf(range, sizeBytes);
  const end = start + lengthBytes;
  const stop = new AbortController();
  const client = room.clients.downloadClient(stop.signal);
  const open = (position: number): Promise<IncomingMessage> => asking('read data', async () => {
    const response = await client.getPartialObject(room.options.bucket, name, position, end - position) as IncomingMessage;
    if (Number(response.headers['content-length']) === end - position) return response;
    response.destroy();
    throw new S3Failure('InternalError', undefined, 'read the part that was asked for');
  }, { signal: stop.signal });

  let position = start;
  let incoming = lengthBytes === 0 ? undefined : chunksOf(await open(start));
  /** The next piece; nothing where the connection broke and is to be opened again. */
  async function next(resumesLeft: number): Promise<Buffer | undefined> {
    incoming ??= chunksOf(await open(position));
    try {
      return await asking('read data', incoming, { tries: 1 });
    } catch (error) {
      incoming = undefined;
      if (resumesLeft === 0 || stop.signal.aborted) throw error;
      return undefined;
    }
  }

  return {
    sizeBytes,
    lengthBytes,
    async* [Symbol.asyncIterator]() {
      let resumesLeft = resumes;
      while (position < end) {
        const chunk = await speakingForS3(params, () => next(resumesLeft));
        resumesLeft = chunk ? resumes : resumesLeft - 1;
        position += chunk?.byteLength ?? 0;
        if (chunk) yield chunk;
      }
      // Taken to its end, the connection can serve the next request.
      await incoming?.().catch(() => {});
    },
    async close() {
      if (position < end) stop.abort();
    },
  };
}

/** Gives the pieces of an answer one by one. Rejects when the connection breaks, ends too early, or says nothing for too long while somebody waits. */
function chunksOf(response: IncomingMessage): () => Promise<Buffer> {
  // A connection may also break while nobody waits; the next call tells it.
  response.on('error', () => {});
  const chunks = response.iterator() as NodeJS.AsyncIterator<Buffer, undefined>;
  return async () => {
    const timer = setTimeout(() => { response.destroy(Object.assign(new Error('S3 sent nothing'), { code: 'ETIMEDOUT' })); }, silenceMs);
    try {
      const { done, value } = await chunks.next();
      if (done === true) throw new S3Failure('ECONNRESET', undefined, 'read data to its end');
      return value;
    } finally {
      clearTimeout(timer);
    }
  };
}
