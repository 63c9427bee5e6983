import { startTestStack, type TestStack } from '#libs/embedded';
import { anImage } from '#libs/testing';
import { migrate, openReadModel, type ReadModel } from './index.js';
import { idOf, logCreatedAt, someLog } from './some-log.suite.js';

let stack: TestStack;
let readModel: ReadModel;
const day = (number: number) => new Date(Date.UTC(2026, 0, number));

/** Image 1 to 6 are created on the first days of January, those with even numbers by red; 3 and 4 are deleted on the tenth. */
beforeAll(async () => {
  stack = await startTestStack({ withNats: false });
  await migrate({ url: stack.databaseUrl });
  readModel = await openReadModel({ url: stack.databaseUrl });
  const log = someLog();
  for (let number = 1; number <= 6; number += 1) {
    log.append(idOf(number), anImage({ owner: number % 2 === 0 ? 'red' : 'green', visibility: number < 3 ? 'public' : 'private' }), day(number));
  }
  for (const number of [3, 4]) log.append(idOf(number), [{ type: 'ImageDeleted', data: {} }], day(10));
  await readModel.applyBatch(log.messages, { after: 0, logCreatedAt });
});
afterAll(async () => {
  await readModel.close();
  await stack.stop();
});

const ids = (...numbers: number[]) => numbers.map(idOf);

describe('Images that may have been there at a moment', () => {
  it('are those created by then and not deleted by then, newest first', async () => {
    expect(await readModel.pastImages({ at: day(5), limit: 10 })).toEqual(ids(5, 4, 3, 2, 1));
    expect(await readModel.pastImages({ at: day(10), limit: 10 })).toEqual(ids(6, 5, 2, 1));
    expect(await readModel.pastImages({ at: new Date(0), limit: 10 })).toEqual([]);
  });

  it('are, at a place of the log, those with a commit after it too', async () => {
    expect(await readModel.pastImages({ at: day(31), sequence: 7, limit: 10 })).toEqual(ids(6, 5, 4, 2, 1));
  });

  it('can be asked for one owner, and page by page from living or deleted ones', async () => {
    expect(await readModel.pastImages({ at: day(5), owner: 'red', limit: 10 })).toEqual(ids(4, 2));
    expect(await readModel.pastImages({ at: day(5), limit: 2 })).toEqual(ids(5, 4));
    expect(await readModel.pastImages({ at: day(5), limit: 2, after: idOf(4) })).toEqual(ids(3, 2));
    expect(await readModel.pastImages({ at: day(5), limit: 2, after: idOf(2) })).toEqual(ids(1));
    expect(await readModel.pastImages({ at: day(5), limit: 2, after: idOf(99) })).toEqual([]);
  });
});
