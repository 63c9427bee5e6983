/** A stretch of the stream. It always has the length that was asked for; what the stream did not hold is zero. */
export interface Region {
  readonly bytes: Uint8Array;
  /** How many of the bytes really came. */
  readonly receivedBytes: number;
  readonly view: DataView;
}

/** Whether all of the region came. */
export const isWhole = ({ bytes, receivedBytes }: Region): boolean => receivedBytes === bytes.byteLength;

/** The bytes as text, one character a byte, so that no content can be ill-formed. */
export function latin1(bytes: Uint8Array, start = 0, end = bytes.byteLength): string {
  let text = '';
  for (let at = start; at < end; at += 1) text += String.fromCharCode(bytes[at] ?? 0);
  return text;
}

export const startsWith = ({ bytes }: Region, text: string, at = 0): boolean => latin1(bytes, at, at + text.length) === text;

/** Text up to the first zero byte. */
export const zeroTerminated = (bytes: Uint8Array): string => latin1(bytes, 0, bytes.includes(0) ? bytes.indexOf(0) : bytes.byteLength);

/** What a file says of itself, fit to be shown: printable ASCII, and not much of it. */
export const shown = (text: string, maxLength = 110): string => {
  const printable = text.replaceAll(/[^\x20-\x7e]/g, '?');
  return printable.length > maxLength ? `${printable.slice(0, maxLength)}...` : printable;
};

/** A 64-bit number, or undefined where JavaScript could not count up to it: no size or offset that a real disk has. */
export function u64(view: DataView, at: number, isLittleEndian: boolean): number | undefined {
  const value = view.getBigUint64(at, isLittleEndian);
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : undefined;
}

/** The product where it can be counted. */
export function times(count: number | undefined, unitBytes: number): number | undefined {
  const product = count === undefined ? undefined : count * unitBytes;
  return product !== undefined && Number.isSafeInteger(product) ? product : undefined;
}
