import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from './logging.js';

/** What a service does between being told to stop and being gone. */
export interface Shutdown {
  /** Closes one thing at the end; the last added is closed first. */
  add(name: string, close: () => Promise<void> | void): void;
  /** Runs at once when the service is told to stop, before anything is closed. */
  onStop(react: () => void): void;
  /** True from the moment the service was told to stop. */
  isStopping(): boolean;
  /** Closes everything and ends the process. A second call waits for the first. */
  end(status: number): Promise<never>;
}

/** Ends on SIGTERM and SIGINT. What has not closed `graceMs` after that is left behind and named. */
export function createShutdown(logger: Logger, graceMs: number): Shutdown {
  const closers: { name: string; close: () => Promise<void> | void }[] = [];
  const reactions: (() => void)[] = [];
  let ending: Promise<never> | undefined;

  const closeAll = async (): Promise<boolean> => {
    let isClean = true;
    for (const { name, close } of closers.reverse()) {
      try {
        await close();
      } catch (error) {
        isClean = false;
        logger.error({ err: error }, `${name} did not close`);
      }
    }
    return isClean;
  };
  const run = async (status: number): Promise<never> => {
    for (const react of reactions) react();
    const isClean = await Promise.race([closeAll(), delay(graceMs + 2000, undefined)]);
    if (isClean === undefined) logger.error('stopped before everything was closed');
    else logger.info('stopped');
    process.exit(isClean === true ? status : 1);
  };
  const end = (status: number): Promise<never> => (ending ??= run(status));
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      logger.info({ signal }, 'stopping');
      void end(0);
    });
  }
  return {
    add: (name, close) => void closers.push({ name, close }),
    onStop: (react) => void reactions.push(react),
    isStopping: () => ending !== undefined,
    end,
  };
}
