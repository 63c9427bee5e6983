import { randomUUID } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { auditSubject, inboxPrefix, type Hearing, type NatsUser } from '#libs/contracts';
import { freePort, startTestStack, type TestStack } from '#libs/embedded';
import { aSigner } from '#libs/testing';
import { auditOutlet } from '../audit.jetstream.js';
import { createStreams } from '../streams.js';
import { followRegion } from './follow-region.js';
import { tellFollowers } from './tell-followers.js';

const [one, two, three] = ['RegionOne', 'RegionTwo', 'RegionThree'] as const;
const password = 'what others link themselves with';

describe('A link between the NATS servers of two regions over TLS', () => {
  let dir: string;
  const stacks: TestStack[] = [];
  const connections: NatsConnection[] = [];
  const stop = new AbortController();
  const following: Promise<void>[] = [];
  const heard: Record<string, string[]> = { [two]: [], [three]: [] };

  async function as({ nats, passwords }: TestStack, user: NatsUser): Promise<NatsConnection> {
    const connection = await connect({ servers: nats.url, user, pass: passwords[user], inboxPrefix: inboxPrefix(user), maxReconnectAttempts: -1, reconnectTimeWait: 100 });
    connections.push(connection);
    return connection;
  }
  async function file(name: string, text: string): Promise<string> {
    await writeFile(join(dir, name), text, { mode: 0o600 });
    return join(dir, name);
  }
  /** A region whose server links itself to the first, and trusts the certificates that this authority has signed. */
  async function linked(region: string, port: number, authority: string): Promise<TestStack> {
    const stack = await startTestStack({ region, withPostgres: false, links: { to: [{ urls: [`tls://127.0.0.1:${port}`], password, tls: { ca_file: await file(`${region}.pem`, authority) } }] } });
    stacks.push(stack);
    const connection = await as(stack, 'federation');
    following.push(followRegion({
      connection, region, from: one, hears: { projects: 'all' }, silenceMs: 8_000, againAfterMs: 200,
      onEvent: (event) => heard[region]?.push(event.subject), onLive: () => heard[region]?.push('live'), onLost: () => undefined,
    }, stop.signal));
    return stack;
  }
  async function eventually(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
    for (const deadline = Date.now() + 90_000; !await holds(); await pause(50)) if (Date.now() > deadline) throw new Error(`not in time: ${what}`);
  }

  beforeAll(async () => { dir = await mkdtemp(join(tmpdir(), 'heliograph-tls-')); });
  afterAll(async () => {
    stop.abort();
    await Promise.all(following);
    await Promise.all(connections.map((connection) => connection.close()));
    await Promise.all(stacks.map((stack) => stack.stop()));
    await rm(dir, { recursive: true, force: true });
  }, 60_000);

  it('carries what it should where the certificate is trusted, and nothing where it is not', async () => {
    const [authority, stranger] = [aSigner({ kind: 'ec', isAuthority: true, name: 'the authority' }), aSigner({ kind: 'ec', isAuthority: true, name: 'another authority' })];
    const server = aSigner({ kind: 'ec', name: 'the server', by: authority, address: '127.0.0.1' });
    const port = await freePort();
    const tls = { cert_file: await file('cert.pem', server.certificate), key_file: await file('key.pem', server.key.export({ type: 'pkcs8', format: 'pem' }).toString()), ca_file: await file('ca.pem', authority.certificate) };
    const first = await startTestStack({ region: one, withPostgres: false, links: { listen: { host: '127.0.0.1', port, passwords: { [two]: password, [three]: password }, tls } } });
    stacks.push(first);
    await createStreams(await as(first, 'setup'), one, { replicas: 1 });
    const outlet = await auditOutlet(await as(first, 'catalog'), { region: one, retention: { days: 1, maxBytes: 2 ** 24 } });
    const refused: string[] = [];
    await tellFollowers({
      connection: await as(first, 'federation'), region: one, followers: new Map<string, Hearing>([[two, { projects: 'all' }], [three, { projects: 'all' }]]),
      onRefused: (_, reason) => refused.push(reason), onFault: (error) => refused.push(String(error)),
    });
    await linked(two, port, authority.certificate);
    const distrusting = await linked(three, port, stranger.certificate);

    await eventually('the one that trusts hears', () => heard[two]?.includes('live') ?? false);
    await eventually('the other one says why it does not link itself', async () => /certificate signed by unknown authority/.test(await readFile(join(distrusting.dir, 'nats', 'nats.log'), 'utf8')));
    await outlet.publish([{ subject: auditSubject(one, 'public', 'image', 'ImageActivated'), body: { id: '1-0', subject: 'an image', type: 'ImageActivated' }, messageId: randomUUID() }]);
    await eventually('it was heard', () => heard[two]?.includes('an image') ?? false);
    expect([heard, refused]).toEqual([{ [two]: ['live', 'an image'], [three]: [] }, []]);
  }, 300_000);
});
