import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { imageSubject, streamName } from '#libs/contracts';
import { WrongExpectedSequence, type EventLog } from './event-log.js';
import { eventLogSuite } from './event-log.suite.js';
import { askedBatches, type Gathering } from './jetstream.follow.js';
import { jetStreamEventLog } from './jetstream.js';
import { region, startRegion, type JetStreamRegion } from './jetstream.suite.js';
import { createStreams } from './streams.js';

const aSubject = () => imageSubject(region, randomUUID());
const append = (log: EventLog, subject: string, expectedLastSequence = 0) =>
  log.append(subject, Buffer.from('{"of":"an image"}'), { expectedLastSequence, messageId: randomUUID() });

describe.each([['asks for it', {}], ['has it pushed', { pushedTo: 'catalog' as const }]])('the event log on JetStream, where who follows it %s', (_, how) => {
  eventLogSuite(async () => {
    const running = await startRegion();
    return { log: await jetStreamEventLog(await running.as('catalog'), { region, ...how }), close: running.close };
  });
});

describe('a follower in the process that appends', () => {
  let running: JetStreamRegion;
  beforeAll(async () => { running = await startRegion(); });
  afterAll(() => running.close());

  /** A log with one message, which is followed while another append is under way. */
  async function whileAppending(gathering: Partial<Gathering>) {
    const connection = await running.as('catalog');
    const log = await jetStreamEventLog(connection, { region });
    const { sequence: first } = await append(log, aSubject());
    let answer: (sequence: number) => void = () => undefined;
    const own = { answered: () => new Promise<number>((resolve) => { answer = resolve; }) };
    const batches = await askedBatches(jetstream(connection), streamName(region), { after: first - 1, batchSize: 100 }, { own, ...gathering });
    return { log, first, answer: (sequence: number) => { answer(sequence); }, batch: async () => (await batches.next()).map(({ sequence }) => sequence), stop: batches.stop };
  }

  it('has what was being appended when a message came in the same batch, so that both are paid for together', async () => {
    const { log, first, answer, batch, stop } = await whileAppending({ gatherMs: 60_000 });
    const coming = batch();
    await pause(100);
    const { sequence: second } = await append(log, aSubject());
    answer(second);
    expect(await coming).toEqual([first, second]);
    stop();
  });

  it('is not held up by an append that nobody answers', async () => {
    const { first, batch, stop } = await whileAppending({});
    expect(await batch()).toEqual([first]);
    stop();
  });
});

describe('a follower that is pushed to', () => {
  it('is sent no more than it can hold while it handles a batch, and all of a log however large', async () => {
    const running = await startRegion();
    try {
      const [messages, commit] = [160, Buffer.alloc(500_000, 'a large commit')];
      const connection = await running.as('catalog');
      const log = await jetStreamEventLog(connection, { region, pushedTo: 'catalog' });
      for (let count = 0; count < messages; count += 1) await log.append(aSubject(), commit, { expectedLastSequence: 0, messageId: randomUUID() });
      const before = connection.stats().inBytes;
      const nothingComes = async (): Promise<void> => {
        for (let seen = -1, now = connection.stats().inBytes; now > seen; now = connection.stats().inBytes) {
          seen = now;
          await pause(300);
        }
      };
      const enough = new AbortController();
      let [came, ahead] = [0, 0];
      await log.follow({ after: 0, batchSize: 4, signal: enough.signal }, async (batch) => {
        if (came === 0) {
          await nothingComes();
          ahead = connection.stats().inBytes - before;
        }
        came += batch.length;
        if (came === messages) enough.abort();
      });
      expect([came, ahead < messages * commit.byteLength / 2]).toEqual([messages, true]);
    } finally {
      await running.close();
    }
  });
});

describe('the streams of a region', () => {
  let running: JetStreamRegion;
  beforeAll(async () => { running = await startRegion(); });
  afterAll(() => running.close());

  it('are left as they are when they exist', async () => {
    const catalog = await running.as('catalog');
    const log = await jetStreamEventLog(catalog, { region });
    const { createdAt } = await log.extent();
    const { sequence } = await append(log, aSubject());
    await createStreams(await running.as('setup'), region, { replicas: 1 });
    expect(await log.extent()).toEqual({ createdAt, firstSequence: 1, lastSequence: sequence });
  });

  it('are refused, difference by difference, when they exist with another configuration', async () => {
    await expect(createStreams(await running.as('setup'), region, { replicas: 1, maxLogBytes: 1_000_000 })).rejects.toThrow('max_bytes is -1, not 1000000');
  });

  it('cannot be deleted, purged, changed or shortened by a service', async () => {
    for (const user of ['catalog', 'gateway', 'operator', 'setup'] as const) {
      const manager = await jetstreamManager(await running.as(user), { checkAPI: false, timeout: 500 });
      await expect(manager.streams.delete(streamName(region))).rejects.toThrow(/[Pp]ermissions? [Vv]iolation/);
      await expect(manager.streams.purge(streamName(region))).rejects.toThrow(/[Pp]ermissions? [Vv]iolation/);
      await expect(manager.streams.update(streamName(region), { max_msgs: 1 })).rejects.toThrow(/[Pp]ermissions? [Vv]iolation/);
      await expect(manager.streams.deleteMessage(streamName(region), 1)).rejects.toThrow(/[Pp]ermissions? [Vv]iolation/);
    }
  });

  it('take commits of images from the catalog alone', async () => {
    for (const user of ['gateway', 'staging', 'importer', 'federation'] as const) {
      await expect(append(await jetStreamEventLog(await running.as(user), { region }), aSubject())).rejects.toThrow(/[Pp]ermissions? [Vv]iolation/);
    }
  });

  it('refuse appends when the log is full, and keep what they hold', async () => {
    const small = await startRegion({ maxLogBytes: 10_000 });
    try {
      const log = await jetStreamEventLog(await small.as('catalog'), { region });
      const fill = (bytes: number) => log.append(aSubject(), Buffer.from(randomUUID().repeat(bytes / 36)), { expectedLastSequence: 0, messageId: randomUUID() });
      const { sequence } = await fill(6_000);
      await expect(fill(6_000)).rejects.toMatchObject({ name: 'Problem', code: 'LogFull' });
      expect(await log.extent()).toMatchObject({ firstSequence: 1, lastSequence: sequence });
      expect((await fill(360)).sequence).toBe(sequence + 1);
    } finally {
      await small.close();
    }
  });
});

describe('when the log\'s server is killed', () => {
  let running: JetStreamRegion;
  beforeEach(async () => { running = await startRegion({ durable: true }); });
  afterEach(() => running.close());

  const killAndRestart = async () => {
    await running.stack.nats.kill();
    await pause(200);
    running.stack.nats = await running.stack.nats.restart();
  };

  it.each([['asks', {}], ['is pushed to', { pushedTo: 'catalog' as const }]])('loses no acknowledged append, and a follower that %s sees each message once, in order', async (_, how) => {
    const log = await jetStreamEventLog(await running.as('catalog'), { region, ...how });
    const followed: number[] = [];
    const stop = new AbortController();
    const following = log.follow({ after: 0, batchSize: 100, signal: stop.signal }, (batch) => {
      followed.push(...batch.map(({ sequence }) => sequence));
      return Promise.resolve();
    });
    let isWriting = true;
    const acknowledged = new Map<string, number>();
    const writer = async () => {
      while (isWriting) {
        const subject = aSubject();
        // A lost race is the writer's own first try, found by its second; unavailable is not acknowledged.
        const appended = await append(log, subject).catch(() => undefined);
        if (appended) acknowledged.set(subject, appended.sequence);
      }
    };
    const writers = Array.from({ length: 8 }, writer);
    for (let kills = 0; kills < 3; kills++) {
      await pause(400);
      await killAndRestart();
      const before = acknowledged.size;
      while (acknowledged.size < before + 10) await pause(10);
    }
    isWriting = false;
    await Promise.all(writers);
    const { lastSequence } = await log.extent();
    while ((followed.at(-1) ?? 0) < lastSequence) await pause(10);
    stop.abort();
    await following;
    expect(followed).toEqual(Array.from({ length: lastSequence }, (_, index) => index + 1));
    for (const [subject, sequence] of acknowledged) expect(await log.at(sequence)).toMatchObject({ subject });
  });

  it('refuses as unavailable what it cannot answer, and answers again when the server is back', async () => {
    const log = await jetStreamEventLog(await running.as('catalog'), { region });
    const subject = aSubject();
    const { sequence } = await append(log, subject);
    await running.stack.nats.kill();
    const outage = { name: 'Problem', code: 'Unavailable' };
    await Promise.all([
      expect(log.read(subject)).rejects.toMatchObject(outage),
      expect(log.read(subject, { consistent: true })).rejects.toMatchObject(outage),
      expect(log.extent()).rejects.toMatchObject(outage),
    ]);
    running.stack.nats = await running.stack.nats.restart();
    expect(await log.read(subject, { consistent: true })).toHaveLength(1);
    await expect(append(log, subject)).rejects.toBeInstanceOf(WrongExpectedSequence);
    expect((await append(log, subject, sequence)).sequence).toBe(sequence + 1);
  });

  it('writes nothing on a server that came back before somebody could ask whether its log is still the same', async () => {
    const asked: string[] = [];
    const log = await jetStreamEventLog(await running.as('catalog'), { region, beforeRepeat: () => {
      asked.push('before the repetition');
      return Promise.reject(new Error('the log is not trusted'));
    } });
    const { sequence } = await append(log, aSubject());
    await running.stack.nats.kill();
    await pause(50);
    const refused = expect(append(log, aSubject())).rejects.toThrow('the log is not trusted');
    running.stack.nats = await running.stack.nats.restart();
    await refused;
    await pause(300);
    expect(asked).toHaveLength(1);
    expect(await log.extent()).toMatchObject({ lastSequence: sequence });
  });

  it('ends following with an error when the connection was closed for good', async () => {
    const connection = await running.as('catalog');
    const log = await jetStreamEventLog(connection, { region });
    const following = log.follow({ after: 0, batchSize: 10, signal: new AbortController().signal }, () => Promise.resolve());
    const failed = expect(following).rejects.toThrow('was closed');
    await pause(50);
    await connection.close();
    await failed;
  });
});
