import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { imageSubject } from '#libs/contracts';
import type { EventLog, FollowOptions, Stored } from './event-log.js';
import { eventLogSuite } from './event-log.suite.js';
import { followTogether } from './follow-together.js';
import { memoryEventLog } from './memory.js';

/** A log that notes from where on it was asked to be followed. */
function aLog() {
  const log = memoryEventLog();
  const asked: number[] = [];
  const follow: EventLog['follow'] = (options, onBatch) => {
    asked.push(options.after);
    return log.follow(options, onBatch);
  };
  const append = async (count: number) => { for (let n = 0; n < count; n += 1) await log.append(imageSubject('RegionOne', randomUUID()), Buffer.from('x'), { expectedLastSequence: 0, messageId: randomUUID() }); };
  return { log: { ...log, follow }, asked, append };
}

/** Follows in the background; `seen` are the sequences that came. */
function aFollower(follow: EventLog['follow'], options: Pick<FollowOptions, 'after'> & { batchSize?: number }) {
  const stop = new AbortController();
  const seen: number[] = [];
  const running = follow({ batchSize: 10, ...options, signal: stop.signal }, async (batch: readonly Stored[]) => {
    await Promise.resolve();
    seen.push(...batch.map(({ sequence }) => sequence));
  });
  return { seen, stop: async () => { stop.abort(); await running; } };
}

async function until(isSo: () => boolean): Promise<void> {
  for (let left = 2000; !isSo() && left > 0; left -= 1) await pause(5);
  expect(isSo()).toBe(true);
}
const upTo = (last: number, first = 1): number[] => Array.from({ length: last - first + 1 }, (_, place) => first + place);

describe('Following a log together, while nobody leads', () => {
  eventLogSuite(() => {
    const log = memoryEventLog();
    return Promise.resolve({ log: { ...log, follow: followTogether(log).follow }, close: () => Promise.resolve() });
  });
});

describe('Following a log together', () => {
  it('reads it once for those who stand where the leader stands', async () => {
    const { log, asked, append } = aLog();
    await append(3);
    const together = followTogether(log);
    const leader = aFollower(together.lead, { after: 3 });
    const other = aFollower(together.follow, { after: 3, batchSize: 2 });
    await append(25);
    await until(() => other.seen.length === 25);
    expect(leader.seen).toEqual(upTo(28, 4));
    expect(other.seen).toEqual(upTo(28, 4));
    expect(asked).toEqual([3]);
    await Promise.all([leader.stop(), other.stop()]);
  });

  it('lets who is behind catch up from the log, and misses and repeats nothing', async () => {
    const { log, asked, append } = aLog();
    await append(30);
    const together = followTogether(log);
    const leader = aFollower(together.lead, { after: 20 });
    const behind = aFollower(together.follow, { after: 5 });
    await until(() => behind.seen.length === 25);
    await append(10);
    await until(() => behind.seen.length === 35);
    await append(10);
    await until(() => behind.seen.length === 45);
    expect(behind.seen).toEqual(upTo(50, 6));
    expect(asked).toEqual([20, 5]);
    await Promise.all([leader.stop(), behind.stop()]);
  });

  it('goes on by itself where the leader stops, and with him when he is back', async () => {
    const { log, append } = aLog();
    const together = followTogether(log);
    const first = aFollower(together.lead, { after: 0 });
    const other = aFollower(together.follow, { after: 0 });
    await append(5);
    await until(() => other.seen.length === 5);
    await first.stop();
    await append(5);
    await until(() => other.seen.length === 10);
    const second = aFollower(together.lead, { after: 5 });
    await append(5);
    await until(() => other.seen.length === 15);
    expect(other.seen).toEqual(upTo(15));
    await Promise.all([second.stop(), other.stop()]);
  });

  it('leaves nothing that the leader has not handled, and ends with the error of the one who handles', async () => {
    const { log, append } = aLog();
    const together = followTogether(log);
    await append(1);
    await expect(together.lead({ after: 0, batchSize: 10, signal: new AbortController().signal }, () => Promise.reject(new Error('cannot handle')))).rejects.toThrow('cannot handle');
    const leader = aFollower(together.lead, { after: 0 });
    await until(() => leader.seen.length === 1);
    await expect(together.follow({ after: 0, batchSize: 10, signal: new AbortController().signal }, () => Promise.reject(new Error('neither'))) ).rejects.toThrow('neither');
    await leader.stop();
  });
});
