import { createHash, randomBytes } from 'node:crypto';
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { sealedTokens } from '#libs/event-log';
import { createBus, createLogger, type Bus } from '#libs/platform';
import { startDevelopmentIdentity } from '../../apps/development-identity/src/app.js';
import { signIn, type Client, type ImageView } from './client.js';
import { runToSuccess, twoFreePorts, until } from './launched.js';
import { startSlowLink, type SlowLink } from './slow-link.js';

interface Running { readonly processes: Record<string, { pid: number }> }
interface Task { readonly status: string; readonly message: string }

const mebibyte = 2 ** 20;
const password = 'two-regions-secret';
/** What sockets and buffers on the way may hold when a link breaks. */
const inFlightBytes = 12 * mebibyte;
const noise = randomBytes(48 * mebibyte);
const sha512 = (bytes: Uint8Array): string => createHash('sha512').update(bytes).digest('hex');

describe('Between two regions', () => {
  let dir: string;
  let data: string;
  let link: SlowLink;
  let identity: { url: string; close(): Promise<void> };
  let bus: Bus;
  let one: Client;
  let two: Client;
  let sourceId: string;
  /** Everything that must be found nowhere. */
  const secrets: string[] = [];
  const urls: Record<'one' | 'two', string> = { one: '', two: '' };

  const asked = async (client: Client, path: string): Promise<ImageView> => (await client.ask('GET', path)).json();
  const running = async (): Promise<Running> => JSON.parse(await readFile(join(data, 'heliograph.json'), 'utf8')) as Running;
  async function kill(name: string): Promise<void> {
    process.kill((await running()).processes[name]?.pid ?? 0, 'SIGKILL');
  }
  async function signedIn(which: 'one' | 'two'): Promise<Client> {
    const client = await signIn({ url: urls[which], identityUrl: identity.url, password });
    secrets.push(client.token);
    return client;
  }

  /** Begins to bring the source to the second region, and remembers the sealed form of the token. Gives the id of the image there. */
  async function bring(client = two): Promise<string> {
    const created = await client.ask('POST', '/v2/images', { body: { name: 'copy', disk_format: 'qcow2', container_format: 'bare' } });
    const { id } = created.json();
    const answer = await client.ask('POST', `/v2/images/${id}/import`, { body: { method: { name: 'glance-download', glance_image_id: sourceId, glance_region: 'RegionOne' } } });
    expect([answer.status, answer.bytes.toString()]).toEqual([202, '']);
    const importId = String((await asked(client, `/v2/images/${id}`))['os_glance_import_task'] ?? '');
    const sealed = importId === '' ? undefined : await (await sealedTokens(bus.connection, { region: 'RegionTwo' })).get(importId);
    if (sealed !== undefined) secrets.push(sealed, sealed.split('.')[1] ?? '');
    return id;
  }
  const carriedSince = (start: number) => async (): Promise<number> => Promise.resolve(link.carriedBytes() - start);
  const active = (id: string) => until('the copy is active', () => asked(two, `/v2/images/${id}`), ({ status }) => status === 'active');
  const failed = async (client: Client, id: string): Promise<Task> => {
    const tasks = await until('the import has failed', async () => (await client.ask('GET', `/v2/images/${id}/tasks`)).json<{ tasks: Task[] }>().tasks, ([task]) => task?.status === 'failure');
    return tasks[0] as Task;
  };

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'heliograph-two-'));
    await chmod(dir, 0o755);
    data = join(dir, 'data');
    const port = await twoFreePorts();
    Object.assign(urls, { one: `http://127.0.0.1:${port}`, two: `http://127.0.0.1:${port + 1}` });
    link = await startSlowLink(() => port, 16 * mebibyte);
    identity = await startDevelopmentIdentity({
      host: '127.0.0.1', port: 0, password, imageEndpoints: { RegionOne: `http://127.0.0.1:${link.port}`, RegionTwo: urls.two, RegionThree: 'http://127.0.0.1:9' },
      logger: createLogger({ service: 'development-identity', region: 'all', level: 'silent' }),
    });
    await runToSuccess('scripts/start.mjs', '--data', data, '--port', String(port), '--detach', '--regions', '2', '--keystone', identity.url, '--keystone-password', password,
      '--set', 'heliograph.log_level=trace', '--set', 'keystone_authtoken.token_cache_time=1');
    const { nats } = JSON.parse(await readFile(join(data, 'RegionTwo', 'secrets.json'), 'utf8')) as { nats: { federation: string } };
    const [, natsPort] = /"nats": (\d+)/.exec(await readFile(join(data, 'RegionTwo', 'ports.json'), 'utf8')) ?? [];
    bus = await createBus({
      servers: [`nats://127.0.0.1:${natsPort}`], user: 'federation', password: nats.federation, region: 'RegionTwo', logger: createLogger({ service: 'federation', region: 'RegionTwo', level: 'silent' }),
    });
    [one, two] = await Promise.all([signedIn('one'), signedIn('two')]);
    sourceId = (await one.ask('POST', '/v2/images', { body: { name: 'source', disk_format: 'raw', container_format: 'bare', hw_disk_bus: 'virtio', my_own: 'stays' } })).json().id;
    expect((await one.ask('PUT', `/v2/images/${sourceId}/file`, { body: noise })).status).toBe(204);
  }, 240_000);
  afterAll(async () => {
    await bus?.close();
    await runToSuccess('scripts/stop.mjs', '--data', data).catch(() => undefined);
    await identity?.close();
    await link?.close();
    await rm(dir, { recursive: true, force: true });
  }, 180_000);

  it('the regions of the catalogue are told, with their version, and which of them cannot be reached', async () => {
    const { regions } = (await two.ask('GET', '/v2/info/regions')).json<{ regions: { name: string }[] }>();
    expect(regions).toEqual([
      expect.objectContaining({ name: 'RegionOne', this_region: false, reachable: true, version: expect.stringMatching(/^v2\.\d+$/) as string, reason: null }),
      expect.objectContaining({ name: 'RegionTwo', this_region: true, reachable: true }),
      expect.objectContaining({ name: 'RegionThree', reachable: false, version: null, reason: 'the connection was refused' }),
    ]);
  });

  it('an image comes byte for byte, with the formats of its source and the properties that may pass, though the link is cut; only the part in flight is sent again', async () => {
    const start = link.carriedBytes();
    const id = await bring();
    await until('half of it has come', carriedSince(start), (bytes) => bytes > 28 * mebibyte);
    link.cut();
    expect(await active(id)).toMatchObject({ size: noise.length, os_hash_value: sha512(noise), disk_format: 'raw', container_format: 'bare', hw_disk_bus: 'virtio' });
    expect(await asked(two, `/v2/images/${id}`)).not.toHaveProperty('my_own');
    expect((await two.ask('GET', `/v2/images/${id}/file`)).bytes.equals(noise)).toBe(true);
    expect(await carriedSince(start)()).toBeLessThan(noise.length + inFlightBytes);
  });

  it('an image comes though federation is killed in mid-copy, and goes on where it was', async () => {
    const start = link.carriedBytes();
    const id = await bring();
    await until('half of it has come', carriedSince(start), (bytes) => bytes > 28 * mebibyte);
    await kill('RegionTwo federation');
    expect(await active(id)).toMatchObject({ size: noise.length, os_hash_value: sha512(noise) });
    expect(await carriedSince(start)()).toBeLessThan(noise.length + inFlightBytes);
  });

  it('an import whose token is revoked in mid-copy fails when it needs the token again, and says what to do', async () => {
    const leaving = await signedIn('two');
    const start = link.carriedBytes();
    const id = await bring(leaving);
    await until('some of it has come', carriedSince(start), (bytes) => bytes > 8 * mebibyte);
    const revoked = await fetch(`${identity.url}/auth/tokens`, { method: 'DELETE', headers: { 'x-auth-token': leaving.token, 'x-subject-token': leaving.token } });
    expect(revoked.status).toBe(204);
    await pause(1200);
    link.cut();
    expect((await failed(two, id)).message).toContain('Region RegionOne does not accept the token that came with this import any more');
    expect((await failed(two, id)).message).toContain('Get a new token and import again.');
    expect((await asked(two, `/v2/images/${id}`)).status).toBe('queued');
  });

  it('an import whose token was lost with the memory of the servers fails, and says what to do', async () => {
    const start = link.carriedBytes();
    const id = await bring();
    await until('some of it has come', carriedSince(start), (bytes) => bytes > 8 * mebibyte);
    await kill('RegionTwo nats');
    await kill('RegionTwo federation');
    expect((await failed(two, id)).message).toContain('Import again.');
    expect((await asked(two, `/v2/images/${id}`)).status).toBe('queued');
  });

  const bringFrom = async (changed: Record<string, string>) => {
    const { id } = (await two.ask('POST', '/v2/images', { body: { name: 'copy', disk_format: 'raw', container_format: 'bare' } })).json();
    return { id, answer: await two.ask('POST', `/v2/images/${id}/import`, { body: { method: { name: 'glance-download', glance_image_id: sourceId, glance_region: 'RegionOne', ...changed } } }) };
  };

  it.each<[string, Record<string, string>]>([
    ['a region that is not in the catalogue', { glance_region: 'RegionNine' }], ['an address in place of a region', { glance_region: 'http://169.254.169.254/' }],
    ['an interface that the region does not have', { glance_service_interface: 'not an interface' }],
  ])('an import from %s is taken and fails, saying which regions there are, and nothing is connected to', async (_, changed) => {
    const start = link.carriedBytes();
    const { id, answer } = await bringFrom(changed);
    expect(answer.status).toBe(202);
    expect((await failed(two, id)).message).toMatch(/^Your service catalogue has no image service in region .* It has RegionOne \(public\), .*RegionTwo \(public\)/);
    expect([(await asked(two, `/v2/images/${id}`)).status, link.carriedBytes() - start]).toEqual(['queued', 0]);
  });

  it('an id that is none is refused at once', async () => {
    const { id, answer } = await bringFrom({ glance_image_id: '../../secrets' });
    expect({ status: answer.status, text: answer.bytes.toString() }).toEqual({ status: 400, text: expect.stringContaining('UUID') as string });
    expect((await asked(two, `/v2/images/${id}`)).status).toBe('queued');
  });

  it('neither a token nor its sealed form lies on any disk, and no sealed token is left', async () => {
    const tokens = await sealedTokens(bus.connection, { region: 'RegionTwo' });
    const { images } = (await two.ask('GET', '/v2/images?name=copy')).json<{ images: ImageView[] }>();
    const tasks = await Promise.all(images.map(async ({ id }) => (await two.ask('GET', `/v2/images/${id}/tasks`)).json<{ tasks: { id: string }[] }>().tasks));
    expect(tasks.flat().length).toBeGreaterThanOrEqual(4);
    for (const { id } of tasks.flat()) await until('the token is forgotten', () => tokens.get(id), (found) => found === undefined, 15_000);
    expect(secrets.length).toBeGreaterThan(6);
    await runToSuccess('scripts/stop.mjs', '--data', data);
    const files = (await readdir(dir, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
    for (const part of [/RegionTwo\/nats\/jetstream\/.*\.blk$/, /postgres\/data\/pg_wal\//, /RegionTwo\/logs\/federation\.log$/, /logs\/gateway\.log$/]) expect(files.some((file) => part.test(file))).toBe(true);
    const found: string[] = [];
    let isSourceFound = false;
    for (const file of files) {
      const content = await readFile(file);
      if (secrets.some((secret) => content.includes(secret))) found.push(file);
      isSourceFound ||= /RegionTwo\/nats\/jetstream\/.*\.blk$/.test(file) && content.includes(sourceId);
    }
    expect(found).toEqual([]);
    // The search sees what is there: where an image came from stands in the log.
    expect(isSourceFound).toBe(true);
  }, 180_000);
});
