import type { Progress } from '#libs/contracts';

export interface Told {
  readonly imageId: string;
  readonly progress: Progress;
  readonly heardAt: Date;
}

/** The latest word on every transfer of the region, whichever process moves the bytes. */
export interface ProgressBoard {
  hear(imageId: string, progress: Progress): void;
  /** Of one image, first begun first; what has been silent for half a minute is not there any more. */
  of(imageId: string): readonly Told[];
  /** Calls back with every word on the image, until the returned function is called. */
  listen(imageId: string, listener: () => void): () => void;
  /** How many transfers are remembered. */
  size(): number;
}

export const rememberMs = 30_000;
/** More transfers than this do not run in one region at once; the longest silent one makes room for the next. */
const mostTransfers = 20_000;

/** Remembers in memory, on the clock that it is given, and forgets by itself: nothing grows beyond what runs. */
export function progressBoard(clock: () => Date, { capacity = mostTransfers } = {}): ProgressBoard {
  /** By attempt; the longest silent one first. */
  const told = new Map<string, Told>();
  const attemptsOf = new Map<string, Set<string>>();
  const listenersOf = new Map<string, Set<() => void>>();

  function forget({ imageId, progress: { attemptId } }: Told): void {
    told.delete(attemptId);
    const attempts = attemptsOf.get(imageId);
    attempts?.delete(attemptId);
    if (attempts?.size === 0) attemptsOf.delete(imageId);
  }

  function forgetSilent(): void {
    const since = clock().getTime() - rememberMs;
    for (const each of told.values()) {
      if (each.heardAt.getTime() > since && told.size <= capacity) return;
      forget(each);
    }
  }

  return {
    hear(imageId, progress) {
      told.delete(progress.attemptId);
      told.set(progress.attemptId, { imageId, progress, heardAt: clock() });
      addTo(attemptsOf, imageId, progress.attemptId);
      forgetSilent();
      for (const listener of listenersOf.get(imageId) ?? []) listener();
    },
    of(imageId) {
      forgetSilent();
      return [...attemptsOf.get(imageId) ?? []].flatMap((attemptId) => told.get(attemptId) ?? []).toSorted(firstBegun);
    },
    listen(imageId, listener) {
      addTo(listenersOf, imageId, listener);
      return () => {
        const listeners = listenersOf.get(imageId);
        listeners?.delete(listener);
        if (listeners?.size === 0) listenersOf.delete(imageId);
      };
    },
    size: () => told.size,
  };
}

const firstBegun = (one: Told, other: Told): number => one.progress.startedAt.localeCompare(other.progress.startedAt);

function addTo<Value>(sets: Map<string, Set<Value>>, key: string, value: Value): void {
  const set = sets.get(key) ?? new Set();
  set.add(value);
  sets.set(key, set);
}
