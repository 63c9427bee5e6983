import { randomUUID } from 'node:crypto';
import { metadefCommits, metadefSubject, namespaceToken, type MetadefCommandAnswer } from '#libs/contracts';
import type { MetadefCommand, NamespaceState } from '#libs/domain';
import { createMetadefExecutor, loadNamespace, memoryEventLog, type EventLog } from '#libs/event-log';
import { executeWithRenames, finishRename, type RenameParts } from './rename-namespace.js';

const region = 'RegionOne';
const attributes = { displayName: null, description: 'new', visibility: 'public', isProtected: false, owner: 'p2' } as const;
const creation: MetadefCommand = {
  type: 'CreateMetadefNamespace', ...attributes, description: 'old', owner: 'p1', resourceTypes: [{ name: 'R', prefix: 'r:' }],
  properties: [{ name: 'a', definition: { type: 'string', title: 'A' } }], objects: [{ name: 'o', required: [], properties: [] }], tags: ['t'],
};

/** A catalog process; `failsAt` is the append at which it dies. */
function catalogOn(log: EventLog, failsAt = Infinity): RenameParts & { send(namespace: string, command: MetadefCommand, commandId?: string): Promise<MetadefCommandAnswer> } {
  let appends = 0;
  const failing: EventLog = {
    ...log,
    append(...given) {
      appends += 1;
      return appends >= failsAt ? Promise.reject(new Error('killed')) : log.append(...given);
    },
  };
  const executor = createMetadefExecutor({ log: failing, region, service: 'catalog', clock: () => new Date('2026-01-01') });
  const parts: RenameParts = { execute: (message) => executor.execute(message), load: (name) => loadNamespace(log, region, name) };
  return {
    ...parts,
    send: (namespace, command, commandId = randomUUID()) => executeWithRenames(
      { envelope: { namespace, command }, context: { commandId, requestId: 'req-1', actor: { userId: 'u', authMethod: 'password' } } }, parts),
  };
}
const rename = (to: string, renameId: string = randomUUID()): MetadefCommand => ({ type: 'RenameMetadefNamespace', renameId, to, ...attributes });
const refusal = (code: string) => expect.objectContaining({ name: 'Problem', code });

/** What a reader sees: a namespace that has moved is no longer under its old name. */
async function seen(log: EventLog, name: string): Promise<NamespaceState> {
  const state = await loadNamespace(log, region, name);
  if (!state.exists || !state.renaming) return state;
  const there = await loadNamespace(log, region, state.renaming.to);
  return there.exists && there.movedBy?.renameId === state.renaming.renameId ? { exists: false } : state;
}
const commitsOf = async (log: EventLog, name: string) => (await log.read(metadefSubject(region, namespaceToken(name)))).map(({ bytes }) => metadefCommits.decode(bytes));

describe('A rename', () => {
  it('takes everything to the new name, with the attributes that it was asked for, and frees the old one', async () => {
    const log = memoryEventLog();
    const catalog = catalogOn(log);
    await catalog.send('old', creation);
    const before = await loadNamespace(log, region, 'old');
    const answer = await catalog.send('old', rename('new'));
    expect(answer).toMatchObject({ sequence: 4, namespace: { exists: true, name: 'new', description: 'new', owner: 'p2' } });
    const after = await seen(log, 'new');
    if (!before.exists || !after.exists) throw new Error('both were there');
    for (const key of ['createdAt', 'properties', 'objects', 'resourceTypes', 'tags'] as const) expect(after[key]).toEqual(before[key]);
    expect(await seen(log, 'old')).toEqual({ exists: false });
    expect((await catalog.send('old', creation)).namespace).toMatchObject({ name: 'old' });
  });

  it('leaves all as it was where the new name is taken', async () => {
    const log = memoryEventLog();
    const catalog = catalogOn(log);
    await catalog.send('old', creation);
    await catalog.send('new', creation);
    await expect(catalog.send('old', rename('new'))).rejects.toEqual(refusal('NamespaceExists'));
    expect(await seen(log, 'old')).toMatchObject({ description: 'old', owner: 'p1', renaming: null });
    expect((await catalog.send('old', rename('newer'))).namespace).toMatchObject({ name: 'newer' });
  });

  it('gets its own answer again when it is repeated, also when it was refused', async () => {
    const log = memoryEventLog();
    const catalog = catalogOn(log);
    await catalog.send('old', creation);
    await catalog.send('taken', creation);
    const refused = randomUUID();
    await expect(catalog.send('old', rename('taken', refused), refused)).rejects.toEqual(refusal('NamespaceExists'));
    await catalog.send('taken', { type: 'DeleteMetadefNamespace' });
    await expect(catalogOn(log).send('old', rename('taken', refused), refused)).rejects.toEqual(refusal('NamespaceExists'));
    const id = randomUUID();
    const first = await catalog.send('old', rename('new', id), id);
    await catalog.send('old', creation);
    expect((await catalogOn(log).send('old', rename('new', id), id)).namespace).toEqual(first.namespace);
    expect((await commitsOf(log, 'new')).length).toBe(1);
  });

  it.each([1, 2, 3])('that dies before its step %i is seen in one place, and is finished by whoever comes', async (step) => {
    for (const isTaken of [false, true]) {
      const log = memoryEventLog();
      await catalogOn(log).send('old', creation);
      if (isTaken) await catalogOn(log).send('new', creation);
      await expect(catalogOn(log, step).send('old', rename('new'))).rejects.toThrow('killed');
      const visible = [await seen(log, 'old'), await seen(log, 'new')].filter(({ exists }) => exists).length;
      expect(visible).toBe(isTaken ? 2 : 1);
      const isMoved = !isTaken && step > 1;
      const next = catalogOn(log).send('old', { type: 'AddMetadefTag', name: 'later' });
      if (isMoved) await expect(next).rejects.toEqual(refusal('NamespaceNotFound'));
      else expect((await next).namespace).toMatchObject({ renaming: null, tags: [{ name: 't' }, { name: 'later' }] });
      expect(await finishRename('old', catalogOn(log))).toBe(false);
      expect((await seen(log, 'new')).exists).toBe(isMoved || isTaken);
    }
  });

  it('is decided once, however many finish it at the same time, and whatever becomes of the new name meanwhile', async () => {
    const log = memoryEventLog();
    await catalogOn(log).send('old', creation);
    await catalogOn(log).send('new', creation);
    await expect(catalogOn(log, 3).send('old', rename('new'))).rejects.toThrow('killed');
    await catalogOn(log).send('new', { type: 'DeleteMetadefNamespace' });
    await Promise.all([1, 2, 3, 4].map(() => finishRename('old', catalogOn(log))));
    expect([(await seen(log, 'old')).exists, (await seen(log, 'new')).exists]).toEqual([true, false]);
    expect((await commitsOf(log, 'old')).map(({ commandType }) => commandType)).toEqual(['CreateMetadefNamespace', 'RenameMetadefNamespace', 'EndNamespaceRename']);
  });

  it('does not bring the old one back to sight when the new one goes', async () => {
    const log = memoryEventLog();
    await catalogOn(log).send('old', creation);
    await expect(catalogOn(log, 3).send('old', rename('new'))).rejects.toThrow('killed');
    await catalogOn(log).send('new', { type: 'DeleteMetadefNamespace' });
    expect([(await seen(log, 'old')).exists, (await seen(log, 'new')).exists]).toEqual([false, false]);
  });

  it('waits for one that is unfinished under the name that it wants', async () => {
    const log = memoryEventLog();
    await catalogOn(log).send('first', creation);
    await catalogOn(log).send('second', creation);
    await expect(catalogOn(log, 3).send('first', rename('third'))).rejects.toThrow('killed');
    expect((await catalogOn(log).send('second', rename('first'))).namespace).toMatchObject({ name: 'first' });
    await expect(catalogOn(log).send('third', creation)).rejects.toEqual(refusal('NamespaceExists'));
  });
});
