import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { connect as connectTo, createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { auditStreamName, auditSubject, followedSubject, followSubject, imageSubject, inboxPrefix, linkUser, streamName, type AuditEvent, type Followed, type FollowWish, type Hearing, type NatsUser } from '#libs/contracts';
import { cacheDir, findNatsServer, freePort, startChild, startTestStack, type Child, type TestStack } from '#libs/embedded';
import { auditOutlet, type AuditOutlet } from '../audit.jetstream.js';
import { createStreams } from '../streams.js';
import { followRegion } from './follow-region.js';
import { tellFollowers } from './tell-followers.js';

/** Passes connections on, and can refuse to. */
async function startLine(port: number): Promise<{ port: number; cut(): void; mend(): void; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  let isCut = false;
  const server = createServer((near) => {
    if (isCut) return void near.destroy();
    const far = connectTo(port, '127.0.0.1');
    for (const [socket, other] of [[near, far], [far, near]] as const) {
      sockets.add(socket);
      socket.on('error', () => undefined).once('close', () => { sockets.delete(socket); other.destroy(); });
      socket.pipe(other);
    }
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const cut = (): void => {
    isCut = true;
    sockets.forEach((socket) => socket.destroy());
  };
  return {
    port: (server.address() as AddressInfo).port, cut, mend: () => { isCut = false; },
    close: () => new Promise((resolve) => { server.close(() => { resolve(); }); cut(); }),
  };
}

/** A server with nobody's permissions and nothing kept back, linked with the same password. */
async function startStranger(dir: string, linePort: number): Promise<{ child: Child; port: number }> {
  const [port, configFile] = [await freePort(), join(dir, 'stranger.json')];
  const url = `nats-leaf://${linkUser(two)}:${encodeURIComponent(password)}@127.0.0.1:${linePort}`;
  await writeFile(configFile, JSON.stringify({ host: '127.0.0.1', port, server_name: 'stranger', leafnodes: { remotes: [{ urls: [url] }] } }), { mode: 0o600 });
  const child = await startChild({
    name: 'a server that was taken over', command: await findNatsServer({ cacheDir: cacheDir() }), args: ['--config', configFile], logFile: join(dir, 'stranger.log'), readyWithinMs: 60_000,
    isReady: async () => {
      const connection = await connect({ servers: `127.0.0.1:${port}`, reconnect: false, timeout: 1000 }).catch(() => undefined);
      await connection?.close();
      return connection !== undefined;
    },
  });
  return { child, port };
}

async function eventually(what: string, holds: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 60_000; !holds(); await pause(50)) if (Date.now() > deadline) throw new Error(`not in time: ${what}`);
}

const [one, two] = ['RegionOne', 'RegionTwo'] as const;
const password = 'what RegionTwo links itself with';

describe('A link between the NATS servers of two regions', () => {
  const stacks: TestStack[] = [];
  const connections: NatsConnection[] = [];
  let line: Awaited<ReturnType<typeof startLine>>;
  let here: NatsConnection;
  let there: NatsConnection;
  let outlet: AuditOutlet;
  const refused: string[] = [];
  const faults: unknown[] = [];

  async function as(stack: TestStack, user: NatsUser): Promise<NatsConnection> {
    const connection = await connect({ servers: stack.nats.url, user, pass: stack.passwords[user], inboxPrefix: inboxPrefix(user), maxReconnectAttempts: -1, reconnectTimeWait: 100 });
    connections.push(connection);
    return connection;
  }
  const told = (number: number, receiver: 'public' | { projectId: string }) => ({
    subject: auditSubject(one, receiver, 'image', 'ImageActivated'), body: { id: `${number}-0`, subject: `image ${number}`, type: 'ImageActivated' }, messageId: randomUUID(),
  });

  interface Follower { readonly heard: string[]; readonly live: boolean[]; readonly lost: string[]; sequence: number; stop(): Promise<void> }
  const followers: Follower[] = [];
  function follow(hears: Hearing, after?: number): Follower {
    const stop = new AbortController();
    const follower: Follower = { heard: [], live: [], lost: [], sequence: 0, stop: async () => { stop.abort(); await running; } };
    const running = followRegion({
      connection: here, region: two, from: one, hears, ...(after === undefined ? {} : { after }), silenceMs: 8_000, againAfterMs: 200,
      onEvent: (event: AuditEvent, sequence) => { follower.heard.push(event.subject); follower.sequence = sequence; },
      onLive: (isWhole) => follower.live.push(isWhole), onLost: (reason) => follower.lost.push(reason),
    }, stop.signal);
    followers.push(follower);
    return follower;
  }
  afterEach(() => Promise.all(followers.splice(0).map((follower) => follower.stop())));

  beforeAll(async () => {
    const port = await freePort();
    const first = await startTestStack({ region: one, withPostgres: false, auditKey: 'what the gateways vouch for tenants with', links: { listen: { host: '127.0.0.1', port, passwords: { [two]: password } } } });
    stacks.push(first);
    line = await startLine(port);
    const second = await startTestStack({ region: two, withPostgres: false, links: { to: [{ urls: [`nats-leaf://127.0.0.1:${line.port}`], password }] } });
    stacks.push(second);
    for (const [stack, region] of [[first, one], [second, two]] as const) await createStreams(await as(stack, 'setup'), region, { replicas: 1 });
    outlet = await auditOutlet(await as(first, 'catalog'), { region: one, retention: { days: 1, maxBytes: 2 ** 24 } });
    [there, here] = [await as(first, 'federation'), await as(second, 'federation')];
    await tellFollowers({
      connection: there, region: one, followers: new Map<string, Hearing>([[two, { projects: ['red', 'blue'] }]]),
      onRefused: (_, reason) => refused.push(reason), onFault: (error) => faults.push(error),
    });
  });
  afterAll(async () => {
    await Promise.all(connections.map((connection) => connection.close()));
    await line?.close();
    await Promise.all(stacks.map((stack) => stack.stop()));
    expect(faults.map(String)).toEqual([]);
  });

  it('lets the other region hear what it may and asked for, and nothing else', async () => {
    const [all, red] = [follow({ projects: 'all' }), follow({ projects: ['red', 'green'] })];
    await eventually('both are told that they hear', () => all.live.length > 0 && red.live.length > 0);
    await outlet.publish([told(1, 'public'), told(2, { projectId: 'red' }), told(3, { projectId: 'blue' }), told(4, { projectId: 'green' }), told(5, 'public')]);
    await eventually('both have heard the last', () => all.heard.includes('image 5') && red.heard.includes('image 5'));
    expect([all.heard, red.heard]).toEqual([['image 1', 'image 2', 'image 3', 'image 5'], ['image 1', 'image 2', 'image 5']]);
  });

  it('goes on where it was when it was cut, with nothing missing and nothing twice', async () => {
    const follower = follow({ projects: 'all' });
    await eventually('it hears', () => follower.live.length > 0);
    await outlet.publish([told(11, 'public'), told(12, 'public')]);
    await eventually('it has heard', () => follower.heard.length === 2);
    line.cut();
    await outlet.publish([told(13, { projectId: 'red' }), told(14, 'public')]);
    await eventually('it knows', () => follower.lost.length > 0);
    line.mend();
    await eventually('it has heard what came meanwhile', () => follower.heard.length === 4);
    await outlet.publish([told(15, 'public')]);
    await eventually('and what comes', () => follower.heard.length === 5);
    expect(follower.heard).toEqual([11, 12, 13, 14, 15].map((number) => `image ${number}`));
    expect(follower.live.slice(1)).toEqual(follower.live.slice(1).map(() => true));
    await follower.stop();
    const again = follow({ projects: 'all' }, follower.sequence - 2);
    await eventually('another goes on from a place that was kept', () => again.heard.length === 2 && again.live.length === 1);
    expect([again.heard, again.live]).toEqual([['image 14', 'image 15'], [true]]);
  }, 180_000);

  it('says so where a place is not in the stream any more', async () => {
    const follower = follow({ projects: 'all' }, 1_000_000);
    await eventually('it hears', () => follower.live.length > 0);
    expect(follower.live).toEqual([false]);
    await outlet.publish([told(21, 'public')]);
    await eventually('it hears what comes', () => follower.heard.includes('image 21'));
  });

  it('says why where there is nothing to follow, or nobody answers', async () => {
    const other: string[] = [];
    const [stop, nobody] = [new AbortController(), 'RegionNine'];
    await tellFollowers({ connection: here, region: two, followers: new Map<string, Hearing>([[two, { projects: 'all' }]]), onRefused: (_, reason) => other.push(reason), onFault: (error) => faults.push(error) });
    const lost: string[] = [];
    const running = [two, nobody].map((from) => followRegion({
      connection: here, region: two, from, hears: { projects: 'all' }, silenceMs: 8_000, againAfterMs: 1000, onEvent: () => undefined, onLive: () => undefined, onLost: (reason) => lost.push(`${from}: ${reason}`),
    }, stop.signal));
    await eventually('both know', () => lost.some((each) => each.startsWith(two)) && lost.some((each) => each.startsWith(nobody)));
    expect(lost.find((each) => each.startsWith(two))).toBe('RegionTwo: region RegionTwo keeps no audit stream (heliograph.audit_days)');
    expect(lost.find((each) => each.startsWith(nobody))).toContain('nothing was heard from region RegionNine');
    expect([...new Set(other)]).toEqual(['region RegionTwo keeps no audit stream (heliograph.audit_days)']);
    stop.abort();
    await Promise.all(running);
  });

  it('does not grant what is no wish', async () => {
    const before = refused.length;
    for (const wish of ['nothing', '{}', JSON.stringify({ id: 'glance.RegionOne.image.x', after: 0, hears: { projects: 'all' } }), JSON.stringify({ id: randomUUID(), after: -1, hears: { projects: 'all' } })]) {
      here.publish(followSubject(one, two), wish);
    }
    await eventually('they were refused', () => refused.length === before + 4);
  });

  describe('seen from a server that somebody has taken over', () => {
    let server: Child;
    let stranger: NatsConnection;
    let logBefore: number;
    const lengthOfLog = async (): Promise<number> => (await (await jetstreamManager(await as(stacks[0] as TestStack, 'operator'), { checkAPI: false })).streams.info(streamName(one))).state.last_seq;
    beforeAll(async () => {
      const { child, port } = await startStranger((stacks[0] as TestStack).dir, line.port);
      server = child;
      stranger = await connect({ servers: `127.0.0.1:${port}` });
      connections.push(stranger);
      logBefore = await lengthOfLog();
    });
    afterAll(() => server?.stop());

    it('nothing reaches the log, commands, questions or any other subject, also not as the place where an answer goes', async () => {
      const heard: string[] = [];
      const operator = await as(stacks[0] as TestStack, 'catalog');
      operator.subscribe(`do.${one}.*`, { callback: (_, message) => { heard.push(message.subject); } });
      operator.subscribe(`ask.${one}.*`, { callback: (_, message) => { heard.push(message.subject); } });
      await operator.flush();
      const image = imageSubject(one, randomUUID());
      const requests = [
        image, `do.${one}.image`, `ask.${one}.history`, `lease.${one}.${randomUUID()}`, `audit.${one}.public.image.ImageDeleted`, `projected.${one}`, followSubject(one, 'RegionNine'),
        '$JS.API.INFO', '$JS.API.STREAM.NAMES', ...[streamName(one), auditStreamName(one), `LEASES_${one}`].flatMap((stream) => [
          `$JS.API.STREAM.INFO.${stream}`, `$JS.API.STREAM.MSG.GET.${stream}`, `$JS.API.DIRECT.GET.${stream}`, `$JS.API.STREAM.PURGE.${stream}`, `$JS.API.STREAM.DELETE.${stream}`,
          `$JS.API.CONSUMER.CREATE.${stream}`, `$JS.API.CONSUMER.CREATE.${stream}.x`, `$JS.API.CONSUMER.LIST.${stream}`, `$JS.API.CONSUMER.MSG.NEXT.${stream}.x`,
        ]),
      ];
      const own = stranger.subscribe('mine.>');
      for (const subject of requests) {
        stranger.publish(subject, '{}', { reply: image });
        stranger.publish(subject, '{}', { reply: 'mine.answer' });
      }
      stranger.publish(followSubject(one, two), JSON.stringify({ id: randomUUID(), after: 'latest', hears: { projects: 'all' } }), { reply: image });
      await stranger.flush();
      // What was sent after all of it has been heard: so has it.
      const answer = await granted(stranger, { id: randomUUID(), after: 'latest', hears: { projects: 'all' } });
      expect(answer).toMatchObject({ following: {} });
      await pause(1000);
      own.unsubscribe();
      // Its own server says so where nobody listens.
      for await (const { data, headers } of own) if (headers?.code !== 503) heard.push(Buffer.from(data).toString());
      expect([heard, await lengthOfLog()]).toEqual([[], logBefore]);
    });

    it('nothing is heard but what was granted', async () => {
      const heard: string[] = [];
      stranger.subscribe('>', { callback: (_, message) => { if (!message.subject.startsWith('_INBOX')) heard.push(message.subject); } });
      await stranger.flush();
      await pause(500);
      const catalog = await as(stacks[0] as TestStack, 'catalog');
      catalog.publish(`projected.${one}`, '{}');
      catalog.publish(`ask.${one}.status`, '{}');
      await catalog.flush();
      await outlet.publish([told(31, { projectId: 'green' }), told(32, 'public')]);
      await pause(1500);
      expect(heard.filter((subject) => !subject.startsWith('followed.') && !subject.startsWith('$SYS'))).toEqual([]);
    });

    it('the password opens no connection of a client', async () => {
      await expect(connect({ servers: (stacks[0] as TestStack).nats.url, user: linkUser(two), pass: password, reconnect: false, timeout: 10_000 })).rejects.toThrow();
    });
  });

  async function granted(connection: NatsConnection, wish: FollowWish): Promise<Followed> {
    const answers = connection.subscribe(followedSubject(one, two, wish.id), { max: 1 });
    await connection.flush();
    for (const deadline = Date.now() + 60_000; Date.now() < deadline;) {
      connection.publish(followSubject(one, two), JSON.stringify(wish));
      const answer = await Promise.race([answers[Symbol.asyncIterator]().next(), pause(1000)]);
      if (answer?.value) return (answer.value as { json(): Followed }).json();
    }
    throw new Error('no answer');
  }
});
