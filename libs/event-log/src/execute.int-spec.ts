import { randomUUID } from 'node:crypto';
import { readdir, truncate, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { hashOfCommit, type ImageCommandMessage } from '#libs/contracts';
import { imageDecider, Problem, type ImageCommand } from '#libs/domain';
import { loadImage } from './aggregate.js';
import type { EventLog, Stored } from './event-log.js';
import { createExecutor } from './execute.js';
import { compareWithLog } from './guard.js';
import { jetStreamEventLog } from './jetstream.js';
import { region, startRegion, type JetStreamRegion } from './jetstream.suite.js';
import { repairTail } from './repair.js';
import { verifyLog } from './verify.js';

const creation: ImageCommand = {
  type: 'CreateImage', visibility: 'private', tags: [], properties: {}, name: 'n', owner: 'p', isProtected: false, isHidden: false,
  containerFormat: null, diskFormat: null, minDisk: 0, minRam: 0,
};
const message = (imageId: string, command: ImageCommand): ImageCommandMessage =>
  ({ envelope: { imageId, command }, context: { commandId: randomUUID(), requestId: 'req', actor: { userId: 'u', authMethod: 'password' } } });
const executorOn = (log: EventLog) =>
  createExecutor({ log, region, service: 'catalog', decider: imageDecider({ properties: -1, tags: -1, members: -1 }), clock: () => new Date() });

let running: JetStreamRegion;
beforeEach(async () => { running = await startRegion({ durable: true }); });
afterEach(() => running.close());

const aLog = async () => jetStreamEventLog(await running.as('catalog'), { region });

async function killAndRestart(whileDown = async () => {}): Promise<void> {
  await running.stack.nats.kill();
  await whileDown();
  running.stack.nats = await running.stack.nats.restart();
}

describe('commands on a log whose server is killed', () => {
  it('take effect exactly once, when they are repeated until they are answered', async () => {
    const logs = [await aLog(), await aLog(), await aLog()];
    const executors = logs.map(executorOn);
    const imageIds = Array.from({ length: 4 }, () => randomUUID());
    for (const imageId of imageIds) await executors[0]!.execute(message(imageId, creation));

    let isWriting = true;
    const answered: { imageId: string; tag: string; version: number }[] = [];
    const untilAnswered = async (repeated: ImageCommandMessage) => {
      for (;;) {
        try {
          return await executors[Math.floor(Math.random() * executors.length)]!.execute(repeated);
        } catch (error) {
          if (!(error instanceof Problem && ['Unavailable', 'Conflict'].includes(error.code))) throw error;
        }
      }
    };
    const client = async (client: number) => {
      for (let count = 0; isWriting; count++) {
        const imageId = imageIds[count % imageIds.length]!;
        const tag = `${client}-${count}`;
        const { version, image } = await untilAnswered(message(imageId, { type: 'AddImageTag', tag }));
        expect(image.tags).toContain(tag);
        answered.push({ imageId, tag, version });
      }
    };
    const clients = Array.from({ length: 6 }, (_, index) => client(index));
    for (let kills = 0; kills < 3; kills++) {
      await pause(500);
      await killAndRestart();
      const before = answered.length;
      while (answered.length < before + 10) await pause(10);
    }
    isWriting = false;
    await Promise.all(clients);

    for (const imageId of imageIds) {
      const { state, version } = await loadImage(logs[0]!, region, imageId);
      const mine = answered.filter((answer) => answer.imageId === imageId);
      expect(state).toMatchObject({ tags: expect.arrayContaining(mine.map(({ tag }) => tag)) as string[] });
      expect(version).toBe(1 + mine.length);
      expect(new Set(mine.map((answer) => answer.version)).size).toBe(mine.length);
    }
    expect(await verifyLog(logs[0]!, { onFinding: ({ detail }) => { throw new Error(detail); } })).toMatchObject({ findings: 0, aggregates: 4 });
  });
});

describe('a log that lost its tail', () => {
  /** Cuts the end of the newest block, as a power cut may: the server finds nothing wrong with what is left. */
  async function cutNewestBlock(): Promise<void> {
    const streams = join(running.stack.dir, 'nats');
    const blocks = (await readdir(streams, { recursive: true })).filter((path) => path.includes(`GLANCE_${region}`) && path.endsWith('.blk')).sort();
    const newest = join(streams, blocks.at(-1)!);
    await truncate(newest, Math.floor((await stat(newest)).size / 2));
  }

  it('is not trusted, and is trusted and whole again after the tail was put back', async () => {
    const log = await aLog();
    const { execute } = executorOn(log);
    const imageIds = Array.from({ length: 20 }, () => randomUUID());
    for (const imageId of imageIds) await execute(message(imageId, creation));
    for (const imageId of imageIds) await execute(message(imageId, { type: 'AddImageTag', tag: 'kept' }));
    const { createdAt, lastSequence } = await log.extent();
    const tail = (await Promise.all(Array.from({ length: lastSequence }, (_, index) => log.at(index + 1)))) as Stored[];
    const remembered = { createdAt, sequence: lastSequence, hash: hashOfCommit(tail.at(-1)!.bytes) };
    expect(await compareWithLog(log, remembered)).toBe('trusted');

    await killAndRestart(cutNewestBlock);
    const left = (await log.extent()).lastSequence;
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThan(lastSequence);
    expect(await compareWithLog(log, remembered)).toEqual({ lost: expect.stringContaining(`ends at sequence ${left}`) });

    const operator = await jetStreamEventLog(await running.as('operator'), { region });
    expect(await repairTail(operator, tail, { apply: true, report: () => undefined })).toEqual({ outcome: 'repaired', lost: lastSequence - left, lastSequence });
    expect(await compareWithLog(log, remembered)).toBe('trusted');
    expect(await verifyLog(operator, { tail, onFinding: ({ detail }) => { throw new Error(detail); } })).toMatchObject({ messages: lastSequence, findings: 0 });
    expect(await executorOn(log).execute(message(imageIds.at(-1)!, { type: 'AddImageTag', tag: 'new' }))).toMatchObject({ version: 3, image: { tags: ['kept', 'new'] } });
  });
});
