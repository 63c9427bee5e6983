import { createHash, randomBytes } from 'node:crypto';
import { crc32, deflateRawSync, gzipSync, zstdCompressSync } from 'node:zlib';
import { aPluginContext, aPrepared, bytesOf } from '../../test/plugin-context.js';
import { imageDecompression } from './decompression.js';

const plugin = imageDecompression({ mostTimes: 20 });
const disk = randomBytes(300_000);

/** A zip archive as Python and Info-ZIP write it: with sizes in front, or behind the data. */
function zipOf(files: readonly Buffer[], options: { isStored?: boolean; hasDescriptor?: boolean } = {}): Buffer {
  const locals: Buffer[] = [];
  const entries: Buffer[] = [];
  for (const file of files) {
    entries.push(entryOf(file, options, Buffer.concat(locals).length));
    locals.push(localOf(file, options));
  }
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(files.length, 10);
  return Buffer.concat([...locals, ...entries, end]);
}

const fileName = Buffer.from('disk.raw');
const packedOf = (file: Buffer, isStored: boolean): Buffer => (isStored ? file : deflateRawSync(file));

/** CRC, packed size and size. */
function sumsOf(file: Buffer, isStored: boolean): Buffer {
  const sums = Buffer.alloc(12);
  [crc32(file), packedOf(file, isStored).length, file.length].forEach((value, at) => sums.writeUInt32LE(value, at * 4));
  return sums;
}

function localOf(file: Buffer, { isStored = false, hasDescriptor = false }): Buffer {
  const [packed, sums] = [packedOf(file, isStored), sumsOf(file, isStored)];
  const head = Buffer.from([0x50, 0x4b, 3, 4, 20, 0, hasDescriptor ? 8 : 0, 0, isStored ? 0 : 8, 0, 0, 0, 0, 0]);
  const descriptor = hasDescriptor ? [Buffer.from('PK\x07\x08', 'latin1'), sums] : [];
  return Buffer.concat([head, hasDescriptor ? Buffer.alloc(12) : sums, Buffer.from([fileName.length, 0, 0, 0]), fileName, packed, ...descriptor]);
}

function entryOf(file: Buffer, { isStored = false }, at: number): Buffer {
  const entry = Buffer.alloc(46);
  entry.writeUInt32LE(0x02014b50, 0);
  entry.writeUInt16LE(isStored ? 0 : 8, 10);
  sumsOf(file, isStored).copy(entry, 16);
  entry.writeUInt16LE(fileName.length, 28);
  entry.writeUInt32LE(at, 42);
  return Buffer.concat([entry, fileName]);
}

const decompress = async (bytes: Buffer, { chunkBytes = 7000, ...more }: { chunkBytes?: number; declaredSizeBytes?: number; expectedHash?: { algo: 'sha512'; value: string }; containerFormat?: string } = {}) => {
  const { containerFormat = 'bare', ...known } = more;
  const prepared = await plugin(aPrepared(bytes, { ...known, chunkBytes, claim: { diskFormat: 'raw', containerFormat } }), aPluginContext());
  return { bytes: await bytesOf(prepared.bytes), done: prepared.done, prepared };
};

describe('The plugin image_decompression', () => {
  it.each<[string, string, Buffer]>([
    ['gzip', 'gzip', gzipSync(disk)], ['gzip of two members', 'gzip', Buffer.concat([gzipSync(disk.subarray(0, 1000)), gzipSync(disk.subarray(1000))])],
    ['zip', 'zip', zipOf([disk])], ['zip with a descriptor', 'zip', zipOf([disk], { hasDescriptor: true })], ['zip that only stores', 'zip', zipOf([disk], { isStored: true })],
    ['zstd', 'zstd', zstdCompressSync(disk)],
  ])('makes of %s what was compressed, and tells that it did', async (_, compression, bytes) => {
    for (const chunkBytes of [7000, bytes.length, 311]) {
      const { bytes: made, done } = await decompress(bytes, { chunkBytes });
      expect(made.equals(disk)).toBe(true);
      expect(done).toEqual([{ step: 'decompressed', compression, compressedSizeBytes: bytes.length }]);
    }
  });

  it.each([['what is not compressed', disk], ['nothing', Buffer.alloc(0)], ['three bytes', Buffer.from('abc')]])('leaves %s as it is', async (_, bytes) => {
    const { bytes: made, done } = await decompress(bytes);
    expect([made.equals(bytes), done]).toEqual([true, []]);
  });

  it('leaves an image alone that is to be compressed', async () => {
    const bytes = gzipSync(disk);
    expect((await decompress(bytes, { containerFormat: 'compressed' })).bytes.equals(bytes)).toBe(true);
  });

  it('checks size and hash of what came, not of what it makes of it', async () => {
    const bytes = gzipSync(disk);
    const expectedHash = { algo: 'sha512', value: createHash('sha512').update(bytes).digest('hex') } as const;
    expect((await decompress(bytes, { expectedHash, declaredSizeBytes: bytes.length })).bytes.equals(disk)).toBe(true);
    await expect(decompress(bytes, { expectedHash: { algo: 'sha512', value: '00' } })).rejects.toMatchObject({ code: 'HashMismatch' });
    await expect(decompress(bytes, { declaredSizeBytes: bytes.length + 1 })).rejects.toMatchObject({ code: 'SizeMismatch' });
  });

  it.each<[string, Buffer, RegExp]>([
    ['gzip that ends too early', gzipSync(disk).subarray(0, 9000), /damaged/], ['gzip with a wrong sum', Buffer.concat([gzipSync(disk).subarray(0, -8), Buffer.alloc(8, 1)]), /damaged/],
    ['zstd that ends too early', zstdCompressSync(disk).subarray(0, 9000), /damaged/],
    ['zip that ends too early', zipOf([disk]).subarray(0, 9000), /damaged|ends in the middle/], ['zip of two files', zipOf([disk, disk]), /more than one file/],
    ['zip of two small files', zipOf([Buffer.from('one'), Buffer.from('two')]), /more than one file/], ['zip without directory', zipOf([disk]).subarray(0, -76), /no directory/],
    ['zip whose file was changed', damaged(zipOf([disk], { isStored: true })), /is damaged/], ['zip that is encrypted', encrypted(zipOf([disk])), /encrypted/],
    ['lha', Buffer.from('  -lh5-xyz'), /lha is not understood here; gzip, zip, zstd, xz, bzip2 are/],
  ])('refuses %s, and says why', async (_, bytes, why) => {
    await expect(decompress(bytes)).rejects.toMatchObject({ code: 'DataNotDecompressed', message: expect.stringMatching(why) as string });
  });

  it.each<[string, (zeros: Buffer) => Buffer]>([['gzip', gzipSync], ['zstd', zstdCompressSync], ['zip', (zeros) => zipOf([zeros])]])('ends a bomb of %s before it has gone off', async (_, pack) => {
    const bomb = pack(Buffer.alloc(96 * 1024 * 1024));
    const prepared = await plugin(aPrepared(bomb), aPluginContext());
    let made = 0;
    const goingOff = (async () => { for await (const chunk of prepared.bytes) made += (chunk as Uint8Array).byteLength; })();
    await expect(goingOff).rejects.toMatchObject({ code: 'DataNotDecompressed', params: { reason: 'more than 20 times its size comes of it' } });
    expect(made).toBeLessThanOrEqual(64 * 1024 * 1024 + 20 * bomb.length);
  });
});

function damaged(archive: Buffer): Buffer {
  archive.writeUInt8(archive.readUInt8(5000) ^ 1, 5000);
  return archive;
}

function encrypted(archive: Buffer): Buffer {
  archive.writeUInt8(1, 6);
  return archive;
}
