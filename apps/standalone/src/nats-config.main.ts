import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { natsUsers, type NatsUser } from '#libs/contracts';
import { natsConfig, type NatsPasswords } from '#libs/embedded';
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
}

/** The password of every user. Throws `ConfigFaults` where one is missing. */
function passwordsOf(pairs: readonly string[]): NatsPasswords {
  const given = new Map(pairs.map((pair) => [pair.slice(0, pair.indexOf(':')), pair.slice(pair.indexOf(':') + 1)]));
  const missing = natsUsers.filter((user) => !given.get(user));
  if (missing.length > 0) throw new ConfigFaults([`HELIOGRAPH_HELIOGRAPH__NATS_PASSWORDS gives no password for ${missing.join(', ')}`]);
  return Object.fromEntries(natsUsers.map((user) => [user, given.get(user)] as [NatsUser, string])) as NatsPasswords;
}

/** `npm run nats:config`: writes the configuration of a region's NATS servers, with the users of the services and what each may do. */
try {
  const { region, servers, dir, dataDir, passwords, auditKey } = readConfig(NatsConfigOptions);
  await mkdir(dir, { recursive: true });
  for (const name of servers) {
    const config = natsConfig({
      region, passwords: passwordsOf(passwords), host: '0.0.0.0', port: 4222, dir: dataDir, serverName: name, ...(auditKey === undefined ? {} : { auditKey }),
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
