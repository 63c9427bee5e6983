import { inSlabs, type FilledSlab } from './in-slabs.js';
import { interruptible, type ByteSource } from './interruptible.js';
import { slabs } from './receive-data.js';
import type { PartWriter } from './store.js';

/**
 * Takes a stream to the end of a part, in the memory that all uploads share. Resolves, once everything that came is written, to what ended it before its end:
 * what arrived before a connection broke is worth keeping. `onBytes` sees every chunk before it is written, is waited for where it gives a promise, and refuses it by throwing. Rejects where it cannot be written.
 */
export async function receivePart(writer: Pick<PartWriter, 'write'>, source: ByteSource, { signal, onBytes }: { signal: AbortSignal; onBytes(bytes: Uint8Array): Promise<void> | undefined }): Promise<{ readonly brokenBy?: unknown }> {
  let broken: { brokenBy?: unknown } = {};
  async function* untilBroken(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      for await (const chunk of interruptible(source, signal)) {
        const allowed = onBytes(chunk);
        if (allowed) await allowed;
        yield chunk;
      }
    } catch (error) {
      broken = { brokenBy: error };
    }
  }

  async function write({ slab, lengthBytes }: FilledSlab): Promise<void> {
    try {
      await writer.write(slab.bytes.subarray(0, lengthBytes));
    } finally {
      slabs.give(slab);
    }
  }

  let writing: Promise<void> = Promise.resolve();
  for await (const filled of inSlabs(untilBroken(), slabs)) {
    const before = writing;
    // One slab is written while the next one fills.
    writing = before.then(() => write(filled), (error: unknown) => {
      slabs.give(filled.slab);
      throw error;
    });
    writing.catch(() => {});
    await before;
  }
  await writing;
  return broken;
}
