import type { FollowOptions, Stored } from '#libs/event-log';
import type { FreshImages } from '#libs/read-model';

/** What a thread that reads the log is told: which log, how to reach it, and from where on. */
export interface ReaderTask extends Omit<FollowOptions, 'signal'> {
  readonly servers: readonly string[];
  /** Of the NATS user operator. */
  readonly password: string | undefined;
  readonly region: string;
}

/** A batch of messages as it goes from one thread to another: all their bytes in one piece, which is handed over and not copied. */
export interface PackedBatch {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly subjects: readonly string[];
  readonly sequences: Float64Array<ArrayBuffer>;
  /** Where each message ends. */
  readonly ends: Uint32Array<ArrayBuffer>;
  /** What begins in it, where that has been folded. */
  readonly folded?: FreshImages | undefined;
}

export function packed(batch: readonly Stored[]): { readonly message: PackedBatch; readonly transfer: ArrayBuffer[] } {
  const bytes = new Uint8Array(batch.reduce((sum, each) => sum + each.bytes.byteLength, 0));
  const ends = new Uint32Array(batch.length);
  let end = 0;
  for (const [place, each] of batch.entries()) {
    bytes.set(each.bytes, end);
    end += each.bytes.byteLength;
    ends[place] = end;
  }
  const message = { bytes, ends, subjects: batch.map(({ subject }) => subject), sequences: Float64Array.from(batch, ({ sequence }) => sequence) };
  return { message, transfer: [bytes.buffer, ends.buffer, message.sequences.buffer] };
}

export function unpacked({ bytes, subjects, sequences, ends }: PackedBatch): Stored[] {
  return subjects.map((subject, place) => ({ subject, sequence: sequences[place] ?? 0, bytes: bytes.subarray(ends[place - 1] ?? 0, ends[place]) }));
}
