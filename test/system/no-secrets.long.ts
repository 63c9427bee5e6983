import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { sealedTokens } from '#libs/event-log';
import { createBus, createLogger } from '#libs/platform';
import { startWebServer, type WebServer } from '../api/web-server.js';
import { eventually } from './catalog-system.js';
import { signIn, type Client } from './client.js';
import { afterImport, requestImport } from './imports.js';
import { change, createImage, deletion, historyOf, someBytes, upload } from './operations.js';
import { quickEnds, startRegion, type Region } from './region.js';
import { stageUntilTaken, staging } from './staging.js';

interface Task { readonly id: string; readonly message: string }

/** Files in which a password belongs: NATS is told its users in one, and reads it from nowhere else. */
const mayHoldPasswords = /\/nats\/nats\.json$/;
/** Where an image's own log line or the read model's keys may name a person in clear is not the log: this is. */
const ofTheLog = /\/nats\/jetstream\//;

describe('What a region keeps on its disks', () => {
  let region: Region;
  let admin: Client;
  let demo: Client;
  let files: { path: string; content: Buffer }[];
  const foreignToken = 'gAAAAA-a-token-that-nobody-issued-9f2b';
  const signature = 's1gn4ture-that-nobody-gave-5e1c';
  /** What was held in the servers' memory. */
  const sealedQueries: string[] = [];
  let web: WebServer;

  beforeAll(async () => {
    web = await startWebServer();
    const fromWeb = { 'import_filtering_opts.allowed_hosts': '127.0.0.1', 'import_filtering_opts.allowed_ports': String(web.port) };
    region = await startRegion({ settings: { ...quickEnds, ...fromWeb, 'heliograph.log_level': 'trace' }, stagings: 1, importers: 1 });
    [admin, demo] = await Promise.all([signIn(region, 'admin'), signIn(region)]);
    await aDay();
    for (const name of ['gateway', 'importer', 'staging', 'catalog'] as const) await region.stopService(name);
    await Promise.all([region.stack.nats.stop(), region.stack.postgres.stop()]);
    files = await contentsOf(region.stack.dir);
  }, 180_000);
  afterAll(async () => {
    await region?.stop();
    await web?.close();
  });

  /** Everything that a token goes through: what is done, what is refused, and what fails. */
  async function aDay(): Promise<void> {
    const imageId = await createImage(demo, 'of a day');
    for (const { method, path, ...rest } of [change(imageId, { name: 'renamed', colour: 'green' }), upload(imageId, someBytes())]) await demo.askUntilAnswered(method, path, rest);
    for (const client of [demo, admin]) {
      await client.ask('GET', '/v2/images');
      await client.ask('GET', `/v2/images/${imageId}/file`);
      await client.ask('GET', '/v2/no/such/route');
      await client.ask('POST', '/v2/images', { body: { name: 7 } });
      await historyOf(client, imageId);
    }
    await admin.ask('POST', `/v2/images/${imageId}/actions/deactivate`);
    await demo.ask('GET', `/v2/images/${imageId}/file`);
    await fetch(`${region.url}/v2/images`, { headers: { 'x-auth-token': foreignToken, 'x-service-token': foreignToken } });
    await region.kill('postgres');
    await Promise.all([demo, admin].map((client) => client.ask('GET', `/v2/images/${imageId}`)));
    await region.restart('postgres');
    await stageAndImport();
    await importSigned();
    const { method, path, ...rest } = deletion(await createImage(demo, 'soon gone'));
    await demo.askUntilAnswered(method, path, rest);
  }

  /** Over HTTP, because this importer does not see the staging area; and once while nobody is there to stage it. */
  async function stageAndImport(): Promise<void> {
    const imageId = await createImage(demo, 'staged');
    await region.stopService('importer');
    await region.restart('importer', { HELIOGRAPH_DEFAULT__NODE_STAGING_URI: 'file:///nowhere' });
    await region.kill('staging');
    expect((await demo.ask('PUT', `/v2/images/${imageId}/stage`, { body: someBytes() })).status).toBe(503);
    await region.restart('staging');
    await stageUntilTaken(demo, staging(imageId, someBytes()));
    await requestImport(demo, imageId, { method: { name: 'glance-direct' } });
    expect((await afterImport(demo, imageId)).status).toBe('active');
  }

  /** From behind a signature, by a redirect to another one: once with it, and once when it was lost with the memory of the servers. */
  async function importSigned(): Promise<void> {
    const bytes = someBytes();
    web.answer(`/moved?sig=${signature}`, (_, response) => { response.writeHead(302, { location: `/signed?sig=${signature}` }).end(); });
    web.serve(`/signed?sig=${signature}`, bytes);
    await region.stopService('importer');
    const [lost, brought] = [await requestSigned('lost'), await requestSigned('brought')];
    sealedQueries.push(await sealedQueryOf(lost), await sealedQueryOf(brought));
    await region.kill('nats');
    await region.restart('nats');
    await region.restart('importer');
    for (const imageId of [lost, brought]) {
      expect((await afterImport(demo, imageId)).status).toBe('queued');
      expect((await lastTask(imageId)).message).toContain('The query of the URI, which is held in memory alone, is not there any more');
    }
    await eventually('a query is taken again', async () => (await demo.ask('POST', `/v2/images/${brought}/import`, { body: { method: { name: 'web-download', uri: `${web.url}/moved?sig=${signature}` } } })).status === 202);
    expect(await afterImport(demo, brought)).toMatchObject({ status: 'active', size: bytes.length });
    await demo.ask('POST', `/v2/images/${lost}/import`, { body: { method: { name: 'web-download', uri: `${web.url}/refused?sig=${signature}` } } });
    expect((await afterImport(demo, lost)).status).toBe('queued');
    expect((await lastTask(lost)).message).toContain(`Could not retrieve ${web.url}/refused:`);
    for (const { id } of [await lastTask(lost), await lastTask(brought)]) await eventually('the query is forgotten', async () => (await sealedAt(id)) === undefined);
  }

  async function requestSigned(name: string): Promise<string> {
    const imageId = await createImage(demo, name);
    await requestImport(demo, imageId, { method: { name: 'web-download', uri: `${web.url}/moved?sig=${signature}` } });
    return imageId;
  }

  const lastTask = async (imageId: string): Promise<Task> => {
    const { tasks } = (await demo.askUntilAnswered('GET', `/v2/images/${imageId}/tasks`)).json<{ tasks: Task[] }>();
    return tasks.at(-1) as Task;
  };

  async function sealedQueryOf(imageId: string): Promise<string> {
    const sealed = await sealedAt((await lastTask(imageId)).id);
    expect(sealed).toMatch(/^\d+\./);
    return sealed ?? '';
  }

  /** As the importer sees it, while that is away. */
  async function sealedAt(importId: string): Promise<string | undefined> {
    const { nats, passwords, region: name } = region.stack;
    const bus = await createBus({ servers: [nats.url], user: 'importer', password: passwords.importer, region: name, logger: createLogger({ service: 'importer', region: name, level: 'silent' }) });
    try {
      return await (await sealedTokens(bus.connection, { region: name, kind: 'query' })).get(importId);
    } finally {
      await bus.close();
    }
  }

  const filesWith = (text: string): string[] => files.filter(({ content }) => content.includes(text)).map(({ path }) => path);

  it('is enough to be worth a search: log, catalogue, store and service logs are among it', () => {
    for (const part of [/\/nats\/jetstream\/.*\.blk$/, /\/postgres\/data\/base\//, /\/postgres\/data\/pg_wal\//, /\/stores\//, /\/gateway\.log$/, /\/catalog\.log$/]) {
      expect({ part, found: files.some(({ path, content }) => part.test(path) && content.length > 0) }).toEqual({ part, found: true });
    }
    // The search sees what is there: names of images stand in log and catalogue.
    expect(filesWith('of a day').some((path) => ofTheLog.test(path))).toBe(true);
    expect(filesWith('of a day').some((path) => path.includes('/postgres/'))).toBe(true);
  });

  it('holds no token, neither a good one nor one that was refused', () => {
    for (const token of [admin.token, demo.token, foreignToken]) expect(filesWith(token)).toEqual([]);
  });

  it('holds no query of a URI, neither in clear nor sealed, though it holds where images came from', () => {
    expect(sealedQueries).toHaveLength(2);
    for (const secret of [signature, ...sealedQueries]) expect(filesWith(secret)).toEqual([]);
    expect(filesWith(`${web.url}/signed`).some((path) => ofTheLog.test(path))).toBe(true);
  });

  it('holds no password but where the server that checks it reads it', () => {
    const passwords = [region.password, new URL(region.stack.databaseUrl).password, ...Object.values(region.stack.passwords)];
    for (const password of passwords) expect(filesWith(password).filter((path) => !mayHoldPasswords.test(path))).toEqual([]);
  });

  it('holds no capability for bytes, and not the key that they are signed with', () => {
    expect(filesWith('/transfers/ey')).toEqual([]);
    // How the text of a capability begins: whole groups of three letters, whatever follows them.
    for (const claim of ['{"imageId":"', '{"may"']) expect(filesWith(Buffer.from(claim).toString('base64url'))).toEqual([]);
    expect(filesWith(region.capabilityKey)).toEqual([]);
  });

  it('holds the names and addresses of people in the event log only sealed', () => {
    // Where an image came from is no person's address.
    const log = files.filter(({ path }) => ofTheLog.test(path)).map(({ path, content }) => ({ path, content: content.toString('latin1').replaceAll(web.url, '') }));
    for (const personal of ['127.0.0.1', '"demo"', '"admin"', 'user_name', 'userName', 'sourceAddress']) {
      expect({ personal, in: log.filter(({ content }) => content.includes(personal)).map(({ path }) => path) }).toEqual({ personal, in: [] });
    }
    expect(log.some(({ content }) => content.includes('sealed'))).toBe(true);
  });
});

async function contentsOf(dir: string): Promise<{ path: string; content: Buffer }[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return Promise.all(entries.filter((entry) => entry.isFile()).map(async ({ parentPath, name }) => {
    const path = join(parentPath, name);
    return { path, content: await readFile(path) };
  }));
}
