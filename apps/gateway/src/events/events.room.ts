import { fedSubject, type Fed } from '#libs/contracts';
import type { ServiceParts } from '#libs/platform';
import type { GatewayConfig } from '../config.js';
import { listenerSeats, type ListenerSeats } from '../progress/listener-seats.js';
import { streamTimes, type StreamTimes } from './event-stream.js';

/** What the routes of the feed need. */
export interface EventsRoom {
  readonly seats: ListenerSeats;
  readonly times: StreamTimes;
  readonly bells: EventBells;
  /** Aborts when the service stops: a stream must not keep it. */
  readonly stop: AbortSignal;
}

/** Who is told that a feed has something new: that of a project, or of all of them. */
export interface EventBells {
  /** Calls back whenever there may be something new, until the returned function is called. */
  listen(projectId: string | undefined, listener: () => void): () => void;
  ring(fed: Fed): void;
}

export function eventBells(): EventBells {
  const listeners = new Map<string | undefined, Set<() => void>>();
  const ringAll = (of: Iterable<() => void> | undefined): void => { for (const listener of of ?? []) listener(); };
  return {
    listen(projectId, listener) {
      const own = listeners.get(projectId) ?? new Set();
      listeners.set(projectId, own.add(listener));
      return () => {
        own.delete(listener);
        if (own.size === 0 && listeners.get(projectId) === own) listeners.delete(projectId);
      };
    },
    ring({ receivers }) {
      if (!receivers) return void [...listeners.values()].forEach(ringAll);
      ringAll(receivers.length > 0 ? listeners.get(undefined) : undefined);
      for (const receiver of receivers) ringAll(listeners.get(receiver));
    },
  };
}

export function openEvents({ bus, config, logger, shutdown }: ServiceParts<GatewayConfig>): EventsRoom {
  const bells = eventBells();
  const stop = new AbortController();
  shutdown.onStop(() => { stop.abort(); });
  bus.connection.subscribe(fedSubject(bus.region), {
    callback: (error, message) => {
      if (error) return;
      try {
        bells.ring(message.json<Fed>());
      } catch (unreadable) {
        logger.warn({ err: unreadable }, 'a word about the feed cannot be read');
      }
    },
  });
  return { bells, times: streamTimes, stop: stop.signal, seats: listenerSeats({ inAll: config.eventListeners, perProject: config.eventListenersPerProject }) };
}
