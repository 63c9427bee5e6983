import { on } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { RebuildOptions } from './rebuild.js';
import { unpacked, type PackedBatch, type ReaderTask } from './packed-batch.js';

const reader = new URL('./log-reader.worker.js', import.meta.url);

/** Follows a log as `EventLog.follow` does, but has a thread of its own read it, and fold what this one has no time for. */
export const followInThread = (where: Pick<ReaderTask, 'servers' | 'password' | 'region'>): RebuildOptions['log']['follow'] => async ({ after, batchSize, signal }, onBatch) => {
  if (signal.aborted) return;
  const task: ReaderTask = { ...where, after, batchSize };
  const worker = new Worker(reader, { name: 'log reader', workerData: task });
  try {
    for await (const [batch] of on(worker, 'message', { signal, close: ['exit'] }) as AsyncIterable<[PackedBatch]>) {
      await onBatch(unpacked(batch), batch.folded);
      if (signal.aborted) return;
      worker.postMessage('more');
    }
    throw new Error('the thread that reads the event log ended');
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await worker.terminate();
  }
};
