/** Does the work for a key with all that came for it since the work before began; so much for different keys at once at most. Each item gets the result at its place. */
export function batched<Item, Result>(mostAtOnce: number, work: (key: string, items: readonly Item[]) => Promise<readonly Result[]>): (key: string, item: Item) => Promise<Result> {
  interface Waiting { readonly item: Item; resolve(result: Result): void; reject(reason: unknown): void }
  const waiting = new Map<string, Waiting[]>();
  const keys: string[] = [];
  let free = mostAtOnce;

  async function drain(key: string): Promise<void> {
    const batch = waiting.get(key) ?? [];
    waiting.set(key, []);
    try {
      const results = await work(key, batch.map(({ item }) => item));
      batch.forEach(({ resolve }, place) => { resolve(results[place] as Result); });
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
    if (waiting.get(key)?.length) keys.push(key);
    else waiting.delete(key);
  }

  function begin(): void {
    while (free > 0 && keys.length > 0) {
      free -= 1;
      void drain(keys.shift() as string).finally(() => {
        free += 1;
        begin();
      });
    }
  }

  return (key, item) => new Promise((resolve, reject) => {
    const queue = waiting.get(key);
    if (queue) return void queue.push({ item, resolve, reject });
    waiting.set(key, [{ item, resolve, reject }]);
    keys.push(key);
    begin();
  });
}
