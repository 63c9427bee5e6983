import { open, type FileHandle } from 'node:fs/promises';
import { extentOf } from './byte-range.js';
import { takeBufferPair, type BufferPair } from './read-buffers.js';
import type { ByteRange, StoreReader } from './store.js';

/** Opens a file for one pass over it or over a part; only what is asked is read. */
export async function openFileReader(path: string, range: ByteRange | undefined): Promise<StoreReader> {
  const handle = await open(path, 'r');
  try {
    const { size } = await handle.stat();
    return fileReader(handle, path, size, extentOf(range, size));
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function fileReader(handle: FileHandle, path: string, sizeBytes: number, { start, lengthBytes }: { start: number; lengthBytes: number }): StoreReader {
  let pair: BufferPair | undefined;
  let isAtEnd = false;
  let isClosed = false;
  return {
    sizeBytes,
    lengthBytes,
    async* [Symbol.asyncIterator]() {
      pair = takeBufferPair(lengthBytes);
      const end = start + lengthBytes;
      for (let position = start, turn = 0; position < end; turn += 1) {
        const buffer = pair.buffers[turn % 2 === 0 ? 0 : 1];
        const { bytesRead } = await handle.read(buffer, 0, Math.min(buffer.byteLength, end - position), position);
        if (bytesRead === 0) throw new Error(`${path} ended after ${position} bytes; it had ${sizeBytes}.`);
        position += bytesRead;
        yield buffer.subarray(0, bytesRead);
      }
      isAtEnd = true;
    },
    async close() {
      if (isClosed) return;
      isClosed = true;
      if (isAtEnd) pair?.give();
      else pair?.abandon();
      await handle.close();
    },
  };
}
