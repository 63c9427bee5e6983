import type { Writable } from 'node:stream';
import type { StoreReader } from './store.js';

export interface SentData {
  readonly sentBytes: number;
  /** False when the receiver went away, or the signal came, before the end. No fault: clients may leave. */
  readonly isComplete: boolean;
}

/** Sends what a reader gives and closes the reader. The next chunk is read while the last one is being sent, and no buffer
 *  is reused before its bytes have left. The target is left open: the caller ends it, or destroys it when this throws or
 *  says that the data is not complete, so that a client never takes a part for the whole. */
export async function sendData(reader: StoreReader, target: Writable, { signal, onProgress }: { signal?: AbortSignal; onProgress?: (sentBytes: number) => void } = {}): Promise<SentData> {
  const send = sender(target, signal);
  let sentBytes = 0;
  let leaving: Promise<boolean> = Promise.resolve(true);
  try {
    for await (const chunk of reader) {
      if (!(await leaving) || !send.isOpen()) return { sentBytes, isComplete: false };
      leaving = send.chunk(chunk).then((hasLeft) => {
        if (hasLeft) sentBytes += chunk.byteLength;
        if (hasLeft) onProgress?.(sentBytes);
        return hasLeft;
      });
    }
    await leaving;
    return { sentBytes, isComplete: sentBytes === reader.lengthBytes };
  } finally {
    await leaving.catch(() => {});
    send.close();
    await reader.close();
  }
}

function sender(target: Writable, signal: AbortSignal | undefined) {
  let onGone = (): void => {};
  const gone = (): void => { onGone(); };
  target.once('close', gone);
  target.on('error', gone);
  signal?.addEventListener('abort', gone, { once: true });
  const isOpen = (): boolean => !target.destroyed && signal?.aborted !== true;
  return {
    isOpen,
    /** Whether the chunk has left; false when the target has gone instead. */
    chunk: (chunk: Uint8Array): Promise<boolean> => new Promise((resolve) => {
      onGone = () => { resolve(false); };
      target.write(chunk, (error) => { resolve(!error); });
    }),
    close(): void {
      target.off('close', gone);
      target.off('error', gone);
      signal?.removeEventListener('abort', gone);
    },
  };
}
