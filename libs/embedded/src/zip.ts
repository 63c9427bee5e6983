import { inflateRawSync } from 'node:zlib';

const endSignature = 0x06054b50;
const entrySignature = 0x02014b50;
const localSignature = 0x04034b50;
const endLength = 22;

/** The content of the first member of a zip archive whose name ends so; undefined where there is none. Zip64 and encryption are not read. */
export function memberOfZip(archive: Buffer, nameEnding: string): Buffer | undefined {
  const end = endRecord(archive);
  const count = archive.readUInt16LE(end + 10);
  let at = archive.readUInt32LE(end + 16);
  for (let index = 0; index < count; index += 1) {
    if (archive.readUInt32LE(at) !== entrySignature) throw new Error('the zip archive has a broken directory');
    const nameLength = archive.readUInt16LE(at + 28);
    const name = archive.toString('utf8', at + 46, at + 46 + nameLength);
    if (name.endsWith(nameEnding)) return contentOf(archive, at);
    at += 46 + nameLength + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
  }
  return undefined;
}

function endRecord(archive: Buffer): number {
  for (let at = archive.length - endLength; at >= Math.max(0, archive.length - endLength - 0xffff); at -= 1) {
    if (archive.readUInt32LE(at) === endSignature) return at;
  }
  throw new Error('this is no zip archive');
}

function contentOf(archive: Buffer, entry: number): Buffer {
  const method = archive.readUInt16LE(entry + 10);
  const packedBytes = archive.readUInt32LE(entry + 20);
  const sizeBytes = archive.readUInt32LE(entry + 24);
  const local = archive.readUInt32LE(entry + 42);
  if (archive.readUInt32LE(local) !== localSignature) throw new Error('the zip archive has a broken member');
  const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
  const packed = archive.subarray(start, start + packedBytes);
  if (method !== 0 && method !== 8) throw new Error(`the zip archive uses compression method ${method}`);
  const content = method === 0 ? Buffer.from(packed) : inflateRawSync(packed, { maxOutputLength: sizeBytes });
  if (content.length !== sizeBytes) throw new Error('the zip archive has a member of another size than it says');
  return content;
}
