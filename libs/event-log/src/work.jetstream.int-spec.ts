import { jetstreamManager } from '@nats-io/jetstream';
import { imageSubject, streamName } from '#libs/contracts';
import { jetStreamEventLog } from './jetstream.js';
import { region, startRegion, type JetStreamRegion } from './jetstream.suite.js';
import { workOnImages } from './work.jetstream.js';

let running: JetStreamRegion;
beforeAll(async () => { running = await startRegion(); });
afterAll(() => running.close());

const imageId = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

describe('Work on the commits of images', () => {
  it('is given what concerns it, several at once and no more, and is done with all else without being asked', async () => {
    const log = await jetStreamEventLog(await running.as('catalog'), { region });
    for (let n = 1; n <= 40; n += 1) await log.append(imageSubject(region, imageId(n)), Buffer.from(n % 10 === 0 ? 'work' : 'none'), { expectedLastSequence: 0, messageId: String(n) });
    const stop = new AbortController();
    const [worked, troubles]: [number[], unknown[]] = [[], []];
    let [now, most] = [0, 0];
    const connection = await running.as('importer');
    const working = workOnImages(connection, {
      region, name: 'importer', atOnce: 2, handedOnAfterMs: 30_000, signal: stop.signal, onTrouble: (error) => troubles.push(error),
      concerns: ({ bytes }) => Buffer.from(bytes).includes('work'),
    }, async ({ sequence }) => {
      now += 1;
      most = Math.max(most, now);
      await new Promise((resolve) => { setTimeout(resolve, 50); });
      now -= 1;
      worked.push(sequence);
      return 'done';
    });
    const manager = await jetstreamManager(connection, { checkAPI: false });
    const done = async () => (await manager.consumers.info(streamName(region), 'importer')).ack_floor.stream_seq === 40;
    while (worked.length < 4 || !await done()) await new Promise((resolve) => { setTimeout(resolve, 20); });
    stop.abort();
    await working;
    expect(worked.toSorted((one, other) => one - other)).toEqual([10, 20, 30, 40]);
    expect(most).toBeLessThanOrEqual(2);
    expect(troubles).toEqual([]);
  });
});
