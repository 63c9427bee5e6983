import { randomUUID } from 'node:crypto';
import { imageSubject } from '#libs/contracts';
import { imageDecider, type ImageCommand } from '#libs/domain';
import type { EventLog, Stored } from './event-log.js';
import { createExecutor } from './execute.js';
import { memoryEventLog } from './memory.js';
import { repairTail, type RepairStep } from './repair.js';
import { verifyLog } from './verify.js';

const region = 'RegionOne';
const imageIds = [randomUUID(), randomUUID()] as const;
const creation: ImageCommand = {
  type: 'CreateImage', visibility: 'private', tags: [], properties: {}, name: 'n', owner: 'p', isProtected: false, isHidden: false,
  containerFormat: null, diskFormat: null, minDisk: 0, minRam: 0,
};

async function all(log: EventLog): Promise<Stored[]> {
  const { lastSequence } = await log.extent();
  return (await Promise.all(Array.from({ length: lastSequence }, (_, index) => log.at(index + 1)))).filter((message) => message !== undefined);
}

async function write(log: EventLog, rounds: number, first = true): Promise<void> {
  const { execute } = createExecutor({ log, region, service: 'catalog', decider: imageDecider({ properties: -1, tags: -1, members: -1 }), clock: () => new Date() });
  for (let round = 0; round < rounds; round++) {
    for (const imageId of imageIds) {
      const command: ImageCommand = first && round === 0 ? creation : { type: 'AddImageTag', tag: randomUUID() };
      await execute({ envelope: { imageId, command }, context: { commandId: randomUUID(), requestId: 'req', actor: { userId: 'u', authMethod: 'password' } } });
    }
  }
}

async function repair(log: EventLog, tail: readonly Stored[], apply: boolean) {
  const steps: RepairStep[] = [];
  return { ...await repairTail(log, tail, { apply, report: (step) => steps.push(step) }), steps: steps.map(({ kind, sequence }) => `${kind} ${sequence}`) };
}

describe('repairTail', () => {
  let messages: Stored[];
  beforeEach(async () => {
    const log = memoryEventLog();
    await write(log, 5);
    messages = await all(log);
  });
  const cutAfter = (sequence: number) => memoryEventLog({ messages: messages.slice(0, sequence) });

  it('puts a lost tail back, byte by byte and at the sequences it had', async () => {
    const log = cutAfter(6);
    expect(await repair(log, messages.slice(4), true)).toEqual({ outcome: 'repaired', lost: 4, lastSequence: 10, steps: ['put-back 7', 'put-back 8', 'put-back 9', 'put-back 10'] });
    expect(await all(log)).toEqual(messages);
    expect(await verifyLog(log, { onFinding: () => undefined })).toMatchObject({ findings: 0 });
  });

  it('brings back a whole log of which everything was kept', async () => {
    const log = cutAfter(0);
    expect(await repair(log, messages, true)).toMatchObject({ outcome: 'repaired', lost: 10 });
    expect(await all(log)).toEqual(messages);
  });

  it('only tells what it would do in a dry run', async () => {
    const log = cutAfter(8);
    expect(await repair(log, messages, false)).toEqual({ outcome: 'repairable', lost: 2, lastSequence: 8, steps: ['lost 9', 'lost 10'] });
    expect(await log.extent()).toMatchObject({ lastSequence: 8 });
  });

  it('changes nothing where nothing is lost, and nothing more the second time', async () => {
    const log = cutAfter(7);
    await repair(log, messages, true);
    expect(await repair(log, messages, true)).toEqual({ outcome: 'whole', lost: 0, lastSequence: 10, steps: [] });
    await write(log, 1, false);
    expect(await repair(log, messages, true)).toMatchObject({ outcome: 'whole', lastSequence: 12 });
  });

  it('touches nothing where the log went on after the loss', async () => {
    const log = cutAfter(6);
    await write(log, 1, false);
    expect(await repair(log, messages, true)).toEqual({
      outcome: 'refused', lost: 2, lastSequence: 8, steps: ['differs 7', 'differs 8', 'no-successor 9', 'no-successor 10'],
    });
    expect(await log.extent()).toMatchObject({ lastSequence: 8 });
  });

  it('touches nothing where messages before the tail are lost to both', async () => {
    const log = cutAfter(5);
    const { outcome, steps } = await repair(log, messages.slice(7), true);
    expect(outcome).toBe('refused');
    expect(steps).toContain('gap 8');
    expect(await log.extent()).toMatchObject({ lastSequence: 5 });
  });

  it('stops where somebody else appends in between', async () => {
    const log = cutAfter(8);
    const disturbed: EventLog = { ...log, append: async (subject, bytes, options) => {
      await log.append(imageSubject(region, randomUUID()), Buffer.from('{}'), { expectedLastSequence: 0, messageId: 'other' });
      return log.append(subject, bytes, options);
    } };
    await expect(repair(disturbed, messages, true)).rejects.toThrow('something else appends');
  });
});
