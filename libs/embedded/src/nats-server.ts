import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { auditIssuer, keptFromLinks, linkPermissions, linkUser, natsPermissions, natsUsers, type NatsPermissions, type NatsUser } from '#libs/contracts';
import { startChild, type Child } from './child.js';
import { freePort } from './free-port.js';

export type NatsPasswords = Readonly<Record<NatsUser, string>>;

/** A link to the NATS servers of other regions, over which these may follow what happens here, and we there. */
export interface NatsLinks {
  /** Where other regions' servers link themselves to this one, and the password of each, by region. Of any two regions one listens; the links of all must make no circle. */
  readonly listen?: { readonly host: string; readonly port: number; readonly passwords: Readonly<Record<string, string>>; readonly tls?: NatsTls };
  /** The servers that this one links itself to: `nats-leaf://host:port`, or `tls://host:port`. */
  readonly to?: readonly { readonly urls: readonly string[]; readonly password: string; readonly tls?: NatsTls }[];
}
/** Paths of files that the server reads. */
export interface NatsTls { readonly cert_file?: string; readonly key_file?: string; readonly ca_file?: string }

export interface NatsServerOptions {
  readonly binary: string;
  /** Holds the configuration, the log file and everything JetStream keeps. */
  readonly dir: string;
  readonly region: string;
  readonly passwords: NatsPasswords;
  /** What the gateways vouch for tenants with; without it nobody but our own services may connect. */
  readonly auditKey?: string;
  /** Taken where it is free; another one is chosen where it is not. */
  readonly port?: number;
  /** `always`: what was acknowledged is on the disk. `seldom` is for tests that do not cut the power. */
  readonly sync?: 'always' | 'seldom';
  readonly links?: NatsLinks;
}

export interface NatsServer extends Child {
  readonly url: string;
  readonly port: number;
  /** Starts it again with the same data, at the same address, after it was stopped or killed. */
  restart(): Promise<NatsServer>;
}

/** Half of the machine, unless the operator says otherwise: a server that spreads over all cores takes them from the services that wait for it, mostly to wake itself. */
const someCores = { GOMAXPROCS: String(Math.max(1, Math.floor(availableParallelism() / 2))) };

/** Starts a NATS server on loopback with a user for each service, who may do what `natsPermissions` grants and nothing else. */
export async function startNatsServer(options: NatsServerOptions): Promise<NatsServer> {
  await mkdir(options.dir, { recursive: true, mode: 0o700 });
  const port = await freePort(options.port);
  const configFile = join(options.dir, 'nats.json');
  await writeFile(configFile, JSON.stringify(natsConfig({ ...options, port }), null, 2), { mode: 0o600 });
  const child = await startChild({
    name: 'NATS', command: options.binary, args: ['--config', configFile], logFile: join(options.dir, 'nats.log'), env: { ...someCores, ...process.env },
    isReady: () => greets(port), readyWithinMs: 60_000,
  });
  return { ...child, url: `nats://127.0.0.1:${port}`, port, restart: () => startNatsServer({ ...options, port }) };
}

export interface NatsConfigOptions {
  readonly region: string;
  readonly passwords: NatsPasswords;
  readonly auditKey?: string;
  readonly port: number;
  /** JetStream keeps everything below it. */
  readonly dir: string;
  readonly host?: string;
  readonly serverName?: string;
  readonly sync?: 'always' | 'seldom';
  /** The other servers of the cluster, by host name; each listens for them at `port`. */
  readonly cluster?: { readonly host: string; readonly port: number; readonly peers: readonly string[] };
  readonly links?: NatsLinks;
}

/** The server's configuration; NATS reads JSON as well as its own notation. */
export function natsConfig(options: NatsConfigOptions): object {
  const { region, port, dir, host = '127.0.0.1', serverName = `heliograph-${region}`, sync = 'always', cluster, links } = options;
  return {
    host, port, server_name: serverName,
    max_payload: 2 ** 20 + 2 ** 16, lame_duck_duration: '30s', write_deadline: '10s', ping_interval: '10s',
    jetstream: { store_dir: join(dir, 'jetstream'), sync_interval: sync === 'always' ? 'always' : '2m', max_memory_store: 256 * 2 ** 20 },
    authorization: authorization(options),
    ...(cluster ? {
      cluster: { name: `heliograph-${region}`, listen: `${cluster.host}:${cluster.port}`, routes: cluster.peers.map((peer) => `nats-route://${peer}:${cluster.port}`) },
    } : {}),
    ...(links ? { leafnodes: leafnodes(region, links) } : {}),
  };
}

function authorization({ region, passwords, auditKey, links }: NatsConfigOptions): object {
  const permissions = natsPermissions(region);
  const linked = Object.entries(links?.listen?.passwords ?? {});
  return {
    users: [
      ...natsUsers.map((user) => ({ user, password: passwords[user], permissions: granted(permissions[user]) })),
      ...linked.map(([other, password]) => ({ user: linkUser(other), password, permissions: granted(linkPermissions(other)), allowed_connection_types: ['LEAFNODE'] })),
    ],
    // Whoever else connects is somebody whom a gateway must vouch for; it asks Keystone.
    ...(auditKey === undefined ? {} : { timeout: 5, auth_callout: { issuer: auditIssuer(auditKey).publicKey, auth_users: [...natsUsers, ...linked.map(([other]) => linkUser(other))] } }),
  };
}

/** Both sides say what may pass: the one that listens by the permissions of a user, the one that links itself by what it keeps back. */
function leafnodes(region: string, { listen, to = [] }: NatsLinks): object {
  return {
    ...(listen ? { host: listen.host, port: listen.port, no_advertise: true, ...(listen.tls ? { tls: listen.tls } : {}) } : {}),
    remotes: to.map(({ urls, password, tls }) => ({
      urls: urls.map((url) => withUser(url, linkUser(region), password)), deny_imports: keptFromLinks, deny_exports: keptFromLinks, ...(tls ? { tls } : {}),
    })),
  };
}

function withUser(url: string, user: string, password: string): string {
  const [scheme, rest] = url.split('://') as [string, string];
  return `${scheme}://${user}:${encodeURIComponent(password)}@${rest}`;
}

function granted({ publish, subscribe, mayRespond }: NatsPermissions): object {
  return { publish: { allow: publish }, subscribe: { allow: subscribe }, ...(mayRespond ? { allow_responses: { max: 1, expires: '1m' } } : {}) };
}

/** A NATS server greets every connection; it does so from the moment it serves. */
async function greets(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1', timeout: 1000 });
  try {
    const [greeting] = (await once(socket, 'data', { signal: AbortSignal.timeout(1000) })) as [Buffer];
    return greeting.toString('utf8').startsWith('INFO ');
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
