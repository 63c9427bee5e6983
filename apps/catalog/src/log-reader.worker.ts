/**
 * A thread that reads the log for another one, which folds it. Two batches may be on their way, and while they are the next one is folded here: two threads share
 * what one of them cannot do in time, and neither waits for the other.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { jetStreamEventLog, type Stored } from '#libs/event-log';
import { createBus, createLogger } from '#libs/platform';
import { foldFresh } from '#libs/read-model';
import { packed, type PackedBatch, type ReaderTask } from './packed-batch.js';

const onTheirWay = 2;

const { servers, password, region, after, batchSize } = workerData as ReaderTask;
const bus = await createBus({ servers, user: 'operator', region, logger: createLogger({ service: 'operator', region, level: 'fatal' }), ...(password === undefined ? {} : { password }) });
const log = await jetStreamEventLog(bus.connection, { region, pushedTo: 'operator' });

let free = onTheirWay;
let wake = (): void => undefined;
parentPort?.on('message', () => {
  free += 1;
  wake();
});

async function hand(batch: readonly Stored[]): Promise<void> {
  const folded = free === 0 ? await foldFresh(batch) : undefined;
  while (free === 0) await new Promise<void>((resolve) => { wake = resolve; });
  free -= 1;
  const { message, transfer } = packed(batch);
  parentPort?.postMessage({ ...message, folded } satisfies PackedBatch, transfer);
}

// It ends with its thread.
await log.follow({ after, batchSize, signal: new AbortController().signal }, hand);
