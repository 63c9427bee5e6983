import type { NatsConnection } from '@nats-io/transport-node';

/** The ups and downs of one connection. */
export interface ConnectionWatch {
  isUp(): boolean;
  /** Resolves when the connection is up, or after `timeoutMs`. */
  untilUp(timeoutMs: number): Promise<void>;
  /** Calls the listener at every disconnection; gives the function that ends it. */
  onDisconnect(listener: () => void): () => void;
}

/** Watches a connection that is up, for as long as it lives: the client library has no way to stop watching, so do it once for all who ask. */
export function watchConnection(connection: NatsConnection): ConnectionWatch {
  const whenDown = new Set<() => void>();
  const whenUp = new Set<() => void>();
  let isUp = true;
  const goDown = () => {
    isUp = false;
    for (const listener of [...whenDown]) listener();
  };
  const goUp = () => {
    isUp = true;
    for (const listener of [...whenUp]) listener();
  };
  const watch = async () => {
    for await (const { type } of connection.status()) {
      if (type === 'disconnect' || type === 'close') goDown();
      if (type === 'reconnect') goUp();
    }
  };
  watch().then(goDown, goDown);

  return {
    isUp: () => isUp,
    untilUp: (timeoutMs) => isUp ? Promise.resolve() : new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        whenUp.delete(done);
        resolve();
      };
      const timer = setTimeout(done, timeoutMs);
      whenUp.add(done);
    }),
    onDisconnect(listener) {
      whenDown.add(listener);
      return () => whenDown.delete(listener);
    },
  };
}
