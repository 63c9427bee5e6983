import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { startTestStack, type TestStack } from '#libs/embedded';
import type { MetadefEvent, Namespace } from '#libs/domain';
import { anImage } from '#libs/testing';
import { migrate, openReadModel, type NamespaceListQuery, type ReadModel } from './index.js';
import { applyTo, besideRebuild } from './some-catalogue.suite.js';
import { idOf, someLog, type SomeLog } from './some-log.suite.js';
import { generatedMetadefs, namespaceNames } from './some-metadefs.suite.js';

let stack: TestStack;
let url: string;
let readModel: ReadModel;
beforeAll(async () => { stack = await startTestStack({ withNats: false }); });
afterAll(() => stack.stop());
beforeEach(async () => {
  const name = `m_${randomUUID().slice(0, 8)}`;
  await stack.postgres.createDatabase(name);
  url = stack.postgres.url(name);
  await migrate({ url });
  readModel = await openReadModel({ url, poolSize: 4 });
});
afterEach(() => readModel.close());

const apply = (log: SomeLog, to: Parameters<typeof applyTo>[0] = readModel, sizes?: readonly number[]) => applyTo(to, log.messages, sizes);

const created = (data: Partial<Extract<MetadefEvent, { type: 'MetadefNamespaceCreated' }>['data']> & { name: string }): MetadefEvent => ({
  type: 'MetadefNamespaceCreated', data: { visibility: 'public', isProtected: false, owner: 'red', resourceTypes: [], properties: [], objects: [], tags: [], ...data },
});
const query: NamespaceListQuery = { limit: 100, sortKey: 'created_at', sortDirection: 'asc' };
const admin = { isAdmin: true };

async function inPages(of: NamespaceListQuery, viewer: Parameters<ReadModel['listNamespaces']>[1]): Promise<string[]> {
  const names: string[] = [];
  for (let marker: string | undefined; ;) {
    const page = await readModel.listNamespaces({ ...of, ...(marker === undefined ? {} : { marker }) }, viewer);
    names.push(...page.map(({ name }) => name));
    marker = page.at(-1)?.name;
    if (page.length < of.limit || marker === undefined) return names;
  }
}

/** What a reader may see of the log's namespaces: one that has arrived elsewhere is there alone. */
function visibleIn({ namespaces }: SomeLog): Map<string, Namespace> {
  const isGone = ({ renaming }: Namespace): boolean => {
    const there = renaming && namespaces.get(renaming.to);
    return there?.exists === true && there.movedBy?.renameId === renaming?.renameId;
  };
  return new Map([...namespaces].flatMap(([name, state]) => state.exists && !isGone(state) ? [[name, state] as const] : []));
}

describe('Namespaces in the read model', () => {
  it('are those that the log folds to, however it is cut into batches, and the same in a catalogue that is rebuilt from it', async () => {
    let rounds = 0;
    await fc.assert(fc.asyncProperty(generatedMetadefs, fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 }), async (log, sizes) => {
      const name = `g_${rounds += 1}_${randomUUID().slice(0, 6)}`;
      await stack.postgres.createDatabase(name);
      const own = { url: stack.postgres.url(name) };
      await migrate(own);
      await besideRebuild(own, async (live, rebuild) => {
        expect(await apply(log, live, sizes)).toEqual([]);
        const visible = visibleIn(log);
        for (const each of namespaceNames) expect((await live.namespaceByName(each))?.namespace).toEqual(visible.get(each));
        expect(new Set((await live.listNamespaces(query, admin)).map((head) => head.name))).toEqual(new Set(visible.keys()));
        await apply(log, rebuild);
        await rebuild.buildIndexes();
        expect(await live.compareWith('catalog_next')).toEqual([]);
      });
    }), { numRuns: 12 });
  }, 240_000);

  it('are listed in pages by any key, in both directions, without a gap', async () => {
    const log = someLog();
    for (let number = 0; number < 7; number += 1) {
      log.appendMetadef(`n${number}`, [created({ name: `n${number}`, displayName: `d${number % 3}`, owner: number % 2 === 0 ? 'red' : 'green', visibility: number % 3 === 0 ? 'private' : 'public' })]);
    }
    await apply(log);
    for (const sortKey of ['created_at', 'namespace', 'display_name', 'description', 'visibility', 'protected', 'owner', 'updated_at', 'id'] as const) {
      for (const sortDirection of ['asc', 'desc'] as const) {
        for (const viewer of [admin, { isAdmin: false, projectId: 'green' }, { isAdmin: false }]) {
          const whole = (await readModel.listNamespaces({ ...query, sortKey, sortDirection }, viewer)).map(({ name }) => name);
          expect(await inPages({ limit: 2, sortKey, sortDirection }, viewer)).toEqual(whole);
        }
      }
    }
  });

  it('wait for the position that they must not stay below, and say when it does not come', async () => {
    const log = someLog();
    log.appendMetadef('n', [created({ name: 'n' })]);
    const asked = readModel.namespaceByName('n', { atLeast: 1 });
    await apply(log);
    expect((await asked)?.namespace.name).toBe('n');
    await expect(readModel.resourceTypes({ atLeast: 2 })).rejects.toMatchObject({ code: 'Unavailable' });
  });

  it('name each resource type once, by the commit that named it first', async () => {
    const log = someLog();
    log.appendMetadef('z', [created({ name: 'z', resourceTypes: [{ name: 'R' }] })]);
    log.appendMetadef('a', [created({ name: 'a', resourceTypes: [{ name: 'R' }, { name: 'S' }] })]);
    log.sendMetadef('z', { type: 'DeleteMetadefNamespace' });
    await apply(log);
    expect(await readModel.resourceTypes()).toEqual([{ name: 'R', createdAt: new Date('2026-03-01T00:00:00.000Z') }, { name: 'S', createdAt: new Date('2026-03-01T00:00:00.007Z') }]);
  });

  it('are parked one by one where their commits cannot be read or written, and hold up nothing else', async () => {
    const log = someLog();
    log.appendMetadef('good', [created({ name: 'good' })]);
    log.appendMetadefRaw('foreign', Buffer.from('{}'));
    log.appendMetadef('nul', [created({ name: 'nul', description: 'nul \u0000' })]);
    log.append(idOf(1), anImage());
    log.appendMetadef('good too', [created({ name: 'good too' })]);
    const parked = await apply(log);
    expect(parked).toMatchObject([{ token: 'Zm9yZWlnbg', sequence: 2 }, { token: 'bnVs', sequence: 3 }]);
    expect(await readModel.parkedNamespaces(10)).toMatchObject([{ token: 'Zm9yZWlnbg' }, { token: 'bnVs' }]);
    expect((await readModel.listNamespaces(query, admin)).map(({ name }) => name)).toEqual(['good', 'good too']);
    expect(await readModel.imageById(idOf(1))).toBeDefined();
    log.sendMetadef('nul', { type: 'AddMetadefTag', name: 'later' });
    await apply(log);
    expect(await readModel.namespaceByName('nul')).toBeUndefined();
  });

  it('whose rename is unfinished are named to who can finish it', async () => {
    const log = someLog();
    log.appendMetadef('old', [created({ name: 'old' })]);
    log.sendMetadef('old', { type: 'RenameMetadefNamespace', renameId: 'r', to: 'new', displayName: null, description: null, visibility: 'public', isProtected: false, owner: 'red' });
    await apply(log);
    expect(await readModel.renamingNamespaces(10)).toEqual(['old']);
    log.sendMetadef('old', { type: 'EndNamespaceRename', renameId: 'r', succeeded: false });
    await apply(log);
    expect(await readModel.renamingNamespaces(10)).toEqual([]);
  });
});
