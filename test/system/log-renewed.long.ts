import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { projectDir } from '#libs/embedded';
import { createStreams } from '#libs/event-log';
import { createBus, createLogger } from '#libs/platform';
import { openReadModel, type ReadModel } from '#libs/read-model';
import { anImage, eventually, rename, startCatalogSystem, type CatalogProcess, type CatalogSystem } from './catalog-system.js';

describe('A log that was made anew', () => {
  let system: CatalogSystem;
  let catalog: CatalogProcess;
  let readModel: ReadModel;
  const [first, second] = [randomUUID(), randomUUID()];

  const operator = (script: string, ...args: string[]) => new Promise<{ status: number; said: string }>((resolve) => {
    execFile(process.execPath, [join(projectDir(), 'dist/apps/catalog/src', `${script}.js`), ...args], { env: system.operatorEnv, cwd: projectDir(), timeout: 60_000 },
      (error, stdout) => resolve({ status: error ? Number(error.code) : 0, said: stdout }));
  });
  const isTrusted = async (wanted: number) => (await catalog.metric('heliograph_log_trusted')) === wanted;

  /** The stream's files are lost, and somebody sets the log up again. */
  async function loseEverything(): Promise<void> {
    const { stack } = system;
    await stack.nats.stop();
    await rm(join(stack.dir, 'nats/jetstream'), { recursive: true });
    stack.nats = await stack.nats.restart();
    const logger = createLogger({ service: 'test', region: stack.region, level: 'silent' });
    const bus = await createBus({ servers: [stack.nats.url], user: 'setup', password: stack.passwords.setup, region: stack.region, logger });
    await createStreams(bus.connection, stack.region, { replicas: 1 });
    await bus.close();
    await eventually('the loss is noticed', () => isTrusted(0));
  }

  async function sql(text: string): Promise<void> {
    const client = new pg.Client({ connectionString: system.stack.databaseUrl });
    await client.connect();
    await client.query(text).finally(() => client.end());
  }

  beforeAll(async () => {
    system = await startCatalogSystem();
    catalog = await system.startCatalog();
    readModel = await openReadModel({ url: system.stack.databaseUrl });
    await system.sendUntilAnswered(first, anImage('first'));
    await system.sendUntilAnswered(second, anImage('second'));
    await system.sendUntilAnswered(first, rename('renamed'));
    await loseEverything();
  });
  afterAll(async () => {
    await readModel?.close();
    await system?.stop();
  });

  it('is filled from the copy and then trusted, which log:repair only does with --apply', async () => {
    const dry = await operator('log-repair');
    expect(dry).toMatchObject({ status: 1, said: expect.stringMatching(/The log ends at sequence 0; 3 commits after it can be put back\.\n.*npm run log:repair -- --apply/) as string });
    expect((await operator('log-repair', '--accept-log-as-it-is', '--apply')).said).toContain('Nothing needs to be given up');
    const applied = await operator('log-repair', '--apply');
    expect(applied.said).toMatch(/The log was made anew at \S+; the one remembered was made at \S+ It holds the remembered commit at sequence 3/);
    expect(applied.status).toBe(0);
    await eventually('it is trusted', () => isTrusted(1));
    expect(await operator('log-verify')).toMatchObject({ status: 0 });
  });

  it('can be rebuilt from at once, and takes commands where the old one ended', async () => {
    expect(await operator('catalog-rebuild')).toMatchObject({ status: 0 });
    expect(await system.sendUntilAnswered(first, rename('renamed again'))).toMatchObject({ sequence: 4, version: 3 });
  });

  it('is told apart from one that cannot be mended: then what would be given up is listed, and nothing is changed', async () => {
    await sql('delete from guard.log_tail where sequence <= 2');
    await loseEverything();
    const refused = await operator('log-repair', '--apply');
    expect(refused).toMatchObject({ status: 1, said: expect.stringMatching(/gap 3 .*\n[^]*contradict each other[^]*npm run log:repair -- --accept-log-as-it-is/) as string });
    const told = await operator('log-repair', '--accept-log-as-it-is');
    expect(told.said).toMatch(/given up 3 \S+: version 2, ChangeImageProperties[^]*given up 4[^]*The log goes up to sequence 0, the catalogue up to 4; 2 commits[^]*Nothing was changed/);
    expect(told.status).toBe(1);
    expect(await isTrusted(0)).toBe(true);
    expect((await readModel.imageById(second))?.image.name).toBe('second');
  });

  it('is accepted as it is where the operator says so: the catalogue is what the log says, and commands go on', async () => {
    expect(await operator('log-repair', '--accept-log-as-it-is', '--apply')).toMatchObject({ status: 0, said: expect.stringContaining('Restart every gateway and catalog') as string });
    await eventually('it is trusted', () => isTrusted(1));
    expect(await readModel.imageById(second)).toBeUndefined();
    const id = randomUUID();
    expect(await system.sendUntilAnswered(id, anImage('new'))).toMatchObject({ sequence: 1 });
    expect((await readModel.imageById(id, { atLeast: 1 }))?.image.name).toBe('new');
    expect((await readModel.logTail(0, 10)).map(({ sequence }) => sequence)).toEqual([1]);
    expect(await operator('log-verify')).toMatchObject({ status: 0 });
    expect((await operator('log-repair', '--accept-log-as-it-is')).said).toContain('there is nothing to give up');
  });
});
