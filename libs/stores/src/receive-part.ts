import { eachChunk, type ByteSource, type TakeChunk } from './each-chunk.js';
import { slabs } from './receive-data.js';
import { slabCutter, type FilledSlab } from './slab-cutter.js';
import type { PartWriter } from './store.js';

/**
 * Takes a stream to the end of a part, in the memory that all uploads share. Resolves, once everything that came is written, to what ended it before its end:
 * what arrived before a connection broke is worth keeping. `onBytes` sees every chunk before it is written, is waited for where it gives a promise, and refuses it by throwing. Rejects where it cannot be written.
 */
export async function receivePart(writer: Pick<PartWriter, 'write'>, source: ByteSource, { signal, onBytes }: { signal: AbortSignal; onBytes: TakeChunk }): Promise<{ readonly brokenBy?: unknown }> {
  const stop = new AbortController();
  let writing: Promise<void> = Promise.resolve();

  async function write({ slab, lengthBytes }: FilledSlab): Promise<void> {
    try {
      if (!stop.signal.aborted) await writer.write(slab.bytes.subarray(0, lengthBytes));
    } catch (error) {
      stop.abort(error);
    } finally {
      slabs.give(slab);
    }
  }

  const cutter = slabCutter(slabs, (filled) => {
    const before = writing;
    // One slab is written while the next one fills.
    writing = before.then(() => write(filled));
    return before;
  });
  let taking: Promise<void> | undefined;
  const broken = await eachChunk(source, AbortSignal.any([signal, stop.signal]), (chunk) => {
    const allowed = onBytes(chunk);
    taking = allowed ? allowed.then(() => cutter.take(chunk)) : cutter.take(chunk);
    return taking;
  }).then(() => ({}), (error: unknown) => ({ brokenBy: error }));
  // The chunk that `signal` came upon has arrived, too.
  await taking?.catch(() => undefined);
  await cutter.finish();
  await writing;
  stop.signal.throwIfAborted();
  return broken;
}
