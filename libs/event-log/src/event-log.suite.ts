import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { imageSubject } from '#libs/contracts';
import { WrongExpectedSequence, type EventLog, type Stored } from './event-log.js';

/** What every driver of the event log promises. `open` gives an empty log of the region `RegionOne`; `close` ends what it opened. */
export function eventLogSuite(open: () => Promise<{ log: EventLog; close(): Promise<void> }>): void {
  let log: EventLog;
  let close: () => Promise<void>;
  beforeEach(async () => { ({ log, close } = await open()); });
  afterEach(async () => close());

  const aSubject = () => imageSubject('RegionOne', randomUUID());
  const bytesOf = (text: string) => Buffer.from(text);
  const textOf = ({ bytes }: Stored) => Buffer.from(bytes).toString();
  const append = (subject: string, text: string, expectedLastSequence: number) =>
    log.append(subject, bytesOf(text), { expectedLastSequence, messageId: randomUUID() });

  describe('append', () => {
    it('gives sequences in the order of the appends, over all subjects', async () => {
      const [first, second] = [aSubject(), aSubject()];
      const { sequence } = await append(first, 'a', 0);
      expect((await append(second, 'b', 0)).sequence).toBe(sequence + 1);
      expect((await append(first, 'c', sequence)).sequence).toBe(sequence + 2);
    });

    it('keeps the bytes exactly as they were given', async () => {
      const subject = aSubject();
      const bytes = Uint8Array.from({ length: 256 }, (_, index) => index);
      await log.append(subject, bytes, { expectedLastSequence: 0, messageId: randomUUID() });
      const [stored] = await log.read(subject);
      expect([...stored!.bytes]).toEqual([...bytes]);
    });

    it('refuses what expects another last sequence of the subject than there is, and writes nothing', async () => {
      const subject = aSubject();
      const { sequence } = await append(subject, 'a', 0);
      await expect(append(subject, 'b', 0)).rejects.toBeInstanceOf(WrongExpectedSequence);
      await expect(append(subject, 'b', sequence + 1)).rejects.toBeInstanceOf(WrongExpectedSequence);
      await expect(append(aSubject(), 'b', sequence)).rejects.toBeInstanceOf(WrongExpectedSequence);
      expect((await log.extent()).lastSequence).toBe(sequence);
    });

    it('lets exactly one of many appends with the same expectation succeed', async () => {
      const subject = aSubject();
      const outcomes = await Promise.allSettled(Array.from({ length: 8 }, (_, index) => append(subject, `writer ${index}`, 0)));
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(WrongExpectedSequence);
      expect(await log.read(subject, { consistent: true })).toHaveLength(1);
    });

    it('never takes another message for a repetition because both bear the same message id', async () => {
      const [first, second] = [aSubject(), aSubject()];
      const messageId = randomUUID();
      await log.append(first, bytesOf('a'), { expectedLastSequence: 0, messageId });
      const outcome = await log.append(second, bytesOf('b'), { expectedLastSequence: 0, messageId }).catch((error: unknown) => error);
      const stored = await log.read(second, { consistent: true });
      if (outcome instanceof Error) expect([outcome.name, stored]).toEqual(['WrongExpectedSequence', []]);
      else expect(stored.map(textOf)).toEqual(['b']);
    });

    it('refuses a subject that is none of the log', async () => {
      await expect(append('glance.RegionOne.image.*', 'a', 0)).rejects.toThrow('not a subject of the log');
      await expect(append('other.subject', 'a', 0)).rejects.toThrow('not a subject of the log');
    });
  });

  describe('read', () => {
    it.each([{ consistent: false }, { consistent: true }])('gives the messages of one subject only, oldest first (%o)', async (options) => {
      const [mine, other] = [aSubject(), aSubject()];
      const first = await append(mine, 'a', 0);
      const between = await append(other, 'x', 0);
      const second = await append(mine, 'b', first.sequence);
      await append(other, 'y', between.sequence);
      expect((await log.read(mine, options)).map((stored) => [stored.sequence, stored.subject, textOf(stored)]))
        .toEqual([[first.sequence, mine, 'a'], [second.sequence, mine, 'b']]);
    });

    it.each([{ consistent: false }, { consistent: true }])('begins after the given sequence (%o)', async (options) => {
      const subject = aSubject();
      const first = await append(subject, 'a', 0);
      const second = await append(subject, 'b', first.sequence);
      expect((await log.read(subject, { ...options, after: first.sequence })).map(textOf)).toEqual(['b']);
      expect(await log.read(subject, { ...options, after: second.sequence })).toEqual([]);
    });

    it.each([{ consistent: false }, { consistent: true }])('gives nothing for a subject without messages (%o)', async (options) => {
      expect(await log.read(aSubject(), options)).toEqual([]);
    });

    it.each([{ consistent: false }, { consistent: true }])('gives a long history whole (%o)', async (options) => {
      const subject = aSubject();
      let last = 0;
      for (let index = 0; index < 300; index++) last = (await append(subject, `${index}`, last)).sequence;
      expect((await log.read(subject, options)).map(textOf)).toEqual(Array.from({ length: 300 }, (_, index) => `${index}`));
    });
  });

  describe('at', () => {
    it('gives one message by its sequence, and nothing where there is none', async () => {
      const subject = aSubject();
      const { sequence } = await append(subject, 'a', 0);
      expect(await log.at(sequence)).toMatchObject({ sequence, subject });
      expect(await log.at(sequence + 1)).toBeUndefined();
    });
  });

  describe('extent', () => {
    it('names the log and how far it goes', async () => {
      const empty = await log.extent();
      expect(empty.lastSequence).toBe(0);
      const { sequence } = await append(aSubject(), 'a', 0);
      expect(await log.extent()).toEqual({ createdAt: empty.createdAt, firstSequence: sequence, lastSequence: sequence });
    });
  });

  describe('follow', () => {
    /** Follows until `count` messages have come, and gives them as they came. */
    const follow = async (after: number, count: number, batchSize: number, onBatch: (batch: readonly Stored[]) => Promise<void> = () => Promise.resolve()) => {
      const seen: Stored[] = [];
      const enough = new AbortController();
      await log.follow({ after, batchSize, signal: enough.signal }, async (batch) => {
        await onBatch(batch);
        seen.push(...batch);
        if (seen.length >= count) enough.abort();
      });
      return seen;
    };

    it('hands out every message once and in order: those that are there and those that come', async () => {
      for (let index = 0; index < 20; index++) await append(aSubject(), `${index}`, 0);
      const following = follow(0, 40, 7);
      for (let index = 20; index < 40; index++) await append(aSubject(), `${index}`, 0);
      const seen = await following;
      expect(seen.map(textOf)).toEqual(Array.from({ length: 40 }, (_, index) => `${index}`));
      expect(seen.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 40 }, (_, index) => index + 1));
    });

    it('begins after the given sequence', async () => {
      for (let index = 0; index < 5; index++) await append(aSubject(), `${index}`, 0);
      expect((await follow(3, 2, 10)).map(textOf)).toEqual(['3', '4']);
    });

    it('hands out one batch at a time, none over the batch size', async () => {
      for (let index = 0; index < 30; index++) await append(aSubject(), `${index}`, 0);
      let running = 0;
      const sizes: number[] = [];
      await follow(0, 30, 8, async (batch) => {
        running += 1;
        expect(running).toBe(1);
        sizes.push(batch.length);
        await pause(2);
        running -= 1;
      });
      expect(Math.max(...sizes)).toBeLessThanOrEqual(8);
    });

    it('resolves when it is told to stop while nothing comes', async () => {
      const stop = new AbortController();
      const following = log.follow({ after: 0, batchSize: 10, signal: stop.signal }, () => Promise.resolve());
      await pause(20);
      stop.abort();
      await following;
    });

    it('rejects with the error of the one who handles the batches', async () => {
      await append(aSubject(), 'a', 0);
      const never = new AbortController();
      await expect(log.follow({ after: 0, batchSize: 10, signal: never.signal }, () => Promise.reject(new Error('cannot handle')))).rejects.toThrow('cannot handle');
    });
  });
}
