/** Does the work for all that comes in one turn of the event loop at once, and for nobody who comes later. Each item gets the result at its place. */
export function ofOneTurn<Item, Result>(work: (items: readonly Item[]) => Promise<readonly Result[]>): (item: Item) => Promise<Result> {
  let turn: { readonly items: Item[]; readonly results: Promise<readonly Result[]> } | undefined;

  function begin(): NonNullable<typeof turn> {
    const items: Item[] = [];
    const results = new Promise<void>((resolve) => { setImmediate(resolve); }).then(() => {
      turn = undefined;
      return work(items);
    });
    return { items, results };
  }

  return async (item) => {
    turn ??= begin();
    const place = turn.items.push(item) - 1;
    return (await turn.results)[place] as Result;
  };
}
