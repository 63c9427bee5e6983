import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import type { CommandContext } from '#libs/contracts';
import { imageDecider, type ImageCommand } from '#libs/domain';
import { startTestStack, type TestStack } from '#libs/embedded';
import { createExecutor, createSealer, createStreams, jetStreamEventLog, type EventLog } from '#libs/event-log';
import { createBus, createLogger, type Bus } from '#libs/platform';
import { migrate, openReadModel, type ReadModel } from '#libs/read-model';
import { historyOf } from '../images/history.js';
import { compareWithMemory } from '../log-guard.js';
import { restoreBackup } from './restore-backup.js';
import { writeBackup } from './write-backup.js';

const ids = Array.from({ length: 30 }, (_, number) => `00000000-0000-4000-8000-${String(number).padStart(12, '0')}`);
const logger = createLogger({ service: 'test', region: 'RegionTest', level: 'silent' });
const clock = () => new Date();
const create = (name: string): ImageCommand => ({
  type: 'CreateImage', visibility: 'shared', tags: [name], properties: { of: name }, name, owner: 'p', isProtected: false, isHidden: false, containerFormat: 'bare', diskFormat: 'raw', minDisk: 0, minRam: 0,
});

interface Region { readonly stack: TestStack; readonly buses: Bus[]; readonly log: EventLog; readonly readModel: ReadModel; close(): Promise<void> }

/** A region with an empty log and a database, as an operator sets one up to restore into. */
async function anEmptyRegion(): Promise<Region> {
  const stack = await startTestStack();
  const connect = (user: 'setup' | 'operator') => createBus({ servers: [stack.nats.url], user, password: stack.passwords[user], region: stack.region, logger });
  const buses = [await connect('setup'), await connect('operator')] as const;
  await createStreams(buses[0].connection, stack.region, { replicas: 1 });
  await migrate({ url: stack.databaseUrl });
  const readModel = await openReadModel({ url: stack.databaseUrl, poolSize: 3 });
  return {
    stack, buses: [...buses], readModel, log: await jetStreamEventLog(buses[1].connection, { region: stack.region }),
    async close() {
      await readModel.close();
      await Promise.all(buses.map((bus) => bus.close()));
      await stack.stop();
    },
  };
}

/** Thirty images with all that may happen to them, sealed with the keys of three persons, projected. */
async function live({ stack, log, readModel }: Region): Promise<void> {
  const { execute } = createExecutor({ log, region: stack.region, service: 'catalog', decider: imageDecider({ properties: -1, tags: -1, members: -1 }), clock, sealer: createSealer(readModel.personKeys) });
  let number = 0;
  const send = (imageId: string, command: ImageCommand) => {
    number += 1;
    const context: CommandContext = { commandId: `c${number}`, requestId: 'r', actor: { userId: `user${number % 3}`, projectId: 'p', authMethod: 'password' }, personal: { userName: 'Name of a person', sourceAddress: '192.0.2.1' } };
    return execute({ envelope: { imageId, command }, context });
  };
  for (const [place, id] of ids.entries()) {
    const attemptId = id.replace('8000', '9000');
    await send(id, create(`image ${place} é`));
    await send(id, { type: 'AddMember', memberId: 'q' });
    if (place % 2 === 0) await send(id, { type: 'StartImageDataUpload', attemptId, storeId: 'fast' });
    if (place % 4 === 0) await send(id, { type: 'CompleteImageDataUpload', attemptId, sizeBytes: 12, checksum: 'c', osHashAlgo: 'sha512', osHashValue: 'h' });
    if (place % 5 === 0) await send(id, { type: 'DeleteImage', keptUntil: '2999-01-01T00:00:00.000Z' });
  }
  const { createdAt, lastSequence } = await log.extent();
  const done = new AbortController();
  await log.follow({ after: 0, batchSize: 50, signal: done.signal }, async (batch) => {
    const { position } = await readModel.applyBatch(batch, { after: (batch[0]?.sequence ?? 1) - 1, logCreatedAt: createdAt });
    if (position >= lastSequence) done.abort();
  });
}

const tables = ['images', 'image_members', 'data_attempts', 'deleted_images', 'parked_images', 'metadef_namespaces', 'imports', 'project_usage'];
async function rowsOf({ stack }: Region): Promise<Record<string, string[]>> {
  const client = new pg.Client({ connectionString: stack.databaseUrl });
  await client.connect();
  try {
    const all: [string, string[]][] = [];
    for (const table of [...tables.map((name) => `catalog.${name}`), 'guard.person_keys', 'guard.log_tail']) {
      const { rows } = await client.query<{ row: string }>(`select to_jsonb(t)::text as row from ${table} t order by 1`);
      all.push([table, rows.map(({ row }) => row)]);
    }
    return Object.fromEntries(all);
  } finally {
    await client.end();
  }
}

describe('A region that is backed up and restored', () => {
  let [dir, original]: [string, Region] = ['', undefined as unknown as Region];
  const silent = { onFinding: () => undefined, onProgress: () => undefined };
  const backup = (to: string) => writeBackup(to, { log: original.log, region: original.stack.region, guard: original.readModel, clock, ...silent });
  const restore = ({ stack, log, readModel }: Region, from = dir, region = stack.region) => restoreBackup(from, { log, region, databaseUrl: stack.databaseUrl, guard: readModel, ...silent });

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'backup-'));
    original = await anEmptyRegion();
    await live(original);
  }, 180_000);
  afterAll(async () => {
    await original?.close();
    await rm(dir, { recursive: true });
  });

  it('equals the one it was, commit for commit and row for row, and is trusted', async () => {
    const { lastSequence } = await original.log.extent();
    const id = ids[0]?.replace('8000', 'a000') ?? '';
    const webhook = { id, projectId: 'p', ownerId: 'p', url: 'https://ci.example.org/images', types: ['ImageActivated'] };
    await original.readModel.addWebhook(webhook, { sealed: 'sealed', after: 7, logCreatedAt: 'then', at: new Date('2026-01-01T00:00:00Z'), most: 9 });
    expect(await backup(dir)).toEqual({ lastSequence, messages: lastSequence, findings: 0, persons: 3 });
    const restored = await anEmptyRegion();
    try {
      expect(await restore(restored)).toMatchObject({ faults: 0, manifest: { lastSequence } });
      for (const sequence of [1, 17, lastSequence]) expect(Buffer.from((await restored.log.at(sequence))?.bytes ?? [])).toEqual(Buffer.from((await original.log.at(sequence))?.bytes ?? []));
      expect(await rowsOf(restored)).toEqual(await rowsOf(original));
      expect(await compareWithMemory(restored.log, restored.readModel)).toBe('trusted');
      // It goes on after the event that it stopped at, once its owner says so: what was restored to be looked at tells nobody anything.
      expect(await restored.readModel.webhook(id)).toEqual({ ...webhook, isActive: false, pausedBecause: 'The region was restored from a backup.', createdAt: '2026-01-01T00:00:00.000Z' });
      const { webhooks: kept } = await restored.readModel.guardContents();
      expect(kept).toMatchObject([{ id, sealed: 'sealed', sequence: 7 }]);
      const history = await historyOf({ imageId: ids[1], afterVersion: 0, limit: 10 }, { log: restored.log, region: restored.stack.region, sealer: createSealer(restored.readModel.personKeys) });
      expect(history.entries[0]?.personal?.userName).toBe('Name of a person');
      await expect(restore(restored)).rejects.toThrow(`is not empty: it goes up to sequence ${lastSequence}`);
    } finally {
      await restored.close();
    }
  }, 240_000);

  it('is not begun from a backup that is not whole, of another region, or not finished; and no backup is written over another', async () => {
    const empty = await anEmptyRegion();
    try {
      await expect(backup(dir)).rejects.toThrow('is not empty');
      await expect(restore(empty, dir, 'RegionTwo')).rejects.toThrow('this is a backup of region RegionTest');
      const log = await readFile(join(dir, 'log.ndjson.gz'));
      const flipped = Buffer.from(log);
      flipped[100] = (flipped[100] ?? 0) ^ 1;
      await writeFile(join(dir, 'log.ndjson.gz'), flipped);
      await expect(restore(empty)).rejects.toThrow('log.ndjson.gz of the backup is not what was written');
      await writeFile(join(dir, 'log.ndjson.gz'), log);
      await truncate(join(dir, 'guard.json'), 10);
      await expect(restore(empty)).rejects.toThrow('guard.json of the backup is not what was written');
      await rm(join(dir, 'guard.json'));
      await expect(restore(empty)).rejects.toThrow('guard.json of the backup is missing');
      await rm(join(dir, 'manifest.json'));
      await expect(restore(empty)).rejects.toThrow('it is no backup, or one that was not finished');
      expect((await empty.log.extent()).lastSequence).toBe(0);
    } finally {
      await empty.close();
    }
  });
});
