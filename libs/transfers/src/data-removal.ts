import type { RemovalsAnswer, RemovalsQuestion } from '#libs/contracts';
import { Problem, type Image, type ImageCommand } from '#libs/domain';
import type { DataKey, Store } from '#libs/stores';

export interface RemovalParts {
  readonly stores: ReadonlyMap<string, Store>;
  readonly logger: RemovalLogger;
  /** Asks the catalog what may be removed. */
  askRemovals(question: RemovalsQuestion): Promise<RemovalsAnswer>;
  /** Sends a command in the service's own name. */
  send(imageId: string, command: ImageCommand): Promise<Image>;
}

interface RemovalLogger {
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

const pageOfRemovals = 100;

/**
 * Takes the bytes of attempts that are over out of their stores, and records that they are gone. Only attempts that a commit, read from the
 * log's leader, has shown to be over come here. Failing is harmless: the next pass asks for them again. Source: DESIGN.md section 4, "Deletion".
 */
export function dataRemoval({ stores, askRemovals, logger, send }: RemovalParts) {
  async function remove(key: DataKey): Promise<void> {
    const store = stores.get(key.storeId);
    // Another process has the store, or the operator took it away: the bytes wait for one that has it.
    if (!store) return;
    try {
      await store.remove(key);
      await send(key.imageId, { type: 'RecordImageDataRemoved', attemptId: key.attemptId });
    } catch (error) {
      logger.warn({ err: error, image_id: key.imageId, attempt_id: key.attemptId, store: key.storeId }, 'bytes could not be removed; they will be tried again');
    }
  }

  /** Every attempt of an image that its latest commit shows to be over. Never rejects. */
  async function ofImage(imageId: string, { attempts }: Pick<Image, 'attempts'>): Promise<void> {
    const over = attempts.filter(({ state }) => state === 'over');
    await Promise.all(over.map(({ attemptId, storeId }) => remove({ imageId, attemptId, storeId })));
  }

  /** One pass over what the catalog says may go: what a killed process left behind. */
  async function pass(): Promise<void> {
    try {
      const { removals } = await askRemovals({ limit: pageOfRemovals, storeIds: [...stores.keys()] });
      for (const key of removals) await remove(key);
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      logger.warn({ err: error }, 'the catalog does not say what may be removed; asking again later');
    }
  }

  return { ofImage, pass };
}
export type DataRemoval = ReturnType<typeof dataRemoval>;

/** Runs a pass now and then until stopped; passes never overlap. */
export function removalLoop(removal: Pick<DataRemoval, 'pass'>, { everyMs, logger }: { everyMs: number; logger: RemovalLogger }): { stop(): Promise<void> } {
  let running: Promise<void> = Promise.resolve();
  let isRunning = false;
  const timer = setInterval(() => {
    if (isRunning) return;
    isRunning = true;
    running = removal.pass().catch((error: unknown) => logger.error({ err: error }, 'a removal pass failed')).finally(() => { isRunning = false; });
  }, everyMs);
  timer.unref();
  return {
    async stop() {
      clearInterval(timer);
      await running;
    },
  };
}
