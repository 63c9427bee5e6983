import { execFile } from 'node:child_process';
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { encodeCommit, imageSubject, questionSubject, type HistoryAnswer } from '#libs/contracts';
import { projectDir } from '#libs/embedded';
import { jetStreamEventLog } from '#libs/event-log';
import { anImage as someEvents } from '#libs/testing';
import { createBus, createLogger } from '#libs/platform';
import { openReadModel, startRebuild, type ReadModel } from '#libs/read-model';
import { anImage, eventually, rename, startCatalogSystem, type CatalogSystem } from './catalog-system.js';

describe('npm run catalog:rebuild', () => {
  let system: CatalogSystem;
  let readModel: ReadModel;

  const operator = (script: string, ...args: string[]) => new Promise<{ status: number; said: string }>((resolve) => {
    execFile(process.execPath, [join(projectDir(), 'dist/apps/catalog/src', `${script}.js`), ...args], { env: system.operatorEnv, cwd: projectDir(), timeout: 60_000 },
      (error, stdout) => resolve({ status: error ? Number(error.code) : 0, said: stdout }));
  });
  const rebuild = () => operator('catalog-rebuild');

  const historyOf = async (imageId: string): Promise<HistoryAnswer['entries']> =>
    (await system.bus.ask<HistoryAnswer>(questionSubject(system.stack.region, 'history'), { imageId, afterVersion: 0, limit: 10 })).entries;

  async function sql<Row extends object>(text: string): Promise<Row[]> {
    const client = new pg.Client({ connectionString: system.stack.databaseUrl });
    await client.connect();
    try {
      return (await client.query<Row>(text)).rows;
    } finally {
      await client.end();
    }
  }

  beforeAll(async () => {
    system = await startCatalogSystem();
    await system.startCatalog();
    readModel = await openReadModel({ url: system.stack.databaseUrl });
  });
  afterAll(async () => {
    await readModel?.close();
    await system?.stop();
  });

  it('puts an empty catalogue in the place of an empty one', async () => {
    expect(await rebuild()).toMatchObject({ status: 0 });
    const imageId = randomUUID();
    const { sequence } = await system.sendUntilAnswered(imageId, anImage('first'));
    expect((await readModel.imageById(imageId, { atLeast: sequence }))?.image.name).toBe('first');
  });

  it('makes right what was wrong, while commands go on, and loses none of them', async () => {
    const damaged = randomUUID();
    await system.send(damaged, anImage('right'));
    await sql(`update catalog.images set name = 'wrong' where id = '${damaged}'`);
    let isLoading = true;
    const names = new Map<string, string>();
    const clients = Array.from({ length: 8 }, async (_, client) => {
      const imageId = randomUUID();
      await system.sendUntilAnswered(imageId, anImage(`image of ${client}`));
      for (let round = 0; isLoading; round += 1) {
        await system.sendUntilAnswered(imageId, rename(`round ${round} of ${client}`));
        names.set(imageId, `round ${round} of ${client}`);
        await system.sendUntilAnswered(randomUUID(), anImage(`another ${round} of ${client}`));
        if (round % 3 === 0) await system.sendUntilAnswered(imageId, { type: 'AddImageTag', tag: `t${round % 90}` });
      }
    });
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const { status, said } = await rebuild();
    isLoading = false;
    await Promise.all(clients);
    expect(said).toMatch(/was rebuilt up to sequence \d+ .* is in use\./);
    expect(status).toBe(0);
    const { sequence } = await system.send(randomUUID(), anImage('last'));
    expect((await readModel.imageById(damaged, { atLeast: sequence }))?.image.name).toBe('right');
    for (const [imageId, name] of names) expect((await readModel.imageById(imageId))?.image.name).toBe(name);
    await eventually('the feed of the new catalogue has every commit again', async () => {
      const [feed] = await sql<{ reached: string; commits: string }>('select sequence as reached, (select count(distinct sequence) from catalog.image_events) as commits from catalog.feed_position');
      return Number(feed?.reached) >= sequence && feed?.commits === feed?.reached;
    });
  });

  it('needs nothing of what a person was erased with: what he did stays, and the chain of the log is whole', async () => {
    const imageId = randomUUID();
    const personal = { userName: 'Eve Example', sourceAddress: '192.0.2.7' };
    await system.send(imageId, anImage('of Eve'), { actor: { userId: 'eve', projectId: 'project', authMethod: 'password' }, personal });
    const [entry, ...others] = await historyOf(imageId);
    expect([entry?.personal, others]).toEqual([personal, []]);
    expect(await operator('persons-erase', 'eve')).toMatchObject({ status: 0, said: expect.stringContaining('There is a key of user "eve"') as string });
    expect(await operator('persons-erase', 'eve', '--apply')).toMatchObject({ status: 0, said: expect.stringContaining('The key is gone') as string });
    expect(await operator('persons-erase', 'eve')).toMatchObject({ status: 1, said: expect.stringContaining('There is no key') as string });
    await eventually('the services forget the key', async () => (await historyOf(imageId))[0]?.isErased === true);
    expect(JSON.stringify(await historyOf(imageId))).not.toMatch(/Example|192\.0\.2\.7/);
    expect((await historyOf(imageId))[0]).toMatchObject({ actor: { userId: 'eve' }, commandType: 'CreateImage' });
    expect(await operator('log-verify')).toMatchObject({ status: 0, said: expect.stringContaining(': whole.') as string });
    expect(await operator('why/why', imageId)).toMatchObject({ status: 0, said: expect.stringMatching(/"of Eve" is queued[^]*CreateImage by user eve of project project/) as string });
  });

  it('stands beside signed digests and a backup, each by one command', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'memory-'));
    const [digests, key] = [join(dir, 'digests'), join(dir, 'key.pem')];
    try {
      await mkdir(digests);
      await writeFile(key, generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }));
      expect(await operator('log-digest', digests, '--key', key)).toMatchObject({ status: 0, said: expect.stringMatching(/stands for the log up to sequence \d+\./) as string });
      expect(await operator('log-digest', digests, '--key', key)).toMatchObject({ status: 0, said: 'There is nothing new to sign.\n' });
      expect(await operator('log-verify', '--digests', digests, '--key', key)).toMatchObject({ status: 0, said: expect.stringMatching(/whole, as 1 signed digests say up to sequence \d+\.\n$/) as string });
      const [name] = (await readdir(digests)).filter((each) => each.endsWith('.json'));
      const text = await readFile(join(digests, name ?? ''), 'utf8');
      await writeFile(join(digests, name ?? ''), text.replace('"aggregates"', '"Aggregates"'));
      expect(await operator('log-verify', '--digests', digests, '--key', key)).toMatchObject({ status: 1, said: expect.stringContaining('it was altered, or not signed with this key') as string });
      expect(await operator('log-verify', '--digests', digests)).toMatchObject({ status: 2 });
      expect(await operator('backup/backup', join(dir, 'backup'))).toMatchObject({ status: 0, said: expect.stringMatching(/\d+ commits up to sequence \d+ and the keys of \d+ persons are in .*: whole\./) as string });
      expect(await operator('backup/restore', join(dir, 'backup'))).toMatchObject({ status: 2, said: expect.stringContaining('is not empty: it goes up to sequence') as string });
    } finally {
      await rm(dir, { recursive: true });
    }
  });

  it('leaves a catalogue that equals the one before, row for row', async () => {
    const tables = ['position', 'images', 'image_members', 'data_attempts', 'deleted_images', 'parked_images', 'metadef_namespaces', 'metadef_resource_types', 'parked_namespaces', 'imports'];
    const rows = async () => Object.fromEntries(await Promise.all(tables.map(async (table) =>
      [table, (await sql<{ row: unknown }>(`select to_jsonb(t) as row from catalog.${table} t order by to_jsonb(t)::text`)).map(({ row }) => row)] as const)));
    const before = await rows();
    expect(before['images']?.length).toBeGreaterThan(20);
    expect((await rebuild()).status).toBe(0);
    expect(await rows()).toEqual(before);
  });

  it('leaves the same images of a log that is long enough to be folded in two threads', async () => {
    const { region, nats, passwords } = system.stack;
    const bus = await createBus({ servers: [nats.url], user: 'operator', password: passwords.operator, region, logger: createLogger({ service: 'test', region, level: 'silent' }) });
    const log = await jetStreamEventLog(bus.connection, { region });
    let left = 20_000;
    await Promise.all(Array.from({ length: 64 }, async () => {
      for (left -= 1; left >= 0; left -= 1) {
        const id = randomUUID();
        const bytes = encodeCommit({
          aggregateId: id, region, service: 'catalog', at: new Date(), version: 1, prevHash: '', commandId: id, commandType: 'CreateImage', requestId: 'req-long', actor: { userId: 'someone', authMethod: 'token' },
          events: someEvents({ name: `image ${left}`, status: 'active' }),
        });
        await log.append(imageSubject(region, id), bytes, { expectedLastSequence: 0, messageId: id });
      }
    }));
    const { lastSequence } = await log.extent();
    await bus.close();
    await eventually('the projector has come to the end of the log', async () => (await readModel.position()).sequence === lastSequence);
    const digest = () => sql<{ count: number; digest: string }>(`select count(*)::int, md5(string_agg(t::text, ',' order by id)) as digest from catalog.images t`);
    const [before] = await digest();
    expect(before?.count).toBeGreaterThanOrEqual(20_000);
    expect((await rebuild()).status).toBe(0);
    expect(await digest()).toEqual([before]);
  });

  it('is refused with a sentence while another one runs', async () => {
    const other = await startRebuild({ url: system.stack.databaseUrl });
    const { status, said } = await rebuild().finally(() => other.close());
    expect(said).toBe('catalog:rebuild: another rebuild of this catalogue is running. Wait for its end; nothing was changed.\n');
    expect(status).toBe(2);
    expect(await rebuild()).toMatchObject({ status: 0 });
  });
});
