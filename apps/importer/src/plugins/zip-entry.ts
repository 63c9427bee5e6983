import { crc32, createInflateRaw, type InflateRaw } from 'node:zlib';

/** What is wrong with an archive, in words for its owner. */
export class BadArchive extends Error {}

const entrySignature = 0x02014b50;
const localHeaderBytes = 30;
/** What follows the data: a descriptor, one entry of the directory, its end. Names, extra fields and comments are what makes it long. */
const mostTrailerBytes = 5 * 64 * 1024;

/**
 * The one file in a zip archive, as the archive goes by: local header, data, directory. Refuses, with BadArchive, more files than one, what is
 * encrypted or packed in another way than deflate, and data that is not what the directory says. Source: APPNOTE.TXT 6.3, sections 4.3 to 4.5.
 */
export async function* zipEntry(archive: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const input = startReading(archive);
  const { method, packedBytes } = await localHeader(input);
  let crc = 0;
  let sizeBytes = 0;
  const data = method === 0 ? input.take(packedBytes) : inflated(input);
  for await (const chunk of data) {
    crc = crc32(chunk, crc);
    sizeBytes += chunk.byteLength;
    yield chunk;
  }
  checkDirectory(await trailerOf(input), crc, sizeBytes);
}

interface Input {
  /** Exactly so many bytes, or BadArchive. */
  exactly(bytes: number): Promise<Buffer>;
  take(bytes: number): AsyncGenerator<Uint8Array, void, undefined>;
  chunks(): AsyncGenerator<Uint8Array, void, undefined>;
  /** Puts back what was read too much. */
  unread(chunk: Uint8Array): void;
}

function startReading(archive: AsyncIterator<Uint8Array>): Input {
  let held: Uint8Array = Buffer.alloc(0);
  async function next(): Promise<Uint8Array | undefined> {
    if (held.byteLength > 0) {
      const chunk = held;
      held = Buffer.alloc(0);
      return chunk;
    }
    const { done, value } = await archive.next();
    return done === true ? undefined : value;
  }
  async function* take(bytes: number): AsyncGenerator<Uint8Array, void, undefined> {
    for (let left = bytes; left > 0;) {
      const chunk = await next();
      if (!chunk) throw new BadArchive('it ends in the middle');
      const part = chunk.subarray(0, left);
      held = chunk.subarray(part.byteLength);
      left -= part.byteLength;
      yield part;
    }
  }
  async function* chunks(): AsyncGenerator<Uint8Array, void, undefined> {
    for (let chunk = await next(); chunk; chunk = await next()) yield chunk;
  }
  return {
    take, chunks,
    unread(chunk) { held = chunk; },
    async exactly(bytes) {
      const parts: Uint8Array[] = [];
      for await (const part of take(bytes)) parts.push(Uint8Array.from(part));
      return Buffer.concat(parts);
    },
  };
}

async function localHeader(input: Input): Promise<{ method: number; packedBytes: number }> {
  const header = await input.exactly(localHeaderBytes);
  const [flags, method] = [header.readUInt16LE(6), header.readUInt16LE(8)];
  const extra = await input.exactly(header.readUInt16LE(26) + header.readUInt16LE(28));
  if ((flags & 1) !== 0) throw new BadArchive('it is encrypted');
  if (method !== 0 && method !== 8) throw new BadArchive(`it is packed by method ${method}; deflate is what can be unpacked here`);
  const isSizeKnown = (flags & 8) === 0;
  if (method === 0 && !isSizeKnown) throw new BadArchive('it does not say how large its file is');
  const packed = header.readUInt32LE(18);
  return { method, packedBytes: packed === 0xffffffff ? longSize(extra.subarray(header.readUInt16LE(26))) : packed };
}

/** In a local header, the extra field of ZIP64 has both sizes: the plain one, then the packed one. */
function longSize(extra: Buffer): number {
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) === 1 && at + 20 <= extra.length) return Number(extra.readBigUInt64LE(at + 12));
  }
  throw new BadArchive('it does not say how large its file is');
}

/** Unpacks up to the end of the packed data, which only the data itself tells; what was read beyond it is put back. */
async function* inflated(input: Input): AsyncGenerator<Uint8Array, void, undefined> {
  const inflate = createInflateRaw();
  const feeding = feed(input, inflate).catch((error: unknown) => { inflate.destroy(error as Error); });
  yield* inflate as AsyncIterable<Uint8Array>;
  await feeding;
}

async function feed(input: Input, inflate: InflateRaw): Promise<void> {
  let fedBytes = 0;
  for await (const chunk of input.chunks()) {
    // Its owner may use the chunk again, and the end of it may be needed later.
    const own = Uint8Array.from(chunk);
    fedBytes += own.byteLength;
    await new Promise<void>((resolve) => { inflate.write(own, () => { resolve(); }); });
    const excessBytes = fedBytes - inflate.bytesWritten;
    if (excessBytes > 0) return input.unread(own.subarray(own.byteLength - excessBytes));
  }
  inflate.end();
}

async function trailerOf(input: Input): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of input.chunks()) {
    bytes += chunk.byteLength;
    if (bytes > mostTrailerBytes) throw new BadArchive('it has more than one file in it');
    parts.push(Uint8Array.from(chunk));
  }
  return Buffer.concat(parts);
}

/** The directory must begin where the data and its descriptor end, name one file, and say of it what it turned out to be. */
function checkDirectory(trailer: Buffer, crc: number, sizeBytes: number): void {
  const at = [0, 12, 16, 20, 24].find((descriptorBytes) => trailer.length >= descriptorBytes + 46 && trailer.readUInt32LE(descriptorBytes) === entrySignature);
  if (at === undefined) throw new BadArchive(trailer.indexOf('PK\x03\x04') >= 0 ? 'it has more than one file in it' : 'it has no directory');
  const entryBytes = 46 + trailer.readUInt16LE(at + 28) + trailer.readUInt16LE(at + 30) + trailer.readUInt16LE(at + 32);
  const after = at + entryBytes;
  if (trailer.length < after + 4) throw new BadArchive('it ends in the middle');
  if (trailer.readUInt32LE(after) === entrySignature) throw new BadArchive('it has more than one file in it');
  if (trailer.readUInt32LE(at + 16) !== crc) throw new BadArchive('its file is damaged');
  const size = trailer.readUInt32LE(at + 24);
  if (size !== 0xffffffff && size !== sizeBytes) throw new BadArchive('its file is of another size than it says');
}
