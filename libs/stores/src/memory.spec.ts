import { randomUUID } from 'node:crypto';
import { memoryStore } from './memory.js';
import { describeStore, refuses, someBytes } from './store.suite.js';

const capacityBytes = 64 * 1024 * 1024;

describeStore('memory', async () => {
  const store = memoryStore('memory', { capacityBytes });
  return { store, leftovers: async () => capacityBytes - (await store.freeBytes?.() ?? 0), end: async () => {} };
});

describe('A memory store that is full', () => {
  it('refuses what does not fit, and has its room back after the cancel', async () => {
    const store = memoryStore('small', { capacityBytes: 100 });
    const writer = await store.create({ imageId: randomUUID(), attemptId: randomUUID(), storeId: 'small' });
    await writer.write(someBytes(60));
    await refuses(writer.write(someBytes(60)), 'StoreFull');
    await writer.cancel();
    expect(await store.freeBytes?.()).toBe(100);
  });
});
