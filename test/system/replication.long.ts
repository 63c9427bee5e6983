import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { lineageOf } from '#libs/domain';
import { createLogger } from '#libs/platform';
import { startDevelopmentIdentity } from '../../apps/development-identity/src/app.js';
import { signIn, type Client, type ImageView } from './client.js';
import { runToSuccess, twoFreePorts, until } from './launched.js';
import { sha512 } from './operations.js';
import { seeded, seedOfThisRun } from './random.js';
import { startSlowLink, type SlowLink } from './slow-link.js';

const mebibyte = 2 ** 20;
const password = 'replication-secret';
const imageCount = Number(process.env['HELIOGRAPH_REPLICATION_IMAGES'] ?? 50);
const [concurrency, cuts, killRounds] = [4, 5, 3];
const largestBytes = mebibyte;
const seed = seedOfThisRun();
const random = seeded(seed);
const patience = 10 * 60_000 + imageCount * 2000;
/** What `ask` gives, once it holds. */
const come = <Value>(what: string, ask: () => Promise<Value>, holds: (value: Value) => boolean): Promise<Value> => until(`${what} (seed ${seed})`, ask, holds, patience);

interface Running { readonly processes: Record<string, { pid: number }> }
interface Execution { readonly id: string; readonly status: string; readonly cause?: string; readonly images: Readonly<Record<string, number>>; readonly sent: number }

describe(`Replication of ${imageCount} images between two regions, seed ${seed}`, () => {
  let dir: string;
  let data: string;
  let link: SlowLink;
  let identity: { url: string; close(): Promise<void> };
  const urls = { one: '', two: '' };
  let one: Client;
  let two: Client;
  /** What the first region's images are, by id. */
  const sources = new Map<string, { hash: string; sizeBytes: number }>();

  async function kill(name: string): Promise<void> {
    const { processes } = JSON.parse(await readFile(join(data, 'heliograph.json'), 'utf8')) as Running;
    const pid = processes[name]?.pid;
    try {
      if (pid !== undefined) process.kill(pid, 'SIGKILL');
    } catch { /* It is just being started again. */ }
  }
  async function everything(client: Client, filter = ''): Promise<ImageView[]> {
    const found: ImageView[] = [];
    for (let next: string | undefined = `/v2/images?visibility=all&limit=200${filter}`; next !== undefined;) {
      const page: { images: ImageView[]; next?: string } = (await client.ask('GET', next)).json();
      found.push(...page.images);
      next = page.next;
    }
    return found;
  }
  const copiesIn = async (client: Client, region: string): Promise<ImageView[]> => (await everything(client)).filter((image) => lineageOf(image)?.originRegion === region);
  async function withData(client: Client, attributes: object, bytes: Buffer): Promise<string> {
    const { id } = (await client.ask('POST', '/v2/images', { body: { disk_format: 'raw', container_format: 'bare', ...attributes } })).json();
    expect((await client.ask('PUT', `/v2/images/${id}/file`, { body: bytes })).status).toBe(204);
    return id;
  }
  const policyIn = async (client: Client, body: object): Promise<string> => {
    const answer = await client.askUntilAnswered('POST', '/v2/replication-policies', { body: { concurrency, trigger: 'event', deletions: true, ...body }, withinMs: 60_000 });
    expect([answer.status, answer.bytes.toString()]).toEqual([201, expect.any(String)]);
    return answer.json<{ id: string }>().id;
  };
  const change = async (client: Client, id: string, changes: readonly object[]): Promise<void> => {
    expect((await client.ask('PATCH', `/v2/images/${id}`, { body: changes })).status).toBe(200);
  };

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'heliograph-replication-'));
    await chmod(dir, 0o755);
    data = join(dir, 'data');
    const port = await twoFreePorts();
    Object.assign(urls, { one: `http://127.0.0.1:${port}`, two: `http://127.0.0.1:${port + 1}` });
    link = await startSlowLink(() => port, 8 * mebibyte);
    identity = await startDevelopmentIdentity({
      host: '127.0.0.1', port: 0, password, imageEndpoints: { RegionOne: `http://127.0.0.1:${link.port}`, RegionTwo: urls.two },
      logger: createLogger({ service: 'development-identity', region: 'all', level: 'silent' }),
    });
    const account = { auth_url: identity.url, username: 'admin', password, project_name: 'admin' };
    await writeFile(join(dir, 'clouds.yaml'), JSON.stringify({ clouds: { RegionOne: { auth: account }, RegionTwo: { auth: account } } }), { mode: 0o600 });
    await runToSuccess('scripts/start.mjs', '--data', data, '--port', String(port), '--detach', '--regions', '2', '--keystone', identity.url, '--keystone-password', password,
      '--set', `heliograph.replication_clouds=${join(dir, 'clouds.yaml')}`, '--set', 'heliograph.replication_poll_seconds=1', '--set', 'heliograph.replication_whole_look_seconds=10');
    [one, two] = await Promise.all([urls.one, urls.two].map((url) => signIn({ url, identityUrl: identity.url, password }, 'admin'))) as [Client, Client];
    for (let number = 0; number < imageCount; number += 1) {
      const bytes = random.bytes(1 + random.below(largestBytes));
      const id = await withData(one, { name: `image ${number}`, visibility: random.pick(['public', 'private', 'shared']), tags: [`tag ${number % 3}`], os_type: 'linux' }, bytes);
      sources.set(id, { hash: sha512(bytes), sizeBytes: bytes.length });
    }
  }, 300_000 + imageCount * 1000);
  afterAll(async () => {
    await runToSuccess('scripts/stop.mjs', '--data', data).catch(() => undefined);
    await identity?.close();
    await link?.close();
    await rm(dir, { recursive: true, force: true });
  }, 180_000);

  it('tells in a dry run what it would do, and does nothing', async () => {
    const id = await policyIn(two, { name: 'dry', remote_region: 'RegionOne', trigger: 'manual', filter: { tags: ['tag 1'] } });
    const { id: executionId } = (await two.ask('POST', `/v2/replication-policies/${id}/executions`, { body: { dry_run: true } })).json();
    const path = `/v2/replication-policies/${id}/executions/${executionId}`;
    const over = await come('the dry run is over', async () => (await two.ask('GET', path)).json<Execution>(), ({ status }) => status !== 'waiting' && status !== 'running');
    const expected = Array.from({ length: imageCount }, (_, number) => number).filter((number) => number % 3 === 1).length;
    expect(over).toMatchObject({ status: 'succeeded', images: { pending: expected, done: 0 }, sent: 0 });
    expect(await copiesIn(two, 'RegionOne')).toEqual([]);
    expect((await two.ask('DELETE', `/v2/replication-policies/${id}`)).status).toBe(204);
  });

  it('brings every image once and byte for byte, though links are cut and both federations are killed while sources change and go', async () => {
    const before = link.carriedBytes();
    const theirs = await withData(two, { name: 'from two', visibility: 'public' }, random.bytes(1000));
    await policyIn(two, { name: 'all of one', remote_region: 'RegionOne' });
    await policyIn(one, { name: 'all of two', remote_region: 'RegionTwo' });

    for (let round = 1; round <= cuts; round += 1) {
      await come(`${round} of ${cuts + 1} parts have come`, async () => (await copiesIn(two, 'RegionOne')).length, (count) => count >= (imageCount * round) / (cuts + 1));
      link.cut();
      if (round <= killRounds) await kill(random.pick(['RegionOne federation', 'RegionTwo federation']));
      const id = random.pick([...sources.keys()]);
      if (round % 2 === 0) {
        expect((await one.ask('DELETE', `/v2/images/${id}`)).status).toBe(204);
        sources.delete(id);
      } else {
        await change(one, id, [{ op: 'replace', path: '/name', value: `changed in round ${round}` }, { op: 'add', path: '/changed', value: String(round) }, { op: 'replace', path: '/tags', value: ['changed'] }]);
      }
    }
    await kill('RegionTwo federation');
    await kill('RegionOne federation');

    const carried = ['name', 'visibility', 'os_type', 'changed', 'os_hidden', 'owner', 'size', 'os_hash_value', 'tags'] as const;
    const shown = (image: ImageView): object => Object.fromEntries(carried.map((name) => [name, image[name]]));
    await come('both regions hold the same', async () => {
      const [origins, copies] = [await everything(one), await copiesIn(two, 'RegionOne')];
      const own = new Map(origins.filter((image) => !lineageOf(image)).map((image) => [image.id, image]));
      const differing = copies.filter((copy) => copy.status !== 'active' || JSON.stringify(shown(copy)) !== JSON.stringify(shown(own.get(lineageOf(copy)?.originId ?? '') ?? copy)));
      return { own: own.size, copies: copies.length, differing: differing.map(shown), back: (await copiesIn(one, 'RegionTwo')).map(({ status }) => status) };
    }, ({ own, copies, differing, back }) => own === sources.size && copies === sources.size && differing.length === 0 && back.length === 1 && back[0] === 'active');

    // Each has heard the other over the link between their NATS servers.
    const logs = await Promise.all(['logs/federation.log', 'RegionTwo/logs/federation.log'].map((file) => readFile(join(data, file), 'utf8')));
    expect(logs.map((log) => log.includes('the changes of the source are heard'))).toEqual([true, true]);

    const copies = await copiesIn(two, 'RegionOne');
    expect(copies.map((copy) => lineageOf(copy)?.originId).toSorted()).toEqual([...sources.keys()].toSorted());
    for (const copy of copies) {
      const bytes = await two.ask('GET', `/v2/images/${copy.id}/file`, { timeoutMs: 120_000 });
      expect([copy.id, sha512(bytes.bytes)]).toEqual([copy.id, sources.get(lineageOf(copy)?.originId ?? '')?.hash]);
    }
    // Nothing came back to where it was from, and nothing was brought twice.
    expect((await copiesIn(one, 'RegionOne')).length).toBe(0);
    expect((await copiesIn(two, 'RegionTwo')).length).toBe(0);
    expect(lineageOf((await copiesIn(one, 'RegionTwo'))[0] ?? {})?.originId).toBe(theirs);
    const total = [...sources.values()].reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    const interruptions = cuts + killRounds + 1;
    const listed = imageCount * 2048 * 200;
    process.stderr.write(`  ${Math.round((link.carriedBytes() - before) / 1024)} KiB crossed the link for ${Math.round(total / 1024)} KiB of images\n`);
    expect(link.carriedBytes() - before).toBeLessThan(total + (interruptions * concurrency + 3) * largestBytes + listed);
  }, 2 * patience);

  it('goes on from where it was when its federation is killed, and has missed nothing', async () => {
    const log = (): Promise<string> => readFile(join(data, 'RegionTwo/logs/federation.log'), 'utf8');
    // What it has heard is kept once nothing is left to be done, which is not seen from outside.
    const afterKill = async (): Promise<string> => {
      await pause(5000);
      const soFar = (await log()).length;
      await kill('RegionTwo federation');
      const heard = async (): Promise<string | undefined> => (await log()).slice(soFar).split('\n').find((line) => line.includes('the changes of the source are heard'));
      return await come('another one hears', heard, (line) => line !== undefined) ?? '';
    };
    await come('it goes on from its place', afterKill, (line) => line.includes('"is_whole":true'));
  }, patience);

  it('tells of the copies from either side, to each what he may see', async () => {
    const [copy] = (await copiesIn(two, 'RegionOne')).filter(({ visibility }) => visibility === 'private');
    const origin = { region: 'RegionOne', id: lineageOf(copy ?? {})?.originId };
    const expected = { origin, copies: [{ region: 'RegionTwo', id: copy?.id, status: 'active' }], regions: [{ name: 'RegionOne', asked: true }, { name: 'RegionTwo', asked: true }] };
    expect((await one.ask('GET', `/v2/images/${origin.id}/copies`)).json()).toMatchObject(expected);
    expect((await two.ask('GET', `/v2/images/${copy?.id}/copies`)).json()).toMatchObject(expected);
    const stranger = await signIn({ url: urls.two, identityUrl: identity.url, password }, 'alt_demo');
    expect((await stranger.ask('GET', `/v2/images/${copy?.id}/copies`)).status).toBe(404);
  });

  it('copies inside of the region what it has already: its bytes do not cross again', async () => {
    const bytes = random.bytes(8 * mebibyte);
    const first = await withData(one, { name: 'first', visibility: 'public' }, bytes);
    const ready = (origin: string) => until('the copy is there', async () => (await copiesIn(two, 'RegionOne')).find((copy) => lineageOf(copy)?.originId === origin), (copy) => copy?.status === 'active');
    await ready(first);
    const before = link.carriedBytes();
    const second = await withData(one, { name: 'the same once more', visibility: 'public' }, bytes);
    await ready(second);
    expect(link.carriedBytes() - before).toBeLessThan(4 * mebibyte);
  }, patience);

  it('deletes the copy of a copy with that', async () => {
    const origin = { heliograph_origin_region: 'RegionThree', heliograph_origin_id: '11111111-2222-4333-8444-555555555555' };
    const id = await withData(one, { name: 'by way of here', visibility: 'public', ...origin }, random.bytes(1000));
    const further = await come('it went on', () => copiesIn(two, 'RegionThree'), ([copy]) => copy?.status === 'active');
    expect(further).toMatchObject([{ ...origin, heliograph_via_region: 'RegionOne', heliograph_via_id: id, heliograph_via_path: 'RegionOne' }]);
    expect((await one.ask('DELETE', `/v2/images/${id}`)).status).toBe(204);
    await come('it is gone', () => copiesIn(two, 'RegionThree'), ({ length }) => length === 0);
  }, patience);

  it('keeps a bandwidth limit, and ends where it is cancelled', async () => {
    const tag = 'slowly';
    await withData(one, { name: 'slow', visibility: 'community', tags: [tag] }, random.bytes(mebibyte));
    await come('the event policy has brought it', async () => (await copiesIn(two, 'RegionOne')).filter(({ tags }) => tags.includes(tag)), ([copy]) => copy?.status === 'active');
    const id = await policyIn(two, { name: 'slow', remote_region: 'RegionOne', trigger: 'manual', bandwidth: 65_536, deletions: false, copy_owner: 'library', filter: { tags: [tag] } });
    const { id: executionId } = (await two.ask('POST', `/v2/replication-policies/${id}/executions`)).json();
    const path = `/v2/replication-policies/${id}/executions/${executionId}`;
    await come('it is running', async () => (await two.ask('GET', path)).json<Execution>(), ({ status }) => status === 'running');
    expect((await two.ask('POST', `${path}/actions/pause`)).json()).toMatchObject({ status: 'paused' });
    await pause(2500);
    expect((await two.ask('GET', path)).json()).toMatchObject({ status: 'paused', images: { pending: 1 } });
    const resumedAt = Date.now();
    expect((await two.ask('POST', `${path}/actions/resume`)).json()).toMatchObject({ status: 'running' });
    const over = await come('it is over', async () => (await two.ask('GET', path)).json<Execution>(), ({ status }) => status !== 'running');
    expect(over).toMatchObject({ status: 'succeeded', images: { done: 1 } });
    expect(Date.now() - resumedAt).toBeGreaterThan(12_000);
    const library = (await copiesIn(two, 'RegionOne')).filter(({ owner }) => owner === 'library');
    expect(library.map(({ status, size }) => [status, size])).toEqual([['active', mebibyte]]);
  }, patience);

  interface Action { readonly id: string; readonly status: string; readonly image_ref?: string; readonly message?: string }
  const begun = async (client: Client, body: object): Promise<string> => {
    const answer = await client.askUntilAnswered('POST', '/v2/image-actions', { body, withinMs: 60_000 });
    expect([answer.status, answer.bytes.toString()]).toEqual([201, expect.any(String)]);
    return answer.json<Action>().id;
  };
  const over = (client: Client, id: string): Promise<Action> =>
    until('the action is over', async () => (await client.ask('GET', `/v2/image-actions/${id}`)).json<Action>(), ({ status }) => status === 'success' || status === 'failure');

  it('clones an image for its user in one call, though the link is cut and federation and importer are killed, and both sides tell of the copy', async () => {
    // Nothing but the actions brings anything from here on.
    for (const client of [one, two]) {
      for (const { id } of (await client.ask('GET', '/v2/replication-policies')).json<{ policies: { id: string }[] }>().policies) expect((await client.ask('DELETE', `/v2/replication-policies/${id}`)).status).toBe(204);
    }
    const [here, there] = await Promise.all([urls.one, urls.two].map((url) => signIn({ url, identityUrl: identity.url, password }))) as [Client, Client];
    const bytes = random.bytes(24 * mebibyte);
    const source = await withData(here, { name: 'mine', visibility: 'private', os_type: 'bsd', tags: ['mine'] }, bytes);
    const before = link.carriedBytes();
    const action = await begun(here, { action_type: 'clone', image_id: source, region: 'RegionTwo', image_properties: { name: 'mine, there' } });
    await until('some of it has come', () => Promise.resolve(link.carriedBytes() - before), (carried) => carried > 4 * mebibyte);
    link.cut();
    for (const name of ['RegionOne federation', 'RegionOne importer', 'RegionTwo federation']) await kill(name);
    const done = await over(here, action);
    expect(done).toMatchObject({ status: 'success', region: 'RegionTwo', image_ref: expect.stringMatching(/^\/v2\/images\//) as string });
    const copy = (await there.ask('GET', done.image_ref ?? '')).json();
    expect(copy).toMatchObject({ name: 'mine, there', status: 'active', os_type: 'bsd', tags: ['mine'], os_hash_value: sha512(bytes), heliograph_origin_region: 'RegionOne', heliograph_origin_id: source });
    expect(sha512((await there.ask('GET', `/v2/images/${copy.id}/file`, { timeoutMs: 120_000 })).bytes)).toBe(sha512(bytes));
    expect(link.carriedBytes() - before).toBeLessThan(bytes.length + 20 * mebibyte);
    for (const [client, id] of [[here, source], [there, copy.id]] as const) {
      expect((await client.ask('GET', `/v2/images/${id}/copies`)).json()).toMatchObject({ origin: { region: 'RegionOne', id: source }, copies: [{ region: 'RegionTwo', id: copy.id }] });
    }
    expect((await here.ask('GET', '/v2/image-actions?action_type=clone')).json<{ image_actions: Action[] }>().image_actions.map(({ id }) => id)).toEqual([action]);
  }, patience);

  it("replicates one image with the operator's accounts, once however often it is asked to", async () => {
    const source = await withData(one, { name: 'chosen', visibility: 'public' }, random.bytes(mebibyte));
    for (const name of ['chosen', 'renamed']) {
      await change(one, source, [{ op: 'replace', path: '/name', value: name }]);
      expect(await over(one, await begun(one, { action_type: 'replicate', image_id: source, regions: ['RegionTwo'] }))).toMatchObject({ status: 'success' });
      expect((await copiesIn(two, 'RegionOne')).filter((copy) => lineageOf(copy)?.originId === source)).toMatchObject([{ name, visibility: 'public', status: 'active' }]);
    }
    expect(await over(one, await begun(one, { action_type: 'replicate', image_id: source, regions: ['RegionTwo', 'RegionNine'] }))).toMatchObject({
      status: 'failure', message: expect.stringMatching(/region RegionNine .* the operator has given no account for it .* It is in RegionTwo\./) as string,
    });
  }, patience);
});
