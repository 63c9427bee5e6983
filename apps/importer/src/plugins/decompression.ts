import { pipeline, Readable, type Duplex } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { Problem } from '#libs/domain';
import { hashHere, type ByteSource } from '#libs/stores';
import type { Plugin, PluginContext, Prepared } from './prepare.js';
import { unpackedBy } from './unpacking-program.js';
import { BadArchive, zipEntry } from './zip-entry.js';

export interface DecompressionOptions {
  /** How many bytes may come of one. */
  readonly mostTimes: number;
}

interface Compression { readonly name: string; readonly at: number; readonly magic: readonly number[]; readonly opens?: (bytes: AsyncGenerator<Uint8Array>) => AsyncIterable<Uint8Array> }

/** What compressed data begins with. What is recognised and cannot be opened is refused: the operator wants nothing compressed. */
const compressions: readonly Compression[] = [
  { name: 'gzip', at: 0, magic: [0x1f, 0x8b, 0x08], opens: (bytes) => through(bytes, createGunzip()) },
  { name: 'zip', at: 0, magic: [0x50, 0x4b, 0x03, 0x04], opens: (bytes) => zipEntry(bytes) },
  { name: 'zstd', at: 0, magic: [0x28, 0xb5, 0x2f, 0xfd], opens: (bytes) => through(bytes, createZstdDecompress()) },
  { name: 'xz', at: 0, magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], opens: (bytes) => unpackedBy('xz', ['--decompress', '--stdout', '--threads=1'], owned(bytes)) },
  { name: 'bzip2', at: 0, magic: [0x42, 0x5a, 0x68], opens: (bytes) => unpackedBy('bzip2', ['--decompress', '--stdout'], owned(bytes)) },
  { name: 'lha', at: 2, magic: [0x2d, 0x6c, 0x68] },
];
const openable = compressions.filter(({ opens }) => opens).map(({ name }) => name).join(', ');
const longestMagic = 6;
/** So much may come of very little: empty disks are small. */
const freeBytes = 64 * 1024 * 1024;

/**
 * The plugin image_decompression: what comes compressed is stored as what it is, unless the image is to be kept compressed. In one pass, no file.
 * A bomb ends at the size that an image may have, or where too much comes of too little. Refuses: DataNotDecompressed, HashMismatch, SizeMismatch;
 * ImageTooLarge comes from whoever takes the bytes. Source: glance: plugins/image_decompression.py, whose zip archives have one file, too.
 */
export const imageDecompression = ({ mostTimes }: DecompressionOptions): Plugin => async (prepared, context) => {
  if (prepared.claim.containerFormat === 'compressed') return prepared;
  const { head, bytes } = await peek(prepared.bytes, longestMagic);
  const compression = compressions.find(({ at, magic }) => magic.every((byte, index) => head[at + index] === byte));
  if (!compression) return { ...prepared, bytes };
  const { name, opens } = compression;
  const refusal = (reason: string, cause?: unknown): Problem => new Problem('DataNotDecompressed', { imageId: context.imageId, reason }, cause === undefined ? {} : { cause });
  if (!opens) throw refusal(`${name} is not understood here; ${openable} are`);
  const counted = { bytes: 0 };
  const done: Prepared['done'][number][] = [...prepared.done];
  const came = checked(bytes, prepared, counted, context);
  return {
    claim: prepared.claim, done,
    bytes: whole(bounded(opens(came), counted, mostTimes, refusal), refusal, () => { done.push({ step: 'decompressed', compression: name, compressedSizeBytes: counted.bytes }); }),
  };
};

async function peek(source: ByteSource, bytes: number): Promise<{ head: Buffer; bytes: AsyncGenerator<Uint8Array> }> {
  const chunks = (source as AsyncIterable<Uint8Array>)[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  let isOver = false;
  while (head.length < bytes && !isOver) {
    const { done, value } = await chunks.next();
    if (done === true) isOver = true;
    // A store reads into the same buffers again.
    else head = Buffer.concat([head, value]);
  }
  async function* again(): AsyncGenerator<Uint8Array> {
    if (head.length > 0) yield head;
    for (let next = await chunks.next(); next.done !== true; next = await chunks.next()) yield next.value;
  }
  return { head, bytes: again() };
}

/** The bytes as they came, against what is known of them: that nobody else can check any more. */
async function* checked(bytes: AsyncIterable<Uint8Array>, { declaredSizeBytes, expectedHash }: Prepared, counted: { bytes: number }, { imageId, limitBytes }: PluginContext): AsyncGenerator<Uint8Array> {
  const hash = expectedHash && hashHere(expectedHash.algo);
  for await (const chunk of bytes) {
    counted.bytes += chunk.byteLength;
    if (counted.bytes > limitBytes) throw new Problem('ImageTooLarge', { limitBytes });
    hash?.update(chunk);
    yield chunk;
  }
  if (declaredSizeBytes !== undefined && declaredSizeBytes !== counted.bytes) throw new Problem('SizeMismatch', { declaredBytes: declaredSizeBytes, receivedBytes: counted.bytes });
  if (hash && hash.digest('hex') !== expectedHash.value) throw new Problem('HashMismatch', { imageId });
}

/** What goes wrong on either side is thrown where the result is read. */
async function* through(bytes: AsyncIterable<Uint8Array>, transform: Duplex): AsyncGenerator<Uint8Array, void, undefined> {
  let failure: unknown;
  pipeline(Readable.from(owned(bytes), { objectMode: false }), transform, (error) => { failure = error; });
  for await (const chunk of transform as AsyncIterable<Uint8Array>) yield chunk;
  if (failure) throw failure as Error;
}

/** A stream keeps what it was given until it has used it, and a store's reader uses its buffers again. */
async function* owned(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of bytes) yield Uint8Array.from(chunk);
}

async function* bounded(bytes: AsyncIterable<Uint8Array>, counted: { readonly bytes: number }, mostTimes: number, refusal: (reason: string) => Problem): AsyncGenerator<Uint8Array> {
  let madeBytes = 0;
  for await (const chunk of bytes) {
    madeBytes += chunk.byteLength;
    if (madeBytes > freeBytes + counted.bytes * mostTimes) throw refusal(`more than ${mostTimes} times its size comes of it`);
    yield chunk;
  }
}

/** Says what the decompressor says in words of ours; what was wrong before it passes through. */
async function* whole(bytes: AsyncIterable<Uint8Array>, refusal: (reason: string, cause: unknown) => Problem, onEnd: () => void): AsyncGenerator<Uint8Array> {
  try {
    yield* bytes;
  } catch (error) {
    if (error instanceof BadArchive) throw refusal(error.message, error);
    throw isOfZlib(error) ? refusal(`it is damaged (${(error as Error).message})`, error) : error;
  }
  onEnd();
}

const isOfZlib = (error: unknown): boolean => /^(Z_|ZSTD_|ERR_ZLIB|ERR_BUFFER_TOO_LARGE)/.test(String((error as { code?: unknown } | undefined)?.code ?? ''));
