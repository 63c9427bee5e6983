import { open } from 'node:fs/promises';
import type { ByteRange, StoreReader } from '#libs/stores';

/** Opens the bytes where they lie anyway, or a part of them. Refuses what the stores refuse. */
export type OpenOrigin = (range?: ByteRange) => Promise<StoreReader>;

/** A file that is written once and read by many while it grows. */
export interface GrowingFile {
  arrivedBytes(): number;
  write(chunk: Uint8Array): Promise<void>;
  /** Makes what has arrived survive a power failure. */
  sync(): Promise<void>;
  /** Nothing more will come. The file is closed when its last reader is. */
  end(): Promise<void>;
  /** Reads what has arrived and what arrives; where the file ends before, the rest comes from where it lies. Undefined once nothing more comes. */
  reader(range: ByteRange, sizeBytes: number, openRest: OpenOrigin): StoreReader | undefined;
}

const bufferBytes = 256 * 1024;

/** Makes a new file. Fails where there is one of that name. */
export async function growingFile(path: string): Promise<GrowingFile> {
  const file = await open(path, 'wx+', 0o640);
  let arrived = 0;
  let readers = 0;
  let isOver = false;
  let wake = (): void => {};
  let growth = new Promise<void>((resolve) => { wake = resolve; });
  const grown = (): void => {
    wake();
    growth = new Promise((resolve) => { wake = resolve; });
  };
  const closeUnused = async (): Promise<void> => { if (isOver && readers === 0) await file.close(); };

  async function* arrivedPart({ start, end }: ByteRange): AsyncGenerator<Uint8Array, void, undefined> {
    const buffers = [0, 1].map(() => new Uint8Array(Math.min(bufferBytes, end + 1 - start)));
    for (let position = start, turn = 0; position <= end; turn += 1) {
      while (arrived <= position && !isOver) await growth;
      const length = Math.min(bufferBytes, end + 1 - position, arrived - position);
      if (length <= 0) return;
      const buffer = buffers[turn % 2] as Uint8Array;
      const { bytesRead } = await file.read(buffer, 0, length, position);
      if (bytesRead === 0) throw new Error(`${path} became shorter while it was read.`);
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }

  return {
    arrivedBytes: () => arrived,
    async write(chunk) {
      for (let written = 0; written < chunk.byteLength;) {
        const { bytesWritten } = await file.write(chunk, written, chunk.byteLength - written, arrived);
        written += bytesWritten;
        arrived += bytesWritten;
      }
      grown();
    },
    sync: () => file.datasync(),
    async end() {
      if (isOver) return;
      isOver = true;
      grown();
      await closeUnused();
    },
    reader(range, sizeBytes, openRest) {
      if (isOver) return undefined;
      readers += 1;
      let rest: StoreReader | undefined;
      let isClosed = false;
      return {
        sizeBytes, lengthBytes: range.end + 1 - range.start,
        async* [Symbol.asyncIterator]() {
          let position = range.start;
          for await (const chunk of arrivedPart(range)) {
            position += chunk.byteLength;
            yield chunk;
          }
          if (position > range.end || isClosed) return;
          rest = await openRest({ start: position, end: range.end });
          yield* rest;
        },
        async close() {
          if (isClosed) return;
          isClosed = true;
          readers -= 1;
          await rest?.close();
          await closeUnused();
        },
      };
    },
  };
}
