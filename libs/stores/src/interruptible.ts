import type { Readable } from 'node:stream';

export type ByteSource = Readable | AsyncIterable<Uint8Array>;

/** The chunks of a source until the signal says stop: then the pending wait ends at once with the signal's reason.
 *  The source is never destroyed: whoever holds the connection still has an answer to send over it. */
export async function* interruptible(source: ByteSource, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
  const chunks = iteratorOf(source);
  let stopWaiting = (): void => {};
  const onAbort = (): void => { stopWaiting(); };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    for (;;) {
      signal.throwIfAborted();
      const next = await new Promise<IteratorResult<Uint8Array>>((resolve, reject) => {
        stopWaiting = () => { reject(signal.reason as Error); };
        chunks.next().then(resolve, reject);
      });
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    // Not waited for: a source that is silent would not let go before its next chunk.
    chunks.return?.()?.catch(() => {});
  }
}

function iteratorOf(source: ByteSource): AsyncIterator<Uint8Array> {
  return isReadable(source) ? source.iterator({ destroyOnReturn: false }) as AsyncIterator<Uint8Array> : source[Symbol.asyncIterator]();
}

const isReadable = (source: ByteSource): source is Readable => 'iterator' in source && typeof source.iterator === 'function';
