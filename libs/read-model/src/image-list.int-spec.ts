import pg from 'pg';
import { startTestStack, type TestStack } from '#libs/embedded';
import type { MemberStatus, Visibility } from '#libs/domain';
import { migrate, openReadModel, type ImageListQuery, type ReadModel, type SortBy, type SortKey, type Viewer } from './index.js';
import { idOf, logCreatedAt, someLog, type SomeLog } from './some-log.suite.js';

let stack: TestStack;
let readModel: ReadModel;
let log: SomeLog;

beforeAll(async () => {
  stack = await startTestStack({ withNats: false });
  await migrate({ url: stack.databaseUrl });
  readModel = await openReadModel({ url: stack.databaseUrl, poolSize: 4 });
  log = someLog(100);
});
afterAll(async () => {
  await readModel.close();
  await stack.stop();
});

let nextId = 1;
interface ToCreate { name?: string; owner?: string | null; visibility?: Visibility; tags?: string[]; properties?: Record<string, string>; isHidden?: boolean; diskFormat?: string; minRam?: number }

/** Creates an image in the log and says its id; `applied` brings the read model up to date. */
function create({ name = 'image', owner = 'red', visibility = 'private', tags = [], properties = {}, ...given }: ToCreate): string {
  const id = idOf(nextId++);
  log.append(id, [{ type: 'ImageCreated', data: { name, visibility, tags, properties, ...(owner === null ? {} : { owner }), ...given } }]);
  return id;
}
async function applied(): Promise<void> {
  const { sequence } = await readModel.position();
  await readModel.applyBatch(log.after(sequence), { after: sequence, logCreatedAt });
}
const idsOf = async (query: Partial<ImageListQuery>, viewer: Viewer): Promise<string[]> =>
  (await readModel.listImages({ limit: 1000, ...query }, viewer, { atLeast: log.messages.length })).images.map(({ imageId }) => imageId);

describe('List images: who sees what', () => {
  const visibilities: Visibility[] = ['public', 'community', 'shared', 'private'];
  const memberships: (MemberStatus | 'none')[] = ['none', 'pending', 'accepted', 'rejected'];
  const viewers: Record<string, Viewer> = {
    owner: { projectId: 'owner', isAdmin: false }, member: { projectId: 'member', isAdmin: false }, stranger: { projectId: 'stranger', isAdmin: false },
    admin: { projectId: 'admins', isAdmin: true }, ownerAdmin: { projectId: 'owner', isAdmin: true }, unscoped: { isAdmin: false },
  };
  const ids = new Map<string, string>();
  beforeAll(async () => {
    for (const visibility of visibilities) {
      for (const membership of memberships) {
        const id = create({ owner: 'owner', visibility: 'shared', tags: ['matrix'] });
        if (membership !== 'none') log.append(id, [{ type: 'MemberAdded', data: { memberId: 'member' } }]);
        if (membership === 'accepted') log.append(id, [{ type: 'MemberAccepted', data: { memberId: 'member' } }]);
        if (membership === 'rejected') log.append(id, [{ type: 'MemberRejected', data: { memberId: 'member' } }]);
        if (visibility !== 'shared') log.append(id, [{ type: 'ImageVisibilityChanged', data: { visibility } }]);
        ids.set(id, `${visibility}/${membership}`);
      }
    }
    await applied();
  });
  const seen = async (persona: string, query: Partial<ImageListQuery> = {}): Promise<string[]> =>
    (await idsOf({ tags: ['matrix'], ...query }, viewers[persona] ?? { isAdmin: false })).map((id) => ids.get(id) ?? id).toSorted();
  const all = (...wanted: Visibility[]) => wanted.flatMap((visibility) => memberships.map((membership) => `${visibility}/${membership}`)).toSorted();

  it.each([
    ['owner', {}, all('public', 'community', 'shared', 'private')],
    ['member', {}, [...all('public'), 'shared/accepted'].toSorted()],
    ['stranger', {}, all('public')],
    ['unscoped', {}, all('public')],
    ['admin', {}, all('public', 'shared', 'private')],
    ['ownerAdmin', {}, all('public', 'community', 'shared', 'private')],
    ['owner', { visibility: 'all' }, all('public', 'community', 'shared', 'private')],
    ['member', { visibility: 'all' }, [...all('public', 'community'), 'shared/accepted'].toSorted()],
    ['stranger', { visibility: 'all' }, all('public', 'community')],
    ['admin', { visibility: 'all' }, all('public', 'community', 'shared', 'private')],
    ['stranger', { visibility: 'community' }, all('community')],
    ['owner', { visibility: 'community' }, all('community')],
    ['admin', { visibility: 'community' }, all('community')],
    ['member', { visibility: 'private' }, []],
    ['owner', { visibility: 'private' }, all('private')],
    ['admin', { visibility: 'private' }, all('private')],
    ['member', { visibility: 'shared' }, ['shared/accepted']],
    ['member', { visibility: 'shared', memberStatus: 'pending' }, ['shared/pending']],
    ['member', { visibility: 'shared', memberStatus: 'rejected' }, ['shared/rejected']],
    ['member', { visibility: 'shared', memberStatus: 'all' }, ['shared/accepted', 'shared/pending', 'shared/rejected']],
    ['owner', { visibility: 'shared', memberStatus: 'pending' }, all('shared')],
    ['stranger', { owner: 'owner' }, all('public')],
    ['member', { owner: 'owner' }, [...all('public'), 'shared/accepted'].toSorted()],
    ['member', { owner: 'member' }, []],
    ['admin', { owner: 'owner' }, all('public', 'shared', 'private')],
    ['ownerAdmin', { owner: 'owner' }, all('public', 'community', 'shared', 'private')],
    ['owner', { owner: 'stranger' }, []],
  ] as const)('%s asking %j sees exactly what Glance would show', async (persona, query, expected) => {
    expect(await seen(persona, query)).toEqual(expected);
  });

  it('shows an image once to a project that is a member of its own image', async () => {
    const id = create({ owner: 'self', visibility: 'shared' });
    log.append(id, [{ type: 'MemberAdded', data: { memberId: 'self' } }]);
    log.append(id, [{ type: 'MemberAccepted', data: { memberId: 'self' } }]);
    await applied();
    expect(await idsOf({}, { projectId: 'self', isAdmin: false })).toContain(id);
    expect(await idsOf({ visibility: 'shared', memberStatus: 'all' }, { projectId: 'self', isAdmin: false })).toEqual([id]);
  });

  it('shows no deleted image to anybody', async () => {
    const id = create({ owner: 'gone', visibility: 'public' });
    log.append(id, [{ type: 'ImageDeleted', data: {} }]);
    await applied();
    expect(await idsOf({ visibility: 'all' }, { isAdmin: true })).not.toContain(id);
  });
});

describe('List images: filters', () => {
  const viewer: Viewer = { projectId: 'filters', isAdmin: false };
  const make = (given: ToCreate) => create({ owner: 'filters', ...given });
  let plain: string, tagged: string, hidden: string, big: string;
  beforeAll(async () => {
    plain = make({ name: 'plain', diskFormat: 'raw' });
    tagged = make({ name: 'tagged', tags: ['a', 'b'], properties: { os: 'debian', size: '3' }, diskFormat: 'qcow2' });
    hidden = make({ name: 'hidden', isHidden: true });
    big = make({ name: 'big', minRam: 4096 });
    const attemptId = idOf(0xa1);
    log.append(big, [
      { type: 'ImageDataUploadStarted', data: { attemptId, storeId: 'fast' } },
      { type: 'ImageDataStored', data: { attemptId, storeId: 'fast', sizeBytes: 5_000_000_000, checksum: 'sum', osHashAlgo: 'sha512', osHashValue: 'hash', virtualSizeBytes: 7_000_000_000 } },
      { type: 'ImageActivated', data: {} }]);
    log.append(big, [{ type: 'ImagePropertiesChanged', data: { attributes: { isProtected: true }, cleared: [], set: {}, removed: [] } }]);
    await applied();
  });
  const found = (query: Partial<ImageListQuery>) => idsOf(query, viewer);

  it('takes values of attributes, one of several where a list is given', async () => {
    expect(await found({ name: ['plain'] })).toEqual([plain]);
    expect(await found({ name: ['plain', 'big'] })).toEqual([big, plain]);
    expect(await found({ id: [plain, 'no-uuid'] })).toEqual([plain]);
    expect(await found({ id: ['no-uuid'] })).toEqual([]);
    expect(await found({ status: ['active'] })).toEqual([big]);
    expect(await found({ diskFormat: ['raw', 'qcow2'] })).toEqual([tagged, plain]);
    expect(await found({ checksum: 'sum' })).toEqual([big]);
    expect(await found({ osHashValue: 'hash' })).toEqual([big]);
    expect(await found({ osHashAlgo: 'sha512' })).toEqual([big]);
    expect(await found({ virtualSizeBytes: { min: 6_000_000_000 } })).toEqual([big]);
    expect(await found({ virtualSizeBytes: { equals: 6_000_000_000 } })).toEqual([]);
    expect(await found({ isProtected: true })).toEqual([big]);
  });

  it('takes bounds of numbers, inclusive', async () => {
    expect(await found({ sizeBytes: { min: 5_000_000_000 } })).toEqual([big]);
    expect(await found({ sizeBytes: { max: 4_999_999_999 } })).toEqual([]);
    expect(await found({ minRam: { equals: 4096 } })).toEqual([big]);
    expect(await found({ minRam: { max: 0 }, visibility: 'private' })).toEqual([tagged, plain]);
  });

  it('wants every tag and every property', async () => {
    expect(await found({ tags: ['a', 'b'] })).toEqual([tagged]);
    expect(await found({ tags: ['a', 'c'] })).toEqual([]);
    expect(await found({ properties: { os: 'debian', size: '3' } })).toEqual([tagged]);
    expect(await found({ properties: { os: 'debian', size: '4' } })).toEqual([]);
    expect(await found({ properties: { unknown: 'x' } })).toEqual([]);
  });

  it('leaves hidden images out until they are asked for', async () => {
    expect(await found({})).not.toContain(hidden);
    expect(await found({ isHidden: true })).toEqual([hidden]);
  });

  it('compares moments as clients are shown them, in whole seconds', async () => {
    const shown = new Date(Math.floor((log.states.get(plain)?.createdAt.getTime() ?? 0) / 1000) * 1000);
    const later = new Date(shown.getTime() + 1000);
    const at = async (op: 'gt' | 'gte' | 'eq' | 'neq' | 'lt' | 'lte', moment: Date) => (await found({ createdAt: [{ op, at: moment }], name: ['plain'] })).length;
    expect([await at('eq', shown), await at('gte', shown), await at('lte', shown)]).toEqual([1, 1, 1]);
    expect([await at('neq', shown), await at('gt', shown), await at('lt', shown)]).toEqual([0, 0, 0]);
    expect([await at('lt', later), await at('neq', later), await at('gte', later)]).toEqual([1, 1, 0]);
    expect(await at('eq', new Date(shown.getTime() + 1))).toBe(0);
  });

  it('finds nothing where a value can be in no row, and takes moments of any year', async () => {
    for (const unwritable of ['nul \0', 'half \ud800']) {
      expect(await found({ name: [unwritable] })).toEqual([]);
      expect(await found({ properties: { [unwritable]: unwritable } })).toEqual([]);
      expect(await found({ tags: [unwritable] })).toEqual([]);
    }
    expect(await found({ createdAt: [{ op: 'gt', at: new Date(-8.64e15) }, { op: 'lt', at: new Date(8.64e15) }], name: ['plain'] })).toEqual([plain]);
    expect(await found({ sizeBytes: { min: Number.MAX_VALUE } })).toEqual([]);
    expect(await readModel.imageById('nonsense')).toBeUndefined();
  });

  it('takes a limit of 0 for an empty page that is not full', async () => {
    expect(await readModel.listImages({ limit: 0 }, viewer)).toEqual({ images: [], isFull: false });
  });
});

describe('List images: pages', () => {
  const viewer: Viewer = { projectId: 'pages', isAdmin: false };
  const total = 60;
  beforeAll(async () => {
    const at = new Date('2026-04-01T00:00:00.500Z');
    for (let number = 0; number < total; number += 1) {
      const id = idOf(nextId++);
      const owner = number % 3 === 0 ? 'other' : 'pages';
      log.append(id, [{ type: 'ImageCreated', data: {
        ...(number % 4 === 0 ? {} : { name: ['', 'a', 'B', 'ä'][number % 4] ?? '' }), owner, visibility: number % 3 === 0 ? 'shared' : (['private', 'public'] as const)[number % 2] ?? 'private',
        tags: ['pages'], properties: {}, ...(number % 5 === 0 ? {} : { diskFormat: number % 2 ? 'raw' : 'iso' }),
      } }], new Date(at.getTime() + Math.floor(number / 7)));
      if (owner === 'other') {
        log.append(id, [{ type: 'MemberAdded', data: { memberId: 'pages' } }], at);
        log.append(id, [{ type: 'MemberAccepted', data: { memberId: 'pages' } }], at);
      }
    }
    await applied();
  });

  async function paged(sort: readonly SortBy[], limit: number): Promise<string[]> {
    const ids: string[] = [];
    for (let marker: string | undefined; ;) {
      const page = await readModel.listImages({ limit, sort, tags: ['pages'], ...(marker ? { marker } : {}) }, viewer);
      ids.push(...page.images.map(({ imageId }) => imageId));
      if (!page.isFull) return ids;
      marker = ids.at(-1);
    }
  }

  const keys: SortKey[] = ['name', 'status', 'container_format', 'disk_format', 'size', 'id', 'created_at', 'updated_at'];
  const sorts: SortBy[][] = [
    [], ...keys.flatMap((key): SortBy[][] => [[{ key, direction: 'asc' }], [{ key, direction: 'desc' }]]),
    [{ key: 'name', direction: 'asc' }, { key: 'created_at', direction: 'desc' }],
    [{ key: 'disk_format', direction: 'desc' }, { key: 'name', direction: 'asc' }, { key: 'id', direction: 'asc' }],
  ];
  it.each(sorts.map((sort) => [sort]))('neither skip nor repeat an image, with ties and missing values: %j', async (sort) => {
    const whole = await paged(sort, 1000);
    expect(new Set(whole).size).toBe(total);
    expect(await paged(sort, 7)).toEqual(whole);
    expect(await paged(sort, 1)).toEqual(whole);
  });

  it('put images without a value first where they ascend', async () => {
    const { images } = await readModel.listImages({ limit: 1000, sort: [{ key: 'name', direction: 'asc' }], tags: ['pages'] }, viewer);
    const names = images.map(({ image }) => image.name ?? '');
    expect(names).toEqual(names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
  });

  it('refuse a marker that does not exist or that the viewer cannot see', async () => {
    const secret = create({ owner: 'somebody', visibility: 'private' });
    await applied();
    for (const marker of [secret, idOf(0xffffff), 'nonsense']) {
      await expect(readModel.listImages({ limit: 1, marker }, viewer)).rejects.toMatchObject({ code: 'InvalidRequest' });
    }
    await expect(readModel.listImages({ limit: 1, marker: secret }, { isAdmin: true })).resolves.toBeDefined();
  });
});

describe('A read that must not stay below a position', () => {
  it('waits until the read model has reached it', async () => {
    const id = create({ owner: 'waits' });
    const read = readModel.imageById(id, { atLeast: log.messages.length });
    const list = readModel.listImages({ limit: 1, visibility: 'private' }, { projectId: 'waits', isAdmin: false }, { atLeast: log.messages.length });
    await applied();
    expect((await read)?.image.owner).toBe('waits');
    expect((await list).images.map(({ imageId }) => imageId)).toEqual([id]);
  });

  it('is refused as unavailable after two seconds', async () => {
    await expect(readModel.imageById(idOf(1), { atLeast: log.messages.length + 1 })).rejects.toMatchObject({ code: 'Unavailable' });
  });
});

describe('An image by its id', () => {
  it('is the same object until it is written again, and what is acknowledged after that is in it', async () => {
    const id = create({ owner: 'remembered', visibility: 'shared' });
    await applied();
    const first = await readModel.imageById(id);
    expect(first?.image).toEqual(log.states.get(id));
    expect((await readModel.imageById(id))?.image).toBe(first?.image);
    for (const events of [[{ type: 'MemberAdded', data: { memberId: 'friend' } }], [{ type: 'MemberAccepted', data: { memberId: 'friend' } }], [{ type: 'ImageVisibilityChanged', data: { visibility: 'private' } }]] as const) {
      log.append(id, events);
      await applied();
      expect((await readModel.imageById(id, { atLeast: log.messages.length }))?.image).toEqual(log.states.get(id));
    }
    expect((await readModel.members(id))?.map(({ memberId }) => memberId)).toEqual(['friend']);
    log.append(id, [{ type: 'ImageDeleted', data: {} }]);
    await applied();
    expect(await readModel.imageById(id)).toBeUndefined();
  });

  it('is read again where its row was written anew without a commit', async () => {
    const id = create({ name: 'before', owner: 'rewritten' });
    await applied();
    expect((await readModel.imageById(id))?.image.name).toBe('before');
    const client = new pg.Client({ connectionString: stack.databaseUrl });
    await client.connect();
    await client.query('update catalog.images set name = $2 where id = $1', [id, 'after']);
    await client.end();
    expect((await readModel.imageById(id))?.image.name).toBe('after');
  });

  it('is told to each of the many who ask together, in their order, and none where there is none', async () => {
    const ids = Array.from({ length: 20 }, (_, number) => create({ name: `together ${number}`, owner: 'together' }));
    await applied();
    const asked = [...ids, idOf(0xeeeeee), 'nonsense', ...ids.toReversed()];
    for (let round = 0; round < 2; round += 1) {
      const names = (await Promise.all(asked.map((id) => readModel.imageById(id)))).map((record) => record?.image.name);
      expect(names).toEqual(asked.map((id) => log.states.get(id)?.name));
    }
  });
});
