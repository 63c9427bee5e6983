import { randomUUID } from 'node:crypto';
import { region, startRegion } from './jetstream.suite.js';
import { jetStreamPlaces } from './places.jetstream.js';
import { jetStreamTurns } from './turns.jetstream.js';

interface Place { readonly at: number }

describe('Places on JetStream', () => {
  let running: Awaited<ReturnType<typeof startRegion>>;
  beforeAll(async () => { running = await startRegion(); }, 60_000);
  afterAll(() => running.close());

  it('are found by whoever takes the work up, as they were kept last, beside the turn at the same work', async () => {
    const [one, other] = [await running.as('federation'), await running.as('federation')];
    const [mine, theirs] = [await jetStreamPlaces<Place>(one, { region }), await jetStreamPlaces<Place>(other, { region })];
    const turns = await jetStreamTurns(one, { region });
    const id = randomUUID();
    expect(await mine.read(id)).toBeUndefined();
    await mine.keep(id, { at: 1 });
    expect(await turns.take(id, 'me', new Date(), 1000)).toBe(true);
    await mine.keep(id, { at: 2 });
    await one.close();
    expect([await theirs.read(id), await theirs.read(randomUUID())]).toEqual([{ at: 2 }, undefined]);
  });
});
