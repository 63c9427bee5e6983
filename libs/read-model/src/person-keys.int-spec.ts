import { startTestStack, type TestStack } from '#libs/embedded';
import { migrate, openReadModel, startRebuild, type ReadModel } from './index.js';

let stack: TestStack;
let [one, other]: ReadModel[] = [];
const opened = (readModel: ReadModel | undefined): ReadModel => {
  if (!readModel) throw new Error('not opened');
  return readModel;
};
beforeAll(async () => {
  stack = await startTestStack({ withNats: false });
  await migrate({ url: stack.databaseUrl });
  const open = () => openReadModel({ url: stack.databaseUrl, poolSize: 3, synchronousCommit: 'off' });
  [one, other] = await Promise.all([open(), open()]);
});
afterAll(async () => {
  await Promise.all([opened(one).close(), opened(other).close()]);
  await stack.stop();
});

describe('The key of a person', () => {
  it('is made once, of 32 bytes, however many ask for it at the same time and in whichever process', async () => {
    const made = await Promise.all([one, other, one, other, one, other].map((readModel) => opened(readModel).personKeys.keyOf('ana', { create: true })));
    expect(new Set(made.map((key) => key.toString('hex'))).size).toBe(1);
    expect(made[0]).toHaveLength(32);
    expect(await opened(other).personKeys.find('ana')).toEqual(made[0]);
  });

  it('is another for another person, and none where none was made', async () => {
    const [ana, ben] = await Promise.all(['ana', 'ben'].map((userId) => opened(one).personKeys.keyOf(userId, { create: true })));
    expect(ana).not.toEqual(ben);
    expect(await opened(one).personKeys.find('cleo')).toBeUndefined();
  });

  it('is gone for ever when it was thrown away; the next one is another', async () => {
    const { personKeys } = opened(one);
    const first = await personKeys.keyOf('dora', { create: true });
    await personKeys.throwAway('dora');
    expect(await personKeys.find('dora')).toBeUndefined();
    expect(await personKeys.keyOf('dora', { create: true })).not.toEqual(first);
  });

  it('outlives a rebuild of the catalogue', async () => {
    const key = await opened(one).personKeys.keyOf('eve', { create: true });
    const rebuild = await startRebuild({ url: stack.databaseUrl });
    expect(await rebuild.swap()).toBe(true);
    await rebuild.close();
    // The other process has never seen the key: it comes from the table.
    expect(await opened(other).personKeys.find('eve')).toEqual(key);
  });
});
