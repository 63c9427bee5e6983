import { IncomingMessage } from 'node:http';
import type { Readable } from 'node:stream';

export type ByteSource = Readable | AsyncIterable<Uint8Array>;

/** Takes a chunk, which is gone afterwards. Where it gives a promise, that is when it has resolved, and then the next chunk comes. */
export type TakeChunk = (chunk: Uint8Array) => Promise<void> | undefined;

/**
 * Shows `take` every chunk of a source, in order, and resolves at the end of the source. Rejects with what the source or `take` threw, or at once with the
 * signal's reason, also while the source is silent. The source is never destroyed: whoever holds the connection still has an answer to send over it.
 */
export function eachChunk(source: ByteSource, signal: AbortSignal, take: TakeChunk): Promise<void> {
  return isReadable(source) ? eachOfReadable(source, signal, take) : eachOfIterable(source, signal, take);
}

const isReadable = (source: ByteSource): source is Readable => 'resume' in source && typeof source.resume === 'function';

/** By its events: what a connection brings passes on in the turn of the event loop that read it, without a promise for every 64 KiB. */
function eachOfReadable(source: Readable, signal: AbortSignal, take: TakeChunk): Promise<void> {
  return new Promise((resolve, reject) => {
    let isOver = false;
    let isHeld = false;
    let hasEnded = source.readableEnded;
    const release = source instanceof IncomingMessage ? freeMemory : () => {};
    const listeners = {
      data: onData,
      end() {
        hasEnded = true;
        if (!isHeld) end(resolve);
      },
      error: fail,
      close() { if (!hasEnded) fail(source.errored ?? prematureClose()); },
    };
    const onAbort = (): void => { fail(signal.reason); };

    function end(settle: () => void): void {
      if (isOver) return;
      isOver = true;
      signal.removeEventListener('abort', onAbort);
      for (const [name, listener] of Object.entries(listeners)) source.off(name, listener);
      if (!hasEnded) source.pause();
      settle();
    }
    function fail(error: unknown): void {
      end(() => { reject(error as Error); });
    }
    function goOn(): void {
      isHeld = false;
      if (isOver) return;
      if (hasEnded) end(resolve);
      else source.resume();
    }
    function onData(chunk: Uint8Array): void {
      try {
        const waiting = take(chunk);
        if (!waiting) return release(chunk);
        isHeld = true;
        source.pause();
        waiting.then(() => {
          release(chunk);
          goOn();
        }, fail);
      } catch (error) {
        fail(error);
      }
    }

    if (signal.aborted) return onAbort();
    if (hasEnded) return end(resolve);
    if (source.destroyed) return listeners.close();
    signal.addEventListener('abort', onAbort, { once: true });
    for (const [name, listener] of Object.entries(listeners)) source.on(name, listener);
    source.resume();
  });
}

/**
 * Gives the memory of a chunk back at once. What a connection brings has been made for this chunk and is nobody else's; left to the garbage collector, every 64 MiB of it
 * start a collection of everything that the process has.
 */
function freeMemory({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}

const prematureClose = (): Error => Object.assign(new Error('The source was closed before its end.'), { code: 'ERR_STREAM_PREMATURE_CLOSE' });

async function eachOfIterable(source: AsyncIterable<Uint8Array>, signal: AbortSignal, take: TakeChunk): Promise<void> {
  const chunks = source[Symbol.asyncIterator]();
  let stopWaiting = (_reason: unknown): void => {};
  const onAbort = (): void => { stopWaiting(signal.reason); };
  const orStopped = <T>(work: Promise<T>): Promise<T> => new Promise<T>((resolve, reject) => {
    stopWaiting = reject;
    work.then(resolve, reject);
  });
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    for (;;) {
      signal.throwIfAborted();
      const next = await orStopped(chunks.next());
      if (next.done === true) return;
      const waiting = take(next.value);
      if (waiting) await orStopped(waiting);
    }
  } finally {
    signal.removeEventListener('abort', onAbort);
    // Not waited for: a source that is silent would not let go before its next chunk.
    chunks.return?.()?.catch(() => {});
  }
}
