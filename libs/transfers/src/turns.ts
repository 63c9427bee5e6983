/** Work on one thing at a time: who comes later ends what is still going on, and begins when it has. */
export interface Turns {
  /** Runs the work under a signal that aborts with what `ends` gives as soon as another turn for the same name is wanted. */
  take<Result>(name: string, ends: () => Error, work: (signal: AbortSignal) => Promise<Result>): Promise<Result>;
  /** Whether somebody works on a name that begins so. */
  isBusy(prefix: string): boolean;
}

interface Turn { readonly stop: AbortController; readonly over: Promise<void>; readonly ends: () => Error }

export function turns(): Turns {
  const taken = new Map<string, Turn>();
  return {
    async take(name, ends, work) {
      for (let turn = taken.get(name); turn; turn = taken.get(name)) {
        turn.stop.abort(turn.ends());
        await turn.over;
      }
      const stop = new AbortController();
      const working = work(stop.signal);
      const over = working.then(() => {}, () => {}).then(() => { taken.delete(name); });
      taken.set(name, { stop, over, ends });
      return working;
    },
    isBusy: (prefix) => [...taken.keys()].some((name) => name.startsWith(prefix)),
  };
}
