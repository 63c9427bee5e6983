import { randomUUID } from 'node:crypto';
import { region, startRegion } from './jetstream.suite.js';
import { jetStreamTurns, type Turns } from './turns.jetstream.js';

const now = new Date('2030-01-01T00:00:00Z');
const later = (ms: number): Date => new Date(now.getTime() + ms);

describe('Turns on JetStream', () => {
  let running: Awaited<ReturnType<typeof startRegion>>;
  let turns: Turns;
  beforeAll(async () => {
    running = await startRegion();
    turns = await jetStreamTurns(await running.as('federation'), { region });
  });
  afterAll(() => running.close());

  it('are one holder\'s until they are over, and he may prolong his', async () => {
    const id = randomUUID();
    expect(await turns.take(id, 'a', now, 1000)).toBe(true);
    expect(await turns.take(id, 'b', later(999), 1000)).toBe(false);
    expect(await turns.take(id, 'a', later(999), 1000)).toBe(true);
    expect(await turns.take(id, 'b', later(1500), 1000)).toBe(false);
    expect(await turns.take(id, 'b', later(2000), 1000)).toBe(true);
    expect(await turns.take(id, 'a', later(2500), 1000)).toBe(false);
    expect(await turns.take(randomUUID(), 'a', now, 1000)).toBe(true);
  });

  it('go to one alone of those who ask for a free one at once', async () => {
    const id = randomUUID();
    const taken = await Promise.all(Array.from({ length: 8 }, (_, number) => turns.take(id, `holder ${number}`, now, 1000)));
    expect(taken.filter(Boolean)).toHaveLength(1);
  });
});
