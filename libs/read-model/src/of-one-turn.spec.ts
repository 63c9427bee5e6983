import { ofOneTurn } from './of-one-turn.js';

const nextTurn = () => new Promise((resolve) => { setImmediate(resolve); });

describe('Work for one turn of the event loop', () => {
  it('is done together, in order, and each gets its own result', async () => {
    const done: number[][] = [];
    const double = ofOneTurn<number, number>((items) => { done.push([...items]); return Promise.resolve(items.map((each) => each * 2)); });
    const later = Promise.resolve().then(() => double(3));
    expect(await Promise.all([double(1), double(2), later])).toEqual([2, 4, 6]);
    expect(done).toEqual([[1, 2, 3]]);
  });

  it('never answers who came after it began', async () => {
    const begun: string[] = [];
    let finish: () => void = () => undefined;
    const slow = new Promise<void>((resolve) => { finish = resolve; });
    const read = ofOneTurn<string, string>(async (items) => { begun.push(items.join()); await slow; return items; });
    const first = read('first');
    await nextTurn();
    await nextTurn();
    const second = read('second');
    await nextTurn();
    await nextTurn();
    expect(begun).toEqual(['first', 'second']);
    finish();
    expect(await Promise.all([first, second])).toEqual(['first', 'second']);
  });

  it('that fails fails for all of its turn, and for nobody else', async () => {
    const check = ofOneTurn<string, string>((items) => items.includes('bad') ? Promise.reject(new Error('bad')) : Promise.resolve(items));
    const outcomes = await Promise.allSettled([check('good'), check('bad')]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await check('good again')).toBe('good again');
  });
});
