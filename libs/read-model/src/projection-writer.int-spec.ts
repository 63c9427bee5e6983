import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import pg from 'pg';
import { startTestStack, type TestStack } from '#libs/embedded';
import { hashOfCommit } from '#libs/contracts';
import { anImage, attemptId } from '#libs/testing';
import { foldFresh, migrate, openReadModel, PositionMoved, RebuildRunning, rememberImages, startRebuild, type FeedRow, type ReadModel, type Rebuild } from './index.js';
import { besideRebuild } from './some-catalogue.suite.js';
import { generatedLog, idOf, inBatches, logCreatedAt, someLog, type SomeLog } from './some-log.suite.js';

let stack: TestStack;
let url: string;
let readModel: ReadModel;
beforeAll(async () => { stack = await startTestStack({ withNats: false }); });
afterAll(() => stack.stop());

/** Every test has a database of its own. */
beforeEach(async () => {
  const name = `t_${randomUUID().slice(0, 8)}`;
  await stack.postgres.createDatabase(name);
  url = stack.postgres.url(name);
  await migrate({ url });
  readModel = await openReadModel({ url, poolSize: 4 });
});
afterEach(() => readModel.close());

/** Every other batch comes as another thread would have folded it. */
async function apply(log: SomeLog, to: Pick<ReadModel, 'applyBatch' | 'readAhead' | 'position'> = readModel, sizes = [1000]): Promise<void> {
  let { sequence } = await to.position();
  const remembered = rememberImages();
  let isFoldedElsewhere = false;
  for (const batch of inBatches(log.after(sequence), sizes)) {
    await to.readAhead(batch, isFoldedElsewhere ? structuredClone(await foldFresh(batch)) : undefined);
    isFoldedElsewhere = !isFoldedElsewhere;
    ({ position: sequence } = await to.applyBatch(batch, { after: sequence, logCreatedAt }, remembered));
  }
}

async function applyUpTo(end: number, log: SomeLog, to: Rebuild): Promise<void> {
  const { sequence } = await to.position();
  await to.applyBatch(log.after(sequence).filter((message) => message.sequence <= end), { after: sequence, logCreatedAt });
}

describe('A batch', () => {
  it('is seen with its position, guard and log tail, or not at all', async () => {
    const log = someLog();
    for (let number = 1; number <= 3; number += 1) log.append(idOf(number), anImage({ status: 'active' }));
    const [first, second, third] = log.messages;
    if (!first || !second || !third) throw new Error('three messages were appended');
    await readModel.applyBatch([first, second], { after: 0, logCreatedAt });
    await expect(readModel.applyBatch([third], { after: 1, logCreatedAt })).rejects.toBeInstanceOf(PositionMoved);
    expect(await readModel.imageById(idOf(3))).toBeUndefined();
    expect(await readModel.position()).toEqual({ sequence: 2, logCreatedAt });
    expect(await readModel.guardPosition()).toEqual({ sequence: 2, logCreatedAt, hash: hashOfCommit(second.bytes) });
    expect(await readModel.logTail(0, 10)).toEqual([first, second].map((message) => ({ ...message, bytes: Buffer.from(message.bytes) })));
    expect(await readModel.logTailStart()).toBe(1);
  });

  it('is applied once, whichever of two projectors that both believe to be the one comes first', async () => {
    const log = someLog();
    for (let number = 1; number <= 20; number += 1) log.append(idOf(number), anImage());
    const outcomes = await Promise.allSettled([1, 2, 3, 4].map(() => readModel.applyBatch(log.messages, { after: 0, logCreatedAt })));
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes) if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(PositionMoved);
  });

  it('parks an image whose values PostgreSQL refuses, and no other', async () => {
    const log = someLog();
    log.append(idOf(1), anImage({ name: 'good' }));
    log.append(idOf(2), anImage({ properties: { bad: 'nul \u0000' } }));
    log.append(idOf(3), anImage({ name: 'good too' }));
    log.append(idOf(4), anImage({ status: 'deleted', properties: { bad: 'nul \u0000' } }));
    const { parked, position } = await readModel.applyBatch(log.messages, { after: 0, logCreatedAt });
    expect(position).toBe(4);
    expect(parked).toMatchObject([{ image_id: idOf(2), sequence: 2 }, { image_id: idOf(4), sequence: 4 }]);
    expect(await readModel.parkedImages(10)).toMatchObject([{ imageId: idOf(2), sequence: 2 }, { imageId: idOf(4), sequence: 4 }]);
    expect((await readModel.imageById(idOf(3)))?.image.name).toBe('good too');
    log.append(idOf(2), [{ type: 'ImageTagAdded', data: { tag: 'later' } }]);
    await apply(log);
    expect(await readModel.imageById(idOf(2))).toBeUndefined();
    expect(await readModel.counts()).toEqual({ images: { queued: 2 }, openAttempts: 0, removals: 0, parked: 2 });
  });

  it('begins no image a second time, whatever the log says, whether it is there or parked', async () => {
    const log = someLog();
    log.append(idOf(1), anImage({ name: 'once' }));
    log.append(idOf(2), anImage({ name: 'nul \u0000' }));
    log.append(idOf(3), anImage());
    await apply(log);
    const again = log.messages.slice(0, 2).map((message) => ({ ...message, sequence: message.sequence + 3 }));
    const { parked } = await readModel.applyBatch(again, { after: 3, logCreatedAt });
    expect(parked).toMatchObject([{ image_id: idOf(1), sequence: 4, reason: expect.stringContaining('version') as string }]);
    expect((await readModel.parkedImages(10)).map(({ imageId, sequence }) => [imageId, sequence])).toEqual([[idOf(2), 2], [idOf(1), 4]]);
    expect((await readModel.imageById(idOf(1)))?.image.name).toBe('once');
  });

  it('of messages that it knows nothing of moves the position alone', async () => {
    const message = { sequence: 5, subject: 'glance.RegionTest.policy.bmFtZQ', bytes: Buffer.from('{}') };
    await readModel.applyBatch([message], { after: 0, logCreatedAt });
    expect(await readModel.position()).toEqual({ sequence: 5, logCreatedAt });
    expect(await readModel.counts()).toMatchObject({ images: {}, parked: 0 });
  });
});

describe('A rebuild', () => {
  it('brings every text as it is, and parks what PostgreSQL refuses, as the live catalogue does', async () => {
    const log = someLog();
    const texts = ['tab\there', 'new\nline', 'return\r', 'back\\slash', '\\N', '\\.', '"quoted", {x}', '', 'NULL', "o'clock", '🛰️', 'nul \u0000', '%_'];
    for (const [number, text] of texts.entries()) log.append(idOf(number + 1), anImage({ name: text, tags: [text, 'a'], properties: { [`name ${text}`]: text }, ...(number % 2 === 0 ? { status: 'active' } : {}) }));
    await apply(log);
    const rebuild = await startRebuild({ url });
    try {
      await apply(log, rebuild, [5]);
      expect(await readModel.compareWith('catalog_next')).toEqual([]);
      expect((await readModel.parkedImages(10)).map(({ sequence }) => texts[sequence - 1])).toEqual(['nul \u0000']);
      expect((await readModel.imageById(idOf(5)))?.image).toMatchObject({ name: '\\N', tags: ['\\N', 'a'], properties: { 'name \\N': '\\N' } });
    } finally {
      await rebuild.close();
    }
  });

  it('begins no image a second time, whether it is there, deleted or parked, and says the same as the live catalogue', async () => {
    const log = someLog();
    log.append(idOf(1), anImage({ name: 'once' }));
    log.append(idOf(2), anImage({ name: 'nul \u0000' }));
    log.append(idOf(3), [...anImage(), { type: 'ImageDeleted', data: {} }]);
    const again = log.messages.map((message) => ({ ...message, sequence: message.sequence + 3 }));
    const rebuild = await startRebuild({ url });
    try {
      for (const to of [readModel, rebuild]) {
        await apply(log, to);
        for (const [place, message] of again.entries()) {
          const batch = [message];
          await to.readAhead(batch);
          expect((await to.applyBatch(batch, { after: place + 3, logCreatedAt })).position).toBe(place + 4);
        }
      }
      expect(await readModel.compareWith('catalog_next')).toEqual([]);
      expect((await readModel.parkedImages(10)).map(({ imageId }) => imageId)).toEqual([idOf(2), idOf(1), idOf(3)]);
    } finally {
      await rebuild.close();
    }
  });
});

describe('The log tail', () => {
  it('keeps at least the newest 10,000 messages and forgets older ones', async () => {
    const log = someLog();
    log.append(idOf(1), anImage());
    const bytes = log.messages[0]?.bytes ?? Buffer.alloc(0);
    const of = (from: number, to: number) => Array.from({ length: to - from }, (_, place) => ({ sequence: from + place + 1, subject: 'glance.R.policy.x', bytes }));
    await readModel.applyBatch(of(0, 10_000), { after: 0, logCreatedAt });
    await readModel.applyBatch(of(10_000, 10_800), { after: 10_000, logCreatedAt });
    expect(await readModel.logTailStart()).toBe(801);
    expect(await readModel.logTail(10_799, 10)).toHaveLength(1);
  });
});

describe('The work with attempts', () => {
  it('names attempts that are open, and those that are over until their bytes are gone', async () => {
    const log = someLog();
    log.append(idOf(1), anImage({ status: 'saving' }));
    log.append(idOf(2), anImage({ status: 'deleted' }));
    await apply(log);
    expect(await readModel.openAttempts(10)).toEqual([{ imageId: idOf(1), attemptId, storeId: 'fast', since: new Date('2026-03-01T00:00:00.000Z') }]);
    const [candidate] = await readModel.removalCandidates(10);
    expect(candidate).toMatchObject({ imageId: idOf(2), attemptId, storeId: 'fast' });
    if (!candidate) throw new Error('nothing is to be removed');
    expect(await readModel.removalCandidates(10, { after: candidate })).toEqual([]);
    expect(await readModel.removalCandidates(10, { storeIds: [candidate.storeId] })).toEqual([candidate]);
    expect(await readModel.removalCandidates(10, { storeIds: ['elsewhere'] })).toEqual([]);
    log.append(idOf(3), anImage({ status: 'deleted' }));
    await apply(log);
    expect((await readModel.removalCandidates(1)).map(({ imageId }) => imageId)).toEqual([idOf(2)]);
    expect((await readModel.removalCandidates(10, { after: candidate })).map(({ imageId }) => imageId)).toEqual([idOf(3)]);
    log.append(idOf(2), [{ type: 'ImageDataRemoved', data: { attemptId, storeId: 'fast' } }]);
    await apply(log);
    expect((await readModel.removalCandidates(10)).map(({ imageId }) => imageId)).toEqual([idOf(3)]);
  });
});

describe('Rows and events', () => {
  it('say the same of every image, for generated histories in any batches; and a rebuild in one go equals them row for row', async () => {
    let run = 0;
    await fc.assert(fc.asyncProperty(generatedLog, fc.array(fc.integer({ min: 1, max: 15 }), { minLength: 1, maxLength: 4 }), async (log, sizes) => {
      const schema = `catalog_${(run += 1)}`;
      await migrate({ url, schema });
      await besideRebuild({ url, schema }, async (live, rebuild) => {
        await apply(log, live, sizes);
        for (const [imageId, image] of log.states) {
          expect((await live.imageById(imageId, { atLeast: log.messages.length }))?.image).toEqual(image.status === 'deleted' ? undefined : image);
        }
        await apply(log, rebuild);
        expect(await live.compareWith('catalog_next')).toEqual([]);
      });
    }), { numRuns: 8 });
  });
});

describe('A rebuilt catalogue', () => {
  let rebuild: Rebuild;
  const moment = '2026-03-01T00:00:00.000Z';
  const feedRow: FeedRow = { sequence: 1, ordinal: 0, audience: 'owner', receiver: 'p', image_id: idOf(1), type: 'ImageCreated', actor: null, moment, event: {} as FeedRow['event'] };

  /** A catalogue of one image, whose feed has one event. */
  async function aFeed() {
    const log = someLog();
    log.append(idOf(1), anImage());
    await apply(log);
    const after = await readModel.restartFeed(logCreatedAt);
    const position = { sequence: 1, logCreatedAt, moment };
    await readModel.writeFeed({ after, to: position, rows: [feedRow], owners: new Map() });
    return { log, position };
  }

  afterEach(() => rebuild.close());

  const indexes = () => onServer(`select indexdef from pg_indexes where schemaname = 'catalog' order by indexname`);

  it('takes the place of the live one when it has caught up, and a projector that was about to write to the old one writes nothing', async () => {
    const log = someLog();
    log.append(idOf(1), anImage({ name: 'one' }));
    await apply(log);
    const indexesBefore = await indexes();
    rebuild = await startRebuild({ url });
    await apply(log, rebuild);
    log.append(idOf(2), anImage({ name: 'two' }));
    await apply(log);
    expect(await rebuild.swap()).toBe(false);
    await rebuild.buildIndexes();
    await apply(log, rebuild);
    expect(await readModel.compareWith('catalog_next')).toEqual([]);
    expect(await rebuild.swap()).toBe(true);
    expect(await indexes()).toEqual(indexesBefore);

    // Readers and the projector go on with the connections they have.
    expect((await readModel.imageById(idOf(2)))?.image.name).toBe('two');
    log.append(idOf(3), anImage({ name: 'three' }));
    await apply(log);
    expect((await readModel.imageById(idOf(3), { atLeast: 3 }))?.image.name).toBe('three');
    await expect(readModel.compareWith('catalog_next')).rejects.toThrow('does not exist');
  });

  it('loses nothing that is projected while it takes its place', async () => {
    const log = someLog();
    log.append(idOf(1), anImage());
    await apply(log);
    rebuild = await startRebuild({ url });
    await apply(log, rebuild);
    await rebuild.buildIndexes();
    let isSwapped = false;
    const projector = (async () => {
      while (!isSwapped || log.messages.length < 60) {
        log.append(idOf(log.messages.length + 1), anImage());
        await apply(log).catch((error: unknown) => { if (!(error instanceof PositionMoved)) throw error; });
      }
      await apply(log);
    })();
    let tries = 1;
    const swapping = (async () => {
      for (; !await rebuild.swap(); tries += 1) await applyUpTo((await readModel.position()).sequence, log, rebuild);
      isSwapped = true;
    })();
    await Promise.all([projector, swapping]);
    expect(tries).toBeLessThanOrEqual(4);
    expect((await readModel.counts()).images).toEqual({ queued: log.messages.length });
    expect((await readModel.position()).sequence).toBe(log.messages.length);
  });

  it('lets the live one go on when nobody comes back to swap', async () => {
    const log = someLog();
    log.append(idOf(1), anImage());
    await apply(log);
    rebuild = await startRebuild({ url });
    expect(await rebuild.swap()).toBe(false);
    log.append(idOf(2), anImage());
    await apply(log);
    await rebuild.buildIndexes();
    await apply(log, rebuild);
    expect(await rebuild.swap()).toBe(true);
    expect((await readModel.counts()).images).toEqual({ queued: 2 });
  });

  it('has the feed as it stands, once nobody reads it; who fills and reads it goes on as if nothing had happened', async () => {
    const { log, position } = await aFeed();
    rebuild = await startRebuild({ url });
    await apply(log, rebuild);
    await rebuild.buildIndexes();
    const reader = new pg.Client({ connectionString: url });
    await reader.connect();
    await reader.query('begin');
    await reader.query('select from catalog.image_events');
    expect(await rebuild.swap()).toBe(false);
    await reader.end();
    expect(await rebuild.swap()).toBe(true);
    expect(await readModel.feedPosition()).toEqual(position);
    const to = { ...position, sequence: 2 };
    await readModel.writeFeed({ after: position, to, rows: [{ ...feedRow, sequence: 2 }], owners: new Map() });
    expect((await readModel.listEvents({ after: { sequence: 0, ordinal: 0 }, limit: 9 }, { atLeast: 2 })).events).toHaveLength(2);
  });

  it('has an empty feed where it is asked for, to be filled anew', async () => {
    const { log } = await aFeed();
    rebuild = await startRebuild({ url });
    await apply(log, rebuild);
    await rebuild.buildIndexes();
    expect(await rebuild.swap('empty')).toBe(true);
    expect(await readModel.feedPosition()).toMatchObject({ sequence: 0, logCreatedAt: '' });
  });

  it('leaves guard and log tail alone', async () => {
    const log = someLog();
    log.append(idOf(1), anImage());
    log.append(idOf(2), anImage());
    await readModel.applyBatch(log.messages.slice(0, 1), { after: 0, logCreatedAt });
    rebuild = await startRebuild({ url });
    await apply(log, rebuild);
    expect((await readModel.guardPosition())?.sequence).toBe(1);
    expect(await readModel.logTail(0, 10)).toHaveLength(1);
  });

  it('is built by one at a time: a second one is refused and changes nothing, until the first has ended', async () => {
    const log = someLog();
    log.append(idOf(1), anImage());
    await apply(log);
    rebuild = await startRebuild({ url });
    await apply(log, rebuild);
    await expect(startRebuild({ url })).rejects.toThrow(RebuildRunning);
    expect(await rebuild.swap()).toBe(true);
    await rebuild.close();
    rebuild = await startRebuild({ url });
  });

  it('replaces a live one that stands elsewhere where the operator accepts another log, with guard and tail', async () => {
    const log = someLog();
    log.append(idOf(1), anImage({ name: 'given up' }));
    log.send(idOf(1), { type: 'AddImageTag', tag: 'given-up' });
    await apply(log);
    const other = someLog();
    other.append(idOf(2), anImage({ name: 'accepted' }));
    rebuild = await startRebuild({ url });
    await rebuild.applyBatch(other.messages, { after: 0, logCreatedAt: 'later' });
    await rebuild.buildIndexes();
    const accepted = { logCreatedAt: 'later', sequence: 1, hash: 'of the accepted' };
    await rebuild.replaceLive(accepted, other.messages);
    expect(await readModel.position()).toEqual({ sequence: 1, logCreatedAt: 'later' });
    expect(await readModel.imageById(idOf(1))).toBeUndefined();
    expect((await readModel.imageById(idOf(2)))?.image.name).toBe('accepted');
    expect(await readModel.guardPosition()).toEqual(accepted);
    expect((await readModel.logTail(0, 10)).map(({ sequence }) => sequence)).toEqual([1]);
  });
});

describe('The right to be the projector', () => {
  it('belongs to one at a time, and is free when it is released', async () => {
    const lost: Error[] = [];
    const mine = await readModel.tryBecomeProjector((reason) => lost.push(reason));
    expect(mine).toBeDefined();
    expect(await readModel.tryBecomeProjector(() => undefined)).toBeUndefined();
    await mine?.release();
    const next = await readModel.tryBecomeProjector(() => undefined);
    expect(next).toBeDefined();
    await next?.release();
    expect(lost).toEqual([]);
  });

  it('is lost with its connection, and says so once', async () => {
    const lost: Error[] = [];
    await readModel.tryBecomeProjector((reason) => lost.push(reason));
    await onServer(`select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())`);
    await until(() => lost.length > 0);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(lost).toHaveLength(1);
    const next = await readModel.tryBecomeProjector(() => undefined);
    expect(next).toBeDefined();
    await next?.release();
  });
});

describe('A read model whose PostgreSQL is gone', () => {
  it('is unavailable, and works again when PostgreSQL is back', async () => {
    const log = someLog();
    log.append(idOf(1), anImage());
    await apply(log);
    await stack.postgres.kill();
    // A session of the killed server may answer once more before it notices.
    for (const ask of [
      () => readModel.imageById(idOf(1)), () => readModel.guardPosition(), () => readModel.openAttempts(1), () => readModel.position(),
    ]) await until(() => isUnavailable(ask()));
    await expect(migrate({ url })).rejects.toMatchObject({ code: 'Unavailable' });
    const opened = await openReadModel({ url });
    await expect(opened.position()).rejects.toMatchObject({ code: 'Unavailable' });
    stack.postgres = await stack.postgres.restart();
    await until(() => opened.position().then(() => true, () => false));
    await opened.close();
    await until(async () => (await readModel.imageById(idOf(1)).catch((error: unknown) => {
      expect(error).toMatchObject({ code: 'Unavailable' });
      return undefined;
    })) !== undefined);
  });
});

const isUnavailable = (asked: Promise<unknown>): Promise<boolean> => asked.then(() => false, (error: unknown) => {
  expect(error).toMatchObject({ code: 'Unavailable' });
  return true;
});

async function onServer(sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query<object>(sql);
  await client.end();
  return rows;
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (let tries = 0; tries < 200; tries += 1) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error('it did not come about within five seconds');
}
