import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { natsUsers, type NatsUser } from '#libs/contracts';
import { natsConfig, type NatsLinks, type NatsPasswords } from '#libs/embedded';
import { ConfigFaults, Option, readConfig } from '#libs/platform';

/** What `npm run nats:config` is told. */
class NatsConfigOptions {
  @Option.text('heliograph', 'region', { default: 'RegionOne', pattern: /^[A-Za-z0-9_-]{1,64}$/, doc: 'The region whose log the servers keep.' })
  readonly region: string;

  @Option.list('heliograph', 'nats_servers', { default: ['nats-1', 'nats-2', 'nats-3'], doc: 'The host names of the servers: one, or the three and more of a cluster.' })
  readonly servers: readonly string[];

  @Option.path('heliograph', 'nats_config_dir', { default: '.', doc: 'Where the files are written: one <host name>.json for each server.' })
  readonly dir: string;

  @Option.path('heliograph', 'nats_data_dir', { default: '/data', doc: 'Where a server keeps the log.' })
  readonly dataDir: string;

  @Option.list('heliograph', 'nats_passwords', { doc: 'The password of each NATS user, as user:password: gateway, catalog, staging, importer, federation, operator, setup, listener.' })
  readonly passwords: readonly string[];

  @Option.secret('heliograph', 'audit_key', { optional: true, doc: 'What the gateways vouch for tenants with: their audit_key. Without it no tenant can connect.' })
  readonly auditKey?: string;

  @Option.list('heliograph', 'nats_link_passwords', { default: [], doc: 'The other regions whose servers link themselves to these, at port 7422, as region:password. Links carry what replication hears of a region, and nothing else.' })
  readonly linkPasswords: readonly string[];

  @Option.list('heliograph', 'nats_link_to', { default: [], doc: 'The servers of another region that these link themselves to, as tls://host:7422, or nats-leaf://host:7422 where the network is trusted. Of two regions one links itself to the other; the links of all regions must make no circle.' })
  readonly linkTo: readonly string[];

  @Option.secret('heliograph', 'nats_link_password', { optional: true, doc: 'What these servers link themselves with: the password that the other region has for this one in its nats_link_passwords.' })
  readonly linkPassword?: string;

  @Option.path('heliograph', 'nats_link_tls_dir', { optional: true, doc: 'Where the servers find cert.pem, key.pem and ca.pem of their links. Without it links are not encrypted, unless nats_link_to says tls and the system trusts the other side\'s certificate.' })
  readonly linkTlsDir?: string;
}

/** Undefined where the region has no link. Throws `ConfigFaults`. */
function linksOf({ linkPasswords, linkTo, linkPassword, linkTlsDir }: NatsConfigOptions): NatsLinks | undefined {
  if (linkPasswords.length === 0 && linkTo.length === 0) return undefined;
  if (linkTo.length > 0 && linkPassword === undefined) throw new ConfigFaults(['HELIOGRAPH_HELIOGRAPH__NATS_LINK_TO needs HELIOGRAPH_HELIOGRAPH__NATS_LINK_PASSWORD']);
  const tls = linkTlsDir === undefined ? {} : { tls: { cert_file: join(linkTlsDir, 'cert.pem'), key_file: join(linkTlsDir, 'key.pem'), ca_file: join(linkTlsDir, 'ca.pem') } };
  return {
    ...(linkPasswords.length === 0 ? {} : { listen: { host: '0.0.0.0', port: 7422, passwords: pairsIn(linkPasswords), ...tls } }),
    ...(linkTo.length === 0 ? {} : { to: [{ urls: linkTo, password: linkPassword ?? '', ...tls }] }),
  };
}

const pairsIn = (pairs: readonly string[]): Record<string, string> => Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf(':')), pair.slice(pair.indexOf(':') + 1)]));

/** The password of every user. Throws `ConfigFaults` where one is missing. */
function passwordsOf(pairs: readonly string[]): NatsPasswords {
  const given = new Map(Object.entries(pairsIn(pairs)));
  const missing = natsUsers.filter((user) => !given.get(user));
  if (missing.length > 0) throw new ConfigFaults([`HELIOGRAPH_HELIOGRAPH__NATS_PASSWORDS gives no password for ${missing.join(', ')}`]);
  return Object.fromEntries(natsUsers.map((user) => [user, given.get(user)] as [NatsUser, string])) as NatsPasswords;
}

/** `npm run nats:config`: writes the configuration of a region's NATS servers, with the users of the services and what each may do. */
try {
  const options = readConfig(NatsConfigOptions);
  const { region, servers, dir, dataDir, passwords, auditKey } = options;
  const links = linksOf(options);
  await mkdir(dir, { recursive: true });
  for (const name of servers) {
    const config = natsConfig({
      region, passwords: passwordsOf(passwords), host: '0.0.0.0', port: 4222, dir: dataDir, serverName: name, ...(auditKey === undefined ? {} : { auditKey }), ...(links ? { links } : {}),
      ...(servers.length > 1 ? { cluster: { host: '0.0.0.0', port: 6222, peers: servers.filter((peer) => peer !== name) } } : {}),
    });
    // Read by the servers' own user in another container.
    await writeFile(join(dir, `${name}.json`), JSON.stringify(config, null, 2), { mode: 0o644 });
  }
  process.stdout.write(`Wrote the configuration of ${servers.join(', ')} to ${dir}.\n`);
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = 1;
}
process.exit();
