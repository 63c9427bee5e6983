import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { decodeCommit, hashOfCommit, imageSubject, type ImageCommandMessage } from '#libs/contracts';
import { imageDecider, Problem, type ImageCommand } from '#libs/domain';
import { foldAggregate, imageFolding } from './aggregate.js';
import { WrongExpectedSequence, type EventLog } from './event-log.js';
import { createExecutor, type ExecutorOptions } from './execute.js';
import { memoryEventLog } from './memory.js';
import { createSealer, memoryPersonKeys } from './sealing.js';

const region = 'RegionOne';
const decider = imageDecider({ properties: -1, tags: -1, members: -1 });
const actor = { userId: 'user-1', projectId: 'project-1', authMethod: 'password' };
const anExecutor = (log: EventLog, options: Partial<ExecutorOptions> = {}) =>
  createExecutor({ log, region, service: 'catalog', decider, clock: () => new Date(), ...options });

const creation: ImageCommand = {
  type: 'CreateImage', visibility: 'shared', tags: [], properties: {}, name: 'cirros', owner: 'project-1', isProtected: false, isHidden: false,
  containerFormat: 'bare', diskFormat: 'qcow2', minDisk: 0, minRam: 0,
};
function command(imageId: string, what: ImageCommand, context: Partial<ImageCommandMessage['context']> = {}): ImageCommandMessage {
  return { envelope: { imageId, command: what }, context: { commandId: randomUUID(), requestId: 'req-1', actor, ...context } };
}
const addTag = (imageId: string, tag: string) => command(imageId, { type: 'AddImageTag', tag });
const commitsOf = async (log: EventLog, imageId: string) => (await log.read(imageSubject(region, imageId))).map(({ bytes }) => decodeCommit(bytes));
const refusal = (code: string) => expect.objectContaining({ name: 'Problem', code });

describe('execute', () => {
  const imageId = randomUUID();

  it('writes one commit that holds all events of the decision, and answers with the image after it', async () => {
    const log = memoryEventLog();
    const answer = await anExecutor(log).execute(command(imageId, { ...creation, tags: ['a'] }));
    expect(answer).toMatchObject({ sequence: 1, version: 1, image: { name: 'cirros', status: 'queued', tags: ['a'] } });
    expect(await commitsOf(log, imageId)).toMatchObject([{ version: 1, prevHash: '', commandType: 'CreateImage', service: 'catalog', actor, events: [{ type: 'ImageCreated' }] }]);
  });

  it('chains the commits of an image by version and hash', async () => {
    const log = memoryEventLog();
    const executor = anExecutor(log);
    await executor.execute(command(imageId, creation));
    await executor.execute(addTag(imageId, 'a'));
    const [first, second] = await log.read(imageSubject(region, imageId));
    expect(decodeCommit(second!.bytes)).toMatchObject({ version: 2, prevHash: hashOfCommit(first!.bytes) });
  });

  it('writes nothing where nothing changes', async () => {
    const log = memoryEventLog();
    const executor = anExecutor(log);
    await executor.execute(command(imageId, { ...creation, tags: ['a'] }));
    expect(await executor.execute(addTag(imageId, 'a'))).toMatchObject({ sequence: 0, version: 1, image: { tags: ['a'] } });
    expect(await log.extent()).toMatchObject({ lastSequence: 1 });
  });

  it('refuses what the decider refuses, and what is no image id', async () => {
    const executor = anExecutor(memoryEventLog());
    await expect(executor.execute(addTag(imageId, 'a'))).rejects.toEqual(refusal('ImageNotFound'));
    await expect(executor.execute(addTag('glance.>', 'a'))).rejects.toEqual(refusal('InvalidRequest'));
  });

  it('never lets time run backwards within an image', async () => {
    const log = memoryEventLog();
    const times = [new Date('2026-01-02T00:00:00Z'), new Date('2026-01-01T00:00:00Z')];
    const executor = anExecutor(log, { clock: () => times.shift()! });
    await executor.execute(command(imageId, creation));
    await executor.execute(addTag(imageId, 'a'));
    expect((await commitsOf(log, imageId)).map(({ at }) => at.toISOString())).toEqual(['2026-01-02T00:00:00.000Z', '2026-01-02T00:00:00.000Z']);
  });

  it('refuses a commit over the limit, and writes nothing', async () => {
    const log = memoryEventLog();
    await expect(anExecutor(log).execute(command(imageId, { ...creation, properties: { big: 'x'.repeat(600_000) } }))).rejects.toEqual(refusal('CommitTooLarge'));
    expect(await log.extent()).toMatchObject({ lastSequence: 0 });
  });

  it('ends an image whose history is full, but changes it no more', async () => {
    const executor = anExecutor(memoryEventLog(), { historyLimit: 2 });
    await executor.execute(command(imageId, creation));
    await executor.execute(addTag(imageId, 'a'));
    await expect(executor.execute(addTag(imageId, 'b'))).rejects.toEqual(refusal('HistoryTooLong'));
    expect(await executor.execute(command(imageId, { type: 'DeleteImage' }))).toMatchObject({ version: 3, image: { status: 'deleted' } });
  });

  it('reads images that no longer fit its memory from the log again', async () => {
    const log = memoryEventLog();
    const executor = anExecutor(log, { cacheSize: 2 });
    const ids = Array.from({ length: 5 }, () => randomUUID());
    for (const id of ids) await executor.execute(command(id, creation));
    for (const id of ids) expect(await executor.execute(addTag(id, 'a'))).toMatchObject({ version: 2, image: { tags: ['a'] } });
  });

  describe('a repeated command', () => {
    it('is answered by its own commit, with the image as it was right after it', async () => {
      const log = memoryEventLog();
      const executor = anExecutor(log);
      const create = command(imageId, creation);
      const first = await executor.execute(create);
      await executor.execute(addTag(imageId, 'later'));
      expect(await executor.execute(create)).toEqual(first);
      expect(await anExecutor(log).execute(create)).toEqual(first);
      expect(await log.extent()).toMatchObject({ lastSequence: 2 });
    });

    it('is recognised by another process whose memory is older than the commit', async () => {
      const log = memoryEventLog();
      const [mine, other] = [anExecutor(log), anExecutor(log)];
      await mine.execute(command(imageId, creation));
      await other.execute(addTag(imageId, 'a'));
      const repeated = addTag(imageId, 'b');
      const first = await mine.execute(repeated);
      expect(await other.execute(repeated)).toEqual(first);
      expect((await commitsOf(log, imageId)).filter(({ commandId }) => commandId === repeated.context.commandId)).toHaveLength(1);
    });

    it('is refused where its id was used for another request', async () => {
      const executor = anExecutor(memoryEventLog());
      await executor.execute(command(imageId, creation, { commandId: 'key', requestHash: 'one' }));
      await expect(executor.execute(command(imageId, creation, { commandId: 'key', requestHash: 'two' }))).rejects.toEqual(refusal('IdempotencyKeyReused'));
      await expect(executor.execute(command(imageId, { type: 'DeleteImage' }, { commandId: 'key', requestHash: 'one' }))).rejects.toEqual(refusal('IdempotencyKeyReused'));
    });

    it('changes nothing the second time, whatever the commands are', async () => {
      const tags = fc.constantFrom('a', 'b', 'c');
      const commands: fc.Arbitrary<ImageCommand> = fc.oneof(
        tags.map((tag): ImageCommand => ({ type: 'AddImageTag', tag })), tags.map((tag): ImageCommand => ({ type: 'RemoveImageTag', tag })),
        tags.map((memberId): ImageCommand => ({ type: 'AddMember', memberId })), tags.map((memberId): ImageCommand => ({ type: 'RemoveMember', memberId })),
        fc.constant<ImageCommand>({ type: 'DeactivateImage' }), fc.constant<ImageCommand>({ type: 'DeleteImage' }), fc.constant(creation),
      );
      await fc.assert(fc.asyncProperty(fc.array(fc.tuple(commands, fc.boolean()), { maxLength: 15 }), async (steps) => {
        const log = memoryEventLog();
        const executors = [anExecutor(log), anExecutor(log)] as const;
        const id = randomUUID();
        for (const [what, byOther] of steps) {
          const message = command(id, what);
          const first = await executors[0].execute(message).catch((error: unknown) => error);
          const { lastSequence } = await log.extent();
          const second = await executors[byOther ? 1 : 0].execute(message).catch((error: unknown) => error);
          expect((await log.extent()).lastSequence).toBe(lastSequence);
          expect(second instanceof Problem ? second.code : second).toEqual(first instanceof Problem ? first.code : first);
        }
      }), { numRuns: 60 });
    });
  });

  describe('with other processes on the same log', () => {
    it('never loses an update', async () => {
      const log = memoryEventLog();
      const executors = Array.from({ length: 4 }, () => anExecutor(log));
      await executors[0]!.execute(command(imageId, creation));
      const outcomes = await Promise.all(Array.from({ length: 40 }, async (_, index) => {
        const tag = `tag-${index}`;
        try {
          await executors[index % 4]!.execute(addTag(imageId, tag));
          return [tag];
        } catch (error) {
          expect(error).toEqual(refusal('Conflict'));
          return [];
        }
      }));
      const image = foldAggregate(imageId, await log.read(imageSubject(region, imageId)), imageFolding);
      expect(image.state).toMatchObject({ tags: expect.arrayContaining(outcomes.flat()) as string[] });
      expect(image.version).toBe(1 + outcomes.flat().length);
    });

    it('decides again on what the other one has written', async () => {
      const log = memoryEventLog();
      const [mine, other] = [anExecutor(log), anExecutor(log)];
      await mine.execute(command(imageId, creation));
      await other.execute(command(imageId, { type: 'DeleteImage' }));
      await expect(mine.execute(addTag(imageId, 'a'))).rejects.toEqual(refusal('ImageNotFound'));
    });

    it('lets no refusal rest on what it remembers', async () => {
      const log = memoryEventLog();
      const [mine, other] = [anExecutor(log), anExecutor(log)];
      await mine.execute(command(imageId, { ...creation, isProtected: true }));
      await other.execute(command(imageId, { type: 'ChangeImageProperties', changes: [{ of: 'attribute', name: 'isProtected', value: false }] }));
      expect(await mine.execute(command(imageId, { type: 'DeleteImage' }))).toMatchObject({ version: 3 });
    });

    it('refuses an id that another one has taken, also that of a deleted image', async () => {
      const log = memoryEventLog();
      const [mine, other] = [anExecutor(log), anExecutor(log)];
      await mine.execute(command(imageId, creation));
      await expect(other.execute(command(imageId, creation))).rejects.toEqual(refusal('ImageIdTaken'));
      await mine.execute(command(imageId, { type: 'DeleteImage' }));
      await expect(anExecutor(log).execute(command(imageId, creation))).rejects.toEqual(refusal('ImageIdTaken'));
      expect(await log.extent()).toMatchObject({ lastSequence: 2 });
    });

    it('gives up with a conflict after five lost races', async () => {
      const log = memoryEventLog();
      await anExecutor(log).execute(command(imageId, creation));
      let appends = 0;
      const contested: EventLog = { ...log, append: (subject, _, { expectedLastSequence }) => {
        appends += 1;
        return Promise.reject(new WrongExpectedSequence(subject, expectedLastSequence));
      } };
      await expect(anExecutor(contested).execute(addTag(imageId, 'a'))).rejects.toEqual(refusal('Conflict'));
      expect(appends).toBe(5);
    });
  });

  describe('where the log fails', () => {
    it('finds its own commit when an append happened without an answer', async () => {
      const log = memoryEventLog();
      let isCut = true;
      const unsure: EventLog = { ...log, append: async (...given) => {
        const appended = await log.append(...given);
        if (isCut) throw new Problem('Unavailable', { what: 'The event log', seconds: 2 });
        return appended;
      } };
      const executor = anExecutor(unsure);
      const create = command(imageId, creation);
      await expect(executor.execute(create)).rejects.toEqual(refusal('Unavailable'));
      isCut = false;
      expect(await executor.execute(create)).toMatchObject({ sequence: 1, version: 1 });
      expect(await log.extent()).toMatchObject({ lastSequence: 1 });
    });

    it('reads through the leader where a fast read misses a commit', async () => {
      const log = memoryEventLog();
      const executor = anExecutor(log);
      await executor.execute(command(imageId, creation));
      await executor.execute(addTag(imageId, 'a'));
      await executor.execute(addTag(imageId, 'b'));
      const stale: EventLog = { ...log, read: async (subject, options) => (await log.read(subject, options)).filter(({ sequence }) => options?.consistent || sequence !== 2) };
      expect(await anExecutor(stale).execute(addTag(imageId, 'c'))).toMatchObject({ version: 4, image: { tags: ['a', 'b', 'c'] } });
    });

    it('names the image whose commits do not close, and leaves the others alone', async () => {
      const log = memoryEventLog();
      await anExecutor(log).execute(command(imageId, creation));
      await log.append(imageSubject(region, imageId), Buffer.from('{}'), { expectedLastSequence: 1, messageId: 'x' });
      const executor = anExecutor(log);
      await expect(executor.execute(addTag(imageId, 'a'))).rejects.toThrow(`${imageId} at sequence 2`);
      expect(await executor.execute(command(randomUUID(), creation))).toMatchObject({ version: 1 });
    });

    it('reads all from the log again once it is told to forget', async () => {
      const log = memoryEventLog();
      let reads = 0;
      const executor = anExecutor({ ...log, read: (...given) => { reads += 1; return log.read(...given); } });
      await executor.execute(command(imageId, creation));
      await executor.execute(addTag(imageId, 'a'));
      expect(reads).toBe(0);
      executor.forget();
      await executor.execute(addTag(imageId, 'b'));
      expect(reads).toBe(1);
    });
  });

  describe('personal values', () => {
    const personal = { sourceAddress: '192.0.2.7', userName: 'Ada Lovelace' };

    it('stand in the log only sealed, and are read with the key of their person', async () => {
      const [log, keys] = [memoryEventLog(), memoryPersonKeys()];
      const sealer = createSealer(keys);
      const create = command(imageId, creation, { personal });
      await anExecutor(log, { sealer }).execute(create);
      const [stored] = await log.read(imageSubject(region, imageId));
      expect(Buffer.from(stored!.bytes).toString()).not.toMatch(/Ada|192\.0\.2\.7/);
      const place = { userId: actor.userId, commitId: `${imageId}:${create.context.commandId}` };
      expect(await sealer.unseal(decodeCommit(stored!.bytes).sealed!, place)).toEqual(personal);
    });

    it('are not written at all without a sealer', async () => {
      const log = memoryEventLog();
      await anExecutor(log).execute(command(imageId, creation, { personal }));
      expect((await commitsOf(log, imageId))[0]).not.toHaveProperty('sealed');
    });
  });
});
