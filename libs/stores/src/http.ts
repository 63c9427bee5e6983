/**
 * Data that lies where a location says, on somebody else's web server: read, never written, and never removed. A key here carries the URI;
 * no store chooses it, so there is nothing to list, to sweep or to give back. Whatever is read passes the operator's filter again, and the
 * connection goes to an address that was judged. Source: glance_store's http driver; DESIGN.md section 4, promise 7.
 */
import { Problem } from '#libs/domain';
import { openPart, type Part, type Reach } from '#libs/download';
import { extentOf } from './byte-range.js';
import { keyOf, type DataKey } from './layout.js';
import type { ByteRange, Store, StoreReader } from './store.js';

const timeoutMs = 30_000;

export function httpStore(id: string, reach: Reach): Store {
  const refuse = (): never => { throw new Problem('StoreUnavailable', { storeId: id }); };

  async function open(key: DataKey, start: number): Promise<Part> {
    keyOf(key);
    if (key.uri === undefined) throw new Problem('ImageDataNotFound', { imageId: key.imageId, storeId: id });
    try {
      return await openPart(key.uri, start, { ...reach, timeoutMs });
    } catch (error) {
      throw refusalOf(error, key);
    }
  }

  return {
    id, kind: 'http', isReadOnly: true,
    async create(key) {
      keyOf(key);
      return refuse();
    },
    async read(key, range) {
      if (range) extentOf(range, Number.MAX_SAFE_INTEGER);
      const part = await open(key, range?.start ?? 0);
      try {
        return reader(key, part, range);
      } catch (error) {
        part.close();
        throw error;
      }
    },
    async sizeOf(key) {
      const part = await open(key, 0);
      part.close();
      return part.sizeBytes;
    },
    async remove(key) {
      // What is somebody else's stays where it is; the image just does not refer to it any more.
      keyOf(key);
    },
    check: async () => {},
  };
}

function reader(key: DataKey, part: Part, range: ByteRange | undefined): StoreReader {
  const { lengthBytes } = extentOf(range, part.sizeBytes);
  return {
    sizeBytes: part.sizeBytes,
    lengthBytes,
    async* [Symbol.asyncIterator]() {
      let left = lengthBytes;
      if (left === 0) return;
      try {
        for await (const chunk of part.bytes) {
          const wanted = chunk.subarray(0, left);
          left -= wanted.byteLength;
          yield wanted;
          if (left === 0) return;
        }
      } catch (error) {
        throw refusalOf(error, key);
      }
    },
    async close() { part.close(); },
  };
}

const goneStatuses: readonly unknown[] = [404, 410];

/** What went wrong on the way says nothing to who asked for an image; where it lies is the operator's and the owner's to know. */
function refusalOf(error: unknown, { imageId, storeId }: DataKey): unknown {
  if (!(error instanceof Problem) || error.code === 'RangeNotSatisfiable') return error;
  if (error.code === 'DownloadFailed' && goneStatuses.includes(error.params['status'])) return new Problem('ImageDataNotFound', { imageId, storeId }, { cause: error });
  return new Problem('StoreUnavailable', { storeId }, { cause: error });
}
