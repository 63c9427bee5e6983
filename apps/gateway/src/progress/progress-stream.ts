import type { Writable } from 'node:stream';
import { doorbell } from '../edge/doorbell.js';
import type { ProgressBoard } from './progress-board.js';
import { progressView } from './progress.view.js';

export interface StreamTimes {
  /** The least time between two events. */
  readonly eventMs: number;
  /** After so long without an event comes a comment, so that no proxy takes the connection for dead. */
  readonly heartbeatMs: number;
  /** The stream ends when nothing has run for so long: between the stores of an import nothing runs for a moment. */
  readonly quietMs: number;
  /** How often it is asked whether the listener may still see the image. */
  readonly checkMs: number;
}

export const streamTimes: StreamTimes = { eventMs: 250, heartbeatMs: 15_000, quietMs: 3000, checkMs: 5000 };

export interface ProgressStream {
  readonly board: ProgressBoard;
  readonly imageId: string;
  readonly response: Writable;
  readonly times: StreamTimes;
  /** Aborts when the service stops. */
  readonly stop: AbortSignal;
  /** False once the listener's right has ended. */
  mayStillSee(): Promise<boolean>;
}

/**
 * Writes Server-Sent Events until nothing runs any more, the listener leaves or may not see the image any more, or the service stops; the last
 * event is `end`. Each event holds all transfers of the image, so one that a slow listener missed is no loss: nothing is kept for him.
 */
export async function streamProgress(stream: ProgressStream): Promise<void> {
  const { board, imageId, response, times, stop } = stream;
  const bell = doorbell();
  const ring = bell.ring;
  const forget = board.listen(imageId, ring);
  response.once('close', ring);
  response.on('drain', ring);
  // A listener that vanished is no fault of ours.
  response.on('error', ring);
  stop.addEventListener('abort', ring, { once: true });
  try {
    for (const writer = eventWriter(stream); await writer.next();) await bell.within(Math.min(1000, times.quietMs, times.checkMs), times.eventMs);
  } finally {
    forget();
    stop.removeEventListener('abort', ring);
    response.end();
  }
}

function eventWriter({ board, imageId, response, times, stop, mayStillSee }: ProgressStream) {
  let [eventId, lastText, isFull] = [0, '', false];
  let [lastWriteAt, lastRunAt, lastCheckAt] = Array<number>(3).fill(performance.now()) as [number, number, number];
  response.on('drain', () => { isFull = false; });

  const write = (text: string): void => {
    if (!response.write(text)) isFull = true;
    lastWriteAt = performance.now();
  };
  const writeEvent = (event: string, text: string): void => {
    eventId += 1;
    write(`id: ${eventId}\nevent: ${event}\ndata: ${text}\n\n`);
  };

  async function mustEnd(isRunning: boolean): Promise<boolean> {
    const now = performance.now();
    if (isRunning) lastRunAt = now;
    if (stop.aborted || now - lastRunAt >= times.quietMs) return true;
    if (now - lastCheckAt < times.checkMs) return false;
    lastCheckAt = now;
    return !(await mayStillSee());
  }

  return {
    /** Writes what there is to say now; false when that was the last of it. */
    async next(): Promise<boolean> {
      if (response.destroyed) return false;
      const told = board.of(imageId);
      if (await mustEnd(told.some(({ progress }) => progress.state === 'running'))) {
        writeEvent('end', '{}');
        return false;
      }
      const text = JSON.stringify(progressView(told));
      if (isFull) return true;
      if (text !== lastText) writeEvent('progress', text);
      else if (performance.now() - lastWriteAt >= times.heartbeatMs) write(': still here\n\n');
      lastText = text;
      return true;
    },
  };
}
