import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { imageSubject } from '#libs/contracts';
import { projectDir } from '#libs/embedded';
import { createBus, createLogger } from '#libs/platform';
import { openReadModel, type ReadModel } from '#libs/read-model';
import { anImage, eventually, rename, startCatalogSystem, type CatalogProcess, type CatalogSystem } from './catalog-system.js';

describe('A log that lost its tail', () => {
  let system: CatalogSystem;
  let catalog: CatalogProcess;
  let starting: Promise<CatalogProcess>;
  let readModel: ReadModel;
  const kept = randomUUID();
  const lost = randomUUID();

  const refusesForIt = () => system.send(randomUUID(), anImage('new')).then(() => false, (error) => (error as { code: string }).code === 'LogNotTrusted');

  /** Runs a command of the operator as npm would, and gives what it said and its exit status. */
  const operator = (script: string, ...args: string[]) => new Promise<{ status: number; said: string }>((resolve) => {
    execFile(process.execPath, [join(projectDir(), 'dist/apps/catalog/src', `${script}.js`), ...args], { env: system.operatorEnv, cwd: projectDir() },
      (error, stdout) => resolve({ status: error ? Number(error.code) : 0, said: stdout }));
  });

  /** A power cut that took the end of the log with it: the same stream, as it was before `work`. */
  async function losingWhatHappensIn(work: () => Promise<unknown>): Promise<void> {
    const [data, copy] = ['nats/jetstream', 'kept'].map((name) => join(system.stack.dir, name)) as [string, string];
    await system.stack.nats.stop();
    await cp(data, copy, { recursive: true });
    system.stack.nats = await system.stack.nats.restart();
    await work();
    // On their way while the power goes: none of them may go on writing to a log that lost its tail.
    const onTheirWay = Array.from({ length: 600 }, () => system.send(randomUUID(), anImage('on its way')).then(() => 'ok', (error) => (error as { code: string }).code));
    await Promise.race(onTheirWay);
    await system.stack.nats.kill();
    await rm(data, { recursive: true });
    await cp(copy, data, { recursive: true });
    system.stack.nats = await system.stack.nats.restart();
    await Promise.all(onTheirWay);
  }

  beforeAll(async () => {
    system = await startCatalogSystem();
    catalog = await system.startCatalog();
    readModel = await openReadModel({ url: system.stack.databaseUrl });
    await system.sendUntilAnswered(kept, anImage('kept'));
    await losingWhatHappensIn(async () => {
      await system.sendUntilAnswered(lost, anImage('lost'));
      await system.sendUntilAnswered(kept, rename('renamed'));
    });
  });
  afterAll(async () => {
    await readModel?.close();
    await system?.stop();
  });

  it('is not appended to: every command is refused, and readiness names the loss', async () => {
    await eventually('the loss is noticed', async () => (await catalog.metric('heliograph_log_trusted')) === 0);
    await eventually('commands are refused for it', () => refusesForIt());
    const { status, checks } = await catalog.readyz();
    expect(status).toBe(503);
    expect(checks['event log']).toMatch(/ends at sequence 1, and sequence \d+ was there before.*npm run log:repair/);
  });

  it('keeps a catalog that starts anew from accepting commands', async () => {
    await catalog.kill();
    starting = system.startCatalog({}, 120_000);
    await eventually('the new one refuses commands', () => refusesForIt());
  });

  it('is told by log:repair what it lost, and nothing is written yet', async () => {
    const { status, said } = await operator('log-repair');
    const summary = /The log ends at sequence 1; (\d+) commits after it can be put back/.exec(said);
    expect(said.match(/^lost /gm)).toHaveLength(Number(summary?.[1]));
    expect(status).toBe(1);
    const verified = await operator('log-verify');
    expect(verified.said).toMatch(/FAULT lost: it ends at sequence 1.*\n1 commits/);
    expect(verified.status).toBe(1);
  });

  it('is put right by log:repair --apply, after which the catalog accepts commands without a restart', async () => {
    expect(await operator('log-repair', '--apply')).toMatchObject({ status: 0 });
    catalog = await starting;
    expect((await operator('log-repair')).said).toContain('Nothing is missing');
    const { sequence, version } = await system.send(kept, rename('renamed again'));
    expect(version).toBe(3);
    expect((await readModel.imageById(lost, { atLeast: sequence }))?.image.name).toBe('lost');
  });

  it('is then found whole by log:verify', async () => {
    const { status, said } = await operator('log-verify');
    expect(said).toMatch(/^(\d+) commits of \d+ images and other things, up to sequence \1: whole\.$/m);
    expect(status).toBe(0);
  });

  it('is not stopped by a message that nobody of us wrote: its image is parked with an alarm, log:verify names it, and the others go on', async () => {
    const { stack, send } = system;
    const logger = createLogger({ service: 'test', region: stack.region, level: 'silent' });
    const bus = await createBus({ servers: [stack.nats.url], user: 'operator', password: stack.passwords.operator, region: stack.region, logger });
    const foreign = await bus.connection.request(imageSubject(stack.region, kept), 'not a commit', { timeout: 2000 });
    const { seq } = foreign.json<{ seq: number }>();
    await bus.close();
    const { sequence } = await send(lost, rename('goes on'));
    expect((await readModel.imageById(lost, { atLeast: sequence }))?.image.name).toBe('goes on');
    expect((await readModel.imageById(kept))?.image.name).toBe('renamed again');
    await eventually('the alarm is raised', async () => (await catalog.metric('heliograph_parked_images')) === 1);
    const { status, said } = await operator('log-verify');
    expect(said).toContain(`FAULT foreign at sequence ${seq}, ${imageSubject(stack.region, kept)}: this is no commit`);
    expect(status).toBe(1);
  });
});
