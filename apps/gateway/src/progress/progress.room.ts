import { imageIdOfProgress, progressSubjects, type Progress } from '#libs/contracts';
import type { ServiceParts } from '#libs/platform';
import type { GatewayConfig } from '../config.js';
import { listenerSeats, type ListenerSeats } from './listener-seats.js';
import { progressBoard, type ProgressBoard } from './progress-board.js';
import { streamTimes, type StreamTimes } from './progress-stream.js';

/** What the route that shows progress needs. */
export interface ProgressRoom {
  readonly board: ProgressBoard;
  readonly seats: ListenerSeats;
  readonly times: StreamTimes;
  /** Aborts when the service stops: a stream must not keep it. */
  readonly stop: AbortSignal;
}

/** Listens to the whole region: who asks this gateway sees the upload at another one. */
export function openProgress({ bus, config, logger, shutdown }: ServiceParts<GatewayConfig>): ProgressRoom {
  const board = progressBoard(() => new Date());
  const stop = new AbortController();
  shutdown.onStop(() => { stop.abort(); });
  bus.connection.subscribe(progressSubjects(bus.region), {
    callback: (error, message) => {
      if (error) return;
      try {
        const imageId = imageIdOfProgress(message.subject);
        if (imageId !== undefined) board.hear(imageId, message.json<Progress>());
      } catch (unreadable) {
        logger.warn({ err: unreadable }, 'a word of progress cannot be read');
      }
    },
  });
  return { board, times: streamTimes, stop: stop.signal, seats: listenerSeats({ inAll: config.progressListeners, perProject: config.progressListenersPerProject }) };
}
