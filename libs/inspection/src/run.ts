import { maxRegionBytes, type Match, type Probe, type Tail, type Want } from './probe.js';
import type { Region } from './region.js';
import type { StreamEnd } from './stream-end.js';

export type RunResult = Match | null | 'failed';

/** One probe that reads a stream. Its result is `failed` where the probe itself threw, which is a fault of ours. */
export interface Run {
  /** False once it needs no more bytes: it need not be fed again. */
  feed(chunk: Uint8Array, chunkAt: number): boolean;
  finish(last: StreamEnd): RunResult;
  readonly heldBytes: number;
}

interface Pending { readonly at: number; readonly lengthBytes: number; bytes: Uint8Array; receivedBytes: number }
const nothing = new Uint8Array(0);

/**
 * Feeds a probe with the regions it asks for. A region that begins before the end of the last one, as a hostile offset may say, is answered
 * with zeros: otherwise the result would depend on how much of the stream happened to be at hand.
 */
export function startRun(probe: Probe): Run {
  const reading = probe();
  let result: RunResult | undefined;
  let pending: Pending | 'end' | undefined;
  let reachedAt = 0;

  const goOn = (next: () => IteratorResult<Want, Match | null>): void => {
    pending = undefined;
    try {
      const step = next();
      if (step.done === true) result = step.value;
      else pending = begin(step.value);
    } catch {
      result = 'failed';
    }
  };
  const answer = (value: Region | Tail): void => { goOn(() => reading.next(value)); };
  const begin = (want: Want): Pending | 'end' =>
    'tail' in want ? 'end' : { at: want.at, lengthBytes: Math.min(want.lengthBytes, maxRegionBytes), bytes: nothing, receivedBytes: 0 };
  const deliver = (region: Pending): void => {
    reachedAt = Math.max(reachedAt, region.at + region.lengthBytes);
    answer(asRegion(region));
  };

  // The first `next` of a generator takes no value.
  goOn(() => reading.next(undefined as never));
  return {
    feed(chunk, chunkAt) {
      while (result === undefined && pending !== undefined && pending !== 'end') {
        if (pending.at < reachedAt) deliver(pending);
        else if (!fill(pending, chunk, chunkAt)) return true;
        else deliver(pending);
      }
      return false;
    },
    finish(last) {
      while (result === undefined && pending !== undefined) {
        if (pending === 'end') answer(last.read());
        else deliver(pending);
      }
      return result ?? null;
    },
    get heldBytes() { return pending === undefined || pending === 'end' ? 0 : pending.bytes.byteLength; },
  };
}

/** Copies what the chunk has of the region; true when the region is complete. */
function fill(region: Pending, chunk: Uint8Array, chunkAt: number): boolean {
  const from = region.at + region.receivedBytes - chunkAt;
  const missingBytes = region.lengthBytes - region.receivedBytes;
  if (from >= chunk.byteLength || from < 0) return missingBytes === 0;
  if (region.bytes.byteLength === 0) region.bytes = new Uint8Array(region.lengthBytes);
  const part = chunk.subarray(from, from + missingBytes);
  region.bytes.set(part, region.receivedBytes);
  region.receivedBytes += part.byteLength;
  return region.receivedBytes === region.lengthBytes;
}

function asRegion({ lengthBytes, bytes, receivedBytes }: Pending): Region {
  const whole = bytes.byteLength === lengthBytes ? bytes : new Uint8Array(lengthBytes);
  return { bytes: whole, receivedBytes, view: new DataView(whole.buffer) };
}
