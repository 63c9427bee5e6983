import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import pg from 'pg';
import { startTestStack, type TestStack } from '#libs/embedded';
import { attemptHolder, commandHolder, type Claim } from '#libs/domain';
import { anImage, attemptId, someData } from '#libs/testing';
import { migrate, openReadModel, startRebuild, type Limits, type ReadModel } from './index.js';
import { besideRebuild } from './some-catalogue.suite.js';
import { generatedLog, idOf, logCreatedAt, someLog, type SomeLog } from './some-log.suite.js';

let stack: TestStack;
let url: string;
let readModel: ReadModel;
beforeAll(async () => { stack = await startTestStack({ withNats: false }); });
afterAll(() => stack.stop());
beforeEach(async () => {
  const name = `t_${randomUUID().slice(0, 8)}`;
  await stack.postgres.createDatabase(name);
  url = stack.postgres.url(name);
  await migrate({ url });
  readModel = await openReadModel({ url, poolSize: 8 });
});
afterEach(() => readModel.close());

const none: Limits = { images: Infinity, sizeBytes: Infinity, stageBytes: Infinity, uploads: Infinity };
const at = new Date('2026-01-01T00:00:00Z');
const anotherImage = (holder: string): Claim => ({ holder, resource: 'images', amount: 1, isUnannounced: false, isNew: true });
const bytesOf = (holder: string, amount: number, isUnannounced = false): Claim => ({ holder, resource: 'sizeBytes', amount, isUnannounced, isNew: !isUnannounced });

/** Asks for one project, owner unless another is given. */
const reserve = (claims: readonly Claim[], limits: Partial<Limits>, more: { project?: string; isStrict?: boolean; spareBytes?: number; isGrowth?: true } = {}) =>
  readModel.reserve({ project: 'owner', imageId: idOf(1), claims, limits: { ...none, ...limits }, isStrict: false, at, ...more });

async function project(log: SomeLog): Promise<void> {
  const { sequence } = await readModel.position();
  await readModel.applyBatch(log.after(sequence), { after: sequence, logCreatedAt });
}

describe('Reservations of a project', () => {
  it('are exact when fifty ask at once for what ten may have', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, (_, number) => reserve([anotherImage(`command:${number}`)], { images: 10 })));
    expect(answers.filter((answer) => 'amounts' in answer)).toHaveLength(10);
    expect(answers.find((answer) => 'refused' in answer)).toEqual({ refused: { resource: 'images', limit: 10, asked: 11 } });
  });

  it('are exact while what was reserved before is being projected', async () => {
    const log = someLog();
    const numbers = Array.from({ length: 60 }, (_, number) => number + 1);
    for (const number of numbers) log.append(idOf(number), [...anImage(), { type: 'ImageDataUploadStarted', data: { attemptId: idOf(0xa000 + number), storeId: 'fast' } }]);
    await project(log);
    let [answered, taken] = [0, 0];
    const projecting = async (): Promise<void> => { for (; answered < numbers.length; await new Promise(setImmediate)) await project(log); };
    const completing = numbers.map(async (number) => {
      const attempt = idOf(0xa000 + number);
      const answer = await reserve([bytesOf(attemptHolder(attempt), 12)], { sizeBytes: 20 * 12 });
      answered += 1;
      if ('refused' in answer) return;
      taken += 1;
      log.append(idOf(number), [{ type: 'ImageDataStored', data: { attemptId: attempt, storeId: 'fast', ...someData } }, { type: 'ImageActivated', data: {} }]);
    });
    await Promise.all([projecting(), ...completing]);
    await project(log);
    expect([taken, (await readModel.usageOfProject('owner')).sizeBytes]).toEqual([20, 240]);
  });

  it('end in the transaction that counts what they were for', async () => {
    const log = someLog();
    const holder = commandHolder(idOf(1), 'command-0');
    await reserve([anotherImage(holder)], { images: 1 });
    expect(await reserve([anotherImage('command:other')], { images: 1 })).toHaveProperty('refused');
    log.append(idOf(1), anImage());
    await project(log);
    expect([await readModel.reservationOf(holder), await readModel.usageOfProject('owner')]).toEqual([undefined, { images: 1, sizeBytes: 0, stageBytes: 0, uploads: 0 }]);
    expect(await reserve([anotherImage('command:other')], { images: 1 })).toHaveProperty('refused');
    expect(await reserve([anotherImage('command:other')], { images: 2 })).toHaveProperty('amounts');
  });

  it('of an upload last until its attempt ends, and are then what is used', async () => {
    const log = someLog();
    log.append(idOf(1), anImage({ status: 'saving' }));
    await reserve([bytesOf(attemptHolder(attemptId), 12)], { sizeBytes: 20 });
    await project(log);
    expect(await readModel.reservationOf(attemptHolder(attemptId))).toEqual({ project: 'owner', imageId: idOf(1) });
    log.append(idOf(1), [{ type: 'ImageDataStored', data: { attemptId, storeId: 'fast', ...someData } }, { type: 'ImageActivated', data: {} }]);
    await project(log);
    expect(await readModel.reservationOf(attemptHolder(attemptId))).toBeUndefined();
    expect(await reserve([bytesOf('attempt:other', 9)], { sizeBytes: 20 })).toEqual({ refused: { resource: 'sizeBytes', limit: 20, asked: 21 } });
    expect(await reserve([bytesOf('attempt:other', 8)], { sizeBytes: 20 })).toEqual({ amounts: [8] });
  });

  it('grow in steps, take what is left where that is enough, and let one of undeclared size cross', async () => {
    await reserve([bytesOf('one', 0), bytesOf('two', 0)], { sizeBytes: 100 });
    expect(await reserve([bytesOf('one', 10, true)], { sizeBytes: 100 }, { spareBytes: 50 })).toEqual({ amounts: [60] });
    expect(await reserve([bytesOf('two', 10, true)], { sizeBytes: 100 }, { spareBytes: 50 })).toEqual({ amounts: [40] });
    expect(await reserve([bytesOf('two', 41, true)], { sizeBytes: 100 }, { isStrict: true })).toHaveProperty('refused');
    expect(await reserve([bytesOf('two', 41, true)], { sizeBytes: 100 }, { spareBytes: 50 })).toEqual({ amounts: [91] });
    expect(await reserve([bytesOf('one', 61, true)], { sizeBytes: 100 })).toHaveProperty('refused');
    expect(await reserve([bytesOf('two', 200, true)], { sizeBytes: 100 })).toEqual({ amounts: [200] });
    expect(await reserve([bytesOf('one', 60, true)], { sizeBytes: 100 })).toEqual({ amounts: [60] });
    expect(await reserve([bytesOf('three', 0)], { sizeBytes: 100 })).toHaveProperty('refused');
  });

  it('do not grow any more once they have ended', async () => {
    await reserve([bytesOf('one', 5)], {});
    await readModel.withdraw(['one']);
    await reserve([bytesOf('one', 10, true)], {}, { isGrowth: true });
    expect(await readModel.reservationOf('one')).toBeUndefined();
  });

  it('are all taken or none', async () => {
    expect(await reserve([{ ...anotherImage('command:1'), resource: 'uploads' }, bytesOf('attempt:1', 11)], { sizeBytes: 10 })).toHaveProperty('refused');
    expect(await reserve([{ ...anotherImage('command:2'), resource: 'uploads' }], { uploads: 1 })).toHaveProperty('amounts');
  });

  it('of one project say nothing of another', async () => {
    await reserve([anotherImage('command:1')], { images: 1 });
    expect(await reserve([anotherImage('command:2')], { images: 1 }, { project: 'other' })).toHaveProperty('amounts');
  });

  it('that nobody touches are found, and can be given back', async () => {
    await reserve([anotherImage('command:1')], {});
    const later = new Date(at.getTime() + 1000);
    expect(await readModel.staleReservations(at, 10)).toEqual([]);
    expect(await readModel.staleReservations(later, 10)).toEqual([{ holder: 'command:1', imageId: idOf(1) }]);
    await readModel.touchReservations(['command:1'], later);
    expect(await readModel.staleReservations(later, 10)).toEqual([]);
    await readModel.withdraw(['command:1']);
    expect(await readModel.reservationOf('command:1')).toBeUndefined();
  });

  it('outlive a rebuild of the catalogue', async () => {
    await reserve([anotherImage('command:1')], {});
    const rebuild = await startRebuild({ url });
    await rebuild.buildIndexes();
    expect(await rebuild.swap()).toBe(true);
    await rebuild.close();
    expect(await readModel.reservationOf('command:1')).toBeDefined();
  });
});

describe('What projects use', () => {
  const recount = `select owner as project, count(*)::int as images,
      coalesce(sum(size_bytes * (select count(*) from jsonb_array_elements(attempts) a where a ->> 'state' = 'stored')), 0)::float as size_bytes,
      coalesce(sum((staged ->> 'sizeBytes')::bigint), 0)::float as stage_bytes,
      (count(*) filter (where importing is not null or status in ('saving', 'uploading', 'importing')))::int as uploads
    from images where owner is not null and coalesce(importing ->> 'method', '') not in ('export-image', 'clone-image', 'replicate-image') group by owner order by owner`;

  it('equals a recount, for generated histories in any batches, and what a rebuild counts', async () => {
    let runs = 0;
    await fc.assert(fc.asyncProperty(generatedLog, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), async (log, sizes) => {
      runs += 1;
      const name = `u_${randomUUID().slice(0, 8)}`;
      await stack.postgres.createDatabase(name);
      const own = { url: stack.postgres.url(name) };
      await migrate(own);
      await besideRebuild(own, async (live, rebuild) => {
        for (let after = 0; after < log.messages.length;) {
          const batch = log.after(after).slice(0, sizes[runs % sizes.length]);
          await live.applyBatch(batch, { after, logCreatedAt });
          after += batch.length;
        }
        await rebuild.applyBatch(log.messages, { after: 0, logCreatedAt });
        await rebuild.buildIndexes();
        expect(await live.compareWith('catalog_next')).toEqual([]);
        expect(await rows(own.url, `select project, images::int, size_bytes::float, stage_bytes::float, uploads::int from project_usage
          where (images, size_bytes, stage_bytes, uploads) <> (0, 0, 0, 0) order by project`)).toEqual(await rows(own.url, recount));
      });
    }), { numRuns: 4 });
  });

  it('is counted from what stands there when the counters are introduced', async () => {
    const log = someLog();
    log.append(idOf(1), anImage({ status: 'active' }));
    log.append(idOf(2), anImage({ status: 'saving' }));
    log.append(idOf(3), anImage({ status: 'active', owner: 'other' }));
    await project(log);
    await rows(url, `drop table project_usage`);
    await rows(url, `delete from migrations where name = 'catalog-0008-usage'`);
    await migrate({ url });
    expect([await readModel.usageOfProject('owner'), await readModel.usageOfProject('other')]).toEqual([
      { images: 2, sizeBytes: 12, stageBytes: 0, uploads: 1 }, { images: 1, sizeBytes: 12, stageBytes: 0, uploads: 0 },
    ]);
  });
});

async function rows(from: string, sql: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: from, options: '-c search_path=catalog' });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}
