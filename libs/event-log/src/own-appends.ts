/** What this process itself is appending, for who makes batches of what the log brings. */
export interface OwnAppends {
  /** Counts an append as under way until it is answered. */
  count<Appended extends { readonly sequence: number }>(append: Promise<Appended>): Promise<Appended>;
  /** Waits for all that are under way now, however they end: the highest sequence that any append was given. */
  answered(): Promise<number>;
}

export function ownAppends(): OwnAppends {
  const underWay = new Set<Promise<unknown>>();
  let highest = 0;
  return {
    async count(append) {
      underWay.add(append);
      try {
        const appended = await append;
        highest = Math.max(highest, appended.sequence);
        return appended;
      } finally {
        underWay.delete(append);
      }
    },
    async answered() {
      await Promise.allSettled(underWay);
      return highest;
    },
  };
}
