import { randomUUID } from 'node:crypto';
import { imageSubject, type ImageCommandMessage } from '#libs/contracts';
import { imageDecider, Problem, type ImageCommand } from '#libs/domain';
import { createExecutor, type ImageAdmission } from './execute.js';
import { WrongExpectedSequence, type EventLog } from './event-log.js';
import { memoryEventLog } from './memory.js';

const region = 'RegionOne';
const creation: ImageCommand = {
  type: 'CreateImage', visibility: 'private', tags: [], properties: {}, name: 'one', owner: 'p', isProtected: false, isHidden: false, containerFormat: 'bare', diskFormat: 'raw', minDisk: 0, minRam: 0,
};
const message = (imageId: string, command: ImageCommand, commandId: string = randomUUID()): ImageCommandMessage =>
  ({ envelope: { imageId, command }, context: { commandId, requestId: 'req', actor: { userId: 'u', authMethod: 'password' } } });

function anExecutor(log: EventLog, refusal?: Problem) {
  const [asked, withdrawn]: [ImageAdmission[], number[]] = [[], []];
  const executor = createExecutor({
    log, region, service: 'catalog', decider: imageDecider({ properties: -1, tags: -1, members: -1 }), clock: () => new Date(0),
    admit(admission) {
      asked.push(admission);
      return refusal ? Promise.reject(refusal) : Promise.resolve(() => { withdrawn.push(asked.length); return Promise.resolve(); });
    },
  });
  return { executor, asked, withdrawn };
}

describe('Who has the last word before a commit', () => {
  it('is shown the image before and after it, and what it says', async () => {
    const { executor, asked, withdrawn } = anExecutor(memoryEventLog());
    const imageId = randomUUID();
    await executor.execute(message(imageId, creation));
    await executor.execute(message(imageId, { type: 'AddImageTag', tag: 'a' }));
    expect(asked).toMatchObject([
      { before: { exists: false }, after: { owner: 'p', status: 'queued' }, events: [{ type: 'ImageCreated' }] }, { before: { tags: [] }, after: { tags: ['a'] }, events: [{ type: 'ImageTagAdded' }] },
    ]);
    expect(withdrawn).toEqual([]);
  });

  it('may refuse it: nothing is written', async () => {
    const log = memoryEventLog();
    const { executor } = anExecutor(log, new Problem('LimitReached'));
    await expect(executor.execute(message(randomUUID(), creation))).rejects.toMatchObject({ code: 'LimitReached' });
    expect((await log.extent()).lastSequence).toBe(0);
  });

  it('is not asked about a repetition, nor about what changes nothing or is refused', async () => {
    const { executor, asked } = anExecutor(memoryEventLog());
    const imageId = randomUUID();
    for (let times = 0; times < 2; times += 1) await executor.execute(message(imageId, creation, 'same'));
    await executor.execute(message(imageId, { type: 'ChangeImageProperties', changes: [] }));
    await expect(executor.execute(message(imageId, { type: 'DeactivateImage' }))).rejects.toMatchObject({ code: 'ImageStatusForbids' });
    expect(asked).toHaveLength(1);
  });

  it('is asked again after a lost race, and undoes what it did for a commit that is never written', async () => {
    const log = memoryEventLog();
    const imageId = randomUUID();
    await anExecutor(log).executor.execute(message(imageId, creation));
    const contested: EventLog = { ...log, append: (subject, _, { expectedLastSequence }) => Promise.reject(new WrongExpectedSequence(subject, expectedLastSequence)) };
    const { executor, asked, withdrawn } = anExecutor(contested);
    await expect(executor.execute(message(imageId, { type: 'AddImageTag', tag: 'a' }))).rejects.toMatchObject({ code: 'Conflict' });
    expect([asked.length, withdrawn]).toEqual([5, [5]]);
  });

  it('keeps what it did where nobody knows whether the commit was written', async () => {
    const log = memoryEventLog();
    const imageId = randomUUID();
    const unsure: EventLog = { ...log, append: async (...given) => { await log.append(...given); throw new Problem('Unavailable', { what: 'The event log', seconds: 2 }); } };
    const { executor, withdrawn } = anExecutor(unsure);
    await expect(executor.execute(message(imageId, creation))).rejects.toMatchObject({ code: 'Unavailable' });
    expect([withdrawn, (await log.read(imageSubject(region, imageId))).length]).toEqual([[], 1]);
  });
});
