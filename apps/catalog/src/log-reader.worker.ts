/** A thread that reads the log for another one, which decodes it meanwhile. Two batches may be on their way; more is read when one of them was taken. */
import { parentPort, workerData } from 'node:worker_threads';
import { jetStreamEventLog, type Stored } from '#libs/event-log';
import { createBus, createLogger } from '#libs/platform';
import { packed, type ReaderTask } from './packed-batch.js';

const onTheirWay = 2;

const { servers, password, region, after, batchSize } = workerData as ReaderTask;
const bus = await createBus({ servers, user: 'operator', region, logger: createLogger({ service: 'operator', region, level: 'fatal' }), ...(password === undefined ? {} : { password }) });
const log = await jetStreamEventLog(bus.connection, { region });

let free = onTheirWay;
let wake = (): void => undefined;
parentPort?.on('message', () => {
  free += 1;
  wake();
});

async function hand(batch: readonly Stored[]): Promise<void> {
  free -= 1;
  const { message, transfer } = packed(batch);
  parentPort?.postMessage(message, transfer);
  while (free === 0) await new Promise<void>((resolve) => { wake = resolve; });
}

// It ends with its thread.
await log.follow({ after, batchSize, signal: new AbortController().signal }, hand);
