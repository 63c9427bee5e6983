import { be, file, le, text, type Amount, type Piece } from './bytes.js';

export interface Qcow2 {
  version?: number;
  sizeBytes?: Amount;
  backingAt?: Amount;
  backingBytes?: number;
  clusterBits?: number;
  cryptMethod?: number;
  incompatible?: bigint;
  headerBytes?: number;
  /** Header extensions: type and data. */
  extensions?: readonly (readonly [number, Uint8Array])[];
}

const plain = { version: 3, sizeBytes: 1 << 30, backingAt: 0, backingBytes: 0, clusterBits: 16, cryptMethod: 0, incompatible: 0n, headerBytes: 104, extensions: [] };

/** A qcow2 of an empty disk, as far as headers go. */
export function qcow2Image(options: Qcow2 = {}): Uint8Array {
  const { version, sizeBytes, backingAt, backingBytes, clusterBits, cryptMethod, incompatible, headerBytes, extensions } = { ...plain, ...options };
  const isThird = version >= 3;
  const pieces: Piece[] = [
    [0, text('QFI\xfb')], [4, be(4, version)], [8, be(8, backingAt)], [16, be(4, backingBytes)], [20, be(4, clusterBits)], [24, be(8, sizeBytes)],
    [32, be(4, cryptMethod)], [36, be(4, 1)], [40, be(8, 0x30000)], [48, be(8, 0x10000)], [56, be(4, 1)],
    ...(isThird ? [[72, be(8, incompatible)], [96, be(4, 4)], [100, be(4, headerBytes)]] as Piece[] : []),
  ];
  let at = isThird ? headerBytes : 72;
  for (const [type, data] of extensions) {
    pieces.push([at, be(4, type)], [at + 4, be(4, data.byteLength)], [at + 8, data]);
    at += 8 + Math.ceil(data.byteLength / 8) * 8;
  }
  if (backingBytes > 0) pieces.push([Number(backingAt), text('/etc/passwd')]);
  return file(8192, pieces);
}

/** qcow of the first version. */
export const qcowImage = ({ backing = false, sizeBytes = 1 << 30 }: { backing?: boolean; sizeBytes?: Amount } = {}): Uint8Array => file(8192, [
  [0, text('QFI\xfb')], [4, be(4, 1)], [8, be(8, backing ? 48 : 0)], [16, be(4, backing ? 11 : 0)], [24, be(8, sizeBytes)], [32, be(1, 12)], [33, be(1, 9)], [40, be(8, 512)],
  [48, text(backing ? '/etc/passwd' : '')],
]);

export const qedImage = ({ features = 0, sizeBytes = 1 << 30 }: { features?: Amount; sizeBytes?: Amount } = {}): Uint8Array => file(4096, [
  [0, text('QED\0')], [4, le(4, 65536)], [8, le(4, 4)], [12, le(4, 1)], [16, le(8, features)], [40, le(8, 65536)], [48, le(8, sizeBytes)],
]);
