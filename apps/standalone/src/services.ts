import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { freePort, projectDir, startChild, type Child } from '#libs/embedded';
import { variableOf } from '#libs/platform';
import type { KeystoneArguments } from './arguments.js';
import type { DataDir } from './data-dir.js';
import { distrustOf } from './log-watch.js';
import type { Part } from './running.js';

export const serviceNames = ['catalog', 'gateway', 'staging', 'importer', 'federation'] as const;
export type ServiceName = (typeof serviceNames)[number];

/** Where everything else listens, by the time the services start. */
export interface Surroundings {
  readonly region: string;
  /** What this region's parts are called. */
  nameOf(part: string): string;
  readonly port: number;
  /** Where the staging service takes and gives data. */
  readonly transferPort: number;
  /** Where the federation service gives images of other regions. */
  readonly federationPort: number;
  readonly natsUrl: string;
  /** False for a NATS server that somebody else runs: its users are his. */
  readonly isOurNats: boolean;
  readonly databaseUrl: string;
  readonly keystone: KeystoneArguments;
  readonly settings: Readonly<Record<string, string>>;
  /** The regions whose NATS servers are linked to this one's. */
  readonly linkedRegions: readonly string[];
  /** A file with accounts for replication, where the launcher knows some. */
  readonly replicationClouds?: string;
}

type Options = Readonly<Record<string, string | number>>;

/** The environment of a service: what fits this machine, over it what the operator said, over that what only the launcher can know. */
export function environmentOf(name: ServiceName, around: Surroundings, dataDir: DataDir, operationsPort: number): NodeJS.ProcessEnv {
  const suggested: Options = {
    ...(movesBytes(name) ? { ...storeOptions(dataDir), ...workOptions(dataDir) } : {}), ...(hasStaging(name) ? stagingOptions(dataDir) : {}), ...suggestedTo(name, around, dataDir),
  };
  const fixed: Options = {
    'heliograph.region': around.region, 'heliograph.nats_url': around.natsUrl, 'heliograph.operations_port': operationsPort,
    ...(around.isOurNats ? { 'heliograph.nats_password': dataDir.secrets.nats[name] } : {}),
    ...(name === 'gateway' || name === 'catalog' ? { 'heliograph.database_url': around.databaseUrl } : {}),
    ...(name === 'gateway' ? { 'default.bind_port': around.port, ...(around.isOurNats ? { 'heliograph.audit_key': dataDir.secrets.audit } : {}) } : {}),
    ...(name === 'catalog' && around.isOurNats ? { 'heliograph.log_directory': join(dataDir.path, 'nats') } : {}),
    ...transferOptions(name, around, dataDir),
  };
  return { ...variables(suggested), ...process.env, ...around.settings, ...variables(fixed) };
}

function suggestedTo(name: ServiceName, around: Surroundings, dataDir: DataDir): Options {
  if (name === 'gateway') return gatewayOptions(around, dataDir);
  if (name === 'federation') return replicationOptions(around);
  return name === 'catalog' ? limitOptions(around.keystone) : {};
}

function replicationOptions({ replicationClouds, linkedRegions }: Surroundings): Options {
  return {
    ...(replicationClouds === undefined ? {} : { 'heliograph.replication_clouds': replicationClouds }),
    ...(linkedRegions.length === 0 ? {} : { 'heliograph.replication_links': linkedRegions.join(','), 'heliograph.replication_followers': linkedRegions.map((region) => `${region}:*`).join(',') }),
  };
}

/** Who has the stores. */
const movesBytes = (name: ServiceName): boolean => name === 'gateway' || name === 'importer';
const storesIn = (dataDir: DataDir): string => join(dataDir.path, 'stores');
export const storeOptions = (dataDir: DataDir): Options => ({ 'glance_store.filesystem_store_datadir': storesIn(dataDir) });

/** Who reaches the staging area where it lies. */
const hasStaging = (name: ServiceName): boolean => name === 'staging' || name === 'importer' || name === 'gateway';
const stagingIn = (dataDir: DataDir): string => join(dataDir.path, 'staging');
/** Where plugins of imports have files. */
const workOptions = (dataDir: DataDir): Options => ({ 'task.work_dir': join(dataDir.path, 'work') });
export const stagingOptions = (dataDir: DataDir): Options => ({ 'default.node_staging_uri': pathToFileURL(stagingIn(dataDir)).href });

/** What those who pass data on to each other know each other by, and where they find each other. */
function transferOptions(name: ServiceName, { transferPort, federationPort }: Surroundings, { secrets }: DataDir): Options {
  const key = { 'heliograph.capability_key': secrets.capability };
  const seal = { 'heliograph.seal_key': secrets.seal };
  const staging = { 'heliograph.staging_url': `http://127.0.0.1:${transferPort}` };
  const listens = (port: number): Options => ({ 'heliograph.transfer_host': '127.0.0.1', 'heliograph.transfer_port': port });
  switch (name) {
    case 'gateway': return { ...key, ...seal, ...staging };
    case 'staging': return { ...key, ...listens(transferPort) };
    case 'importer': return { ...key, ...seal, ...staging, 'heliograph.federation_url': `http://127.0.0.1:${federationPort}` };
    case 'federation': return { ...key, ...seal, ...listens(federationPort) };
    case 'catalog': return {};
  }
}

function gatewayOptions({ keystone }: Surroundings, dataDir: DataDir): Options {
  return {
    'default.bind_host': '127.0.0.1', 'heliograph.staging_writer': 'gateway', 'default.enabled_import_methods': 'glance-direct,web-download,copy-image,glance-download',
    'oslo_policy.policy_file': join(dataDir.path, 'policy.yaml'),
    ...keystoneOptions(keystone),
  };
}

function keystoneOptions(keystone: KeystoneArguments): Options {
  return {
    'keystone_authtoken.auth_url': keystone.url, 'keystone_authtoken.www_authenticate_uri': keystone.url,
    'keystone_authtoken.username': keystone.userName, 'keystone_authtoken.password': keystone.password,
    'keystone_authtoken.project_name': keystone.projectName, 'keystone_authtoken.user_domain_id': keystone.userDomainId,
    'keystone_authtoken.project_domain_id': keystone.projectDomainId,
  };
}

/** Where limits are, if use_keystone_limits is switched on; the service user reads them, unless the operator names another. */
const limitOptions = ({ url, userName, password, projectName, userDomainId, projectDomainId }: KeystoneArguments): Options => ({
  'oslo_limit.auth_url': url, 'oslo_limit.username': userName, 'oslo_limit.password': password, 'oslo_limit.project_name': projectName,
  'oslo_limit.user_domain_id': userDomainId, 'oslo_limit.project_domain_id': projectDomainId,
});

/** Resolves when it is ready; a catalog also when it is up and does not trust the log, which only the operator can mend, with everything running. */
export async function startService(name: ServiceName, around: Surroundings, dataDir: DataDir, signal: AbortSignal): Promise<Part> {
  const operationsPort = await freePort(dataDir.ports[name]);
  dataDir.ports[name] = operationsPort;
  if (movesBytes(name)) await mkdir(storesIn(dataDir), { recursive: true, mode: 0o700 });
  if (hasStaging(name)) await mkdir(stagingIn(dataDir), { recursive: true, mode: 0o700 });
  return startPart(name, {
    name: around.nameOf(name), kind: name === 'catalog' ? 'catalog' : 'service', dataDir, logFile: join(dataDir.path, 'logs', `${name}.log`), env: environmentOf(name, around, dataDir, operationsPort), operationsPort, signal,
    isReady: async () => (name === 'catalog' && (await distrustOf(operationsPort)) !== undefined) || answers(`http://127.0.0.1:${operationsPort}/readyz`),
  });
}

export interface IdentitySurroundings extends Pick<Surroundings, 'keystone' | 'settings'> {
  /** The Image API of each region. */
  readonly imageEndpoints: Readonly<Record<string, string>>;
}

/** The Keystone look-alike; its port is chosen before, because the catalogue and the services name it. */
export function startIdentity(around: IdentitySurroundings, dataDir: DataDir, signal: AbortSignal): Promise<Part> {
  const port = Number(new URL(around.keystone.url).port);
  const fixed = variables({
    'heliograph.identity_host': '127.0.0.1', 'heliograph.identity_port': port,
    'heliograph.image_endpoints': JSON.stringify(around.imageEndpoints),
  });
  return startPart('development-identity', {
    name: 'development-identity', kind: 'service', dataDir, logFile: join(dataDir.path, 'logs', 'development-identity.log'), env: { ...process.env, ...around.settings, ...fixed }, operationsPort: port, signal,
    isReady: () => answers(`http://127.0.0.1:${port}/v3`),
  });
}

interface PartOptions extends Pick<Part, 'name' | 'kind'> {
  readonly dataDir: DataDir;
  readonly logFile: string;
  readonly env: NodeJS.ProcessEnv;
  readonly operationsPort: number;
  isReady(): Promise<boolean | string>;
  readonly signal: AbortSignal;
}

/** Node keeps 48 MiB for short-lived objects; with 6 MiB seven processes hold 200 MiB less, and measured work costs no more. */
const sparingly = '--max-semi-space-size=2';

async function startPart(app: string, { name, kind, dataDir, logFile, env, operationsPort, isReady, signal }: PartOptions): Promise<Part> {
  const main = join(projectDir(), 'dist/apps', app, 'src/main.js');
  // The directory is there to be seen in a list of processes; the service itself takes no arguments.
  const args = [main, dataDir.path];
  const start = (): Promise<Child> => startChild({
    name, command: process.execPath, args: [sparingly, ...args], env, cwd: projectDir(), logFile, isReady, readyWithinMs: 60_000, signal,
  });
  return { name, kind, mark: args.join(' '), logFile, operationsPort, stopWithinMs: 35_000, child: await start(), startAgain: start };
}

/** True for a good answer; else what /readyz says is missing. */
async function answers(url: string): Promise<boolean | string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(3000) }).catch(() => undefined);
  if (response?.ok) return response.text().then(() => true, () => false);
  const text = (await response?.text().catch(() => '')) ?? '';
  return text === '' ? false : text.slice(0, 500);
}

export const variables = (options: Options): Record<string, string> =>
  Object.fromEntries(Object.entries(options).map(([option, value]) => {
    const [section, name] = option.split('.') as [string, string];
    return [variableOf(section, name), String(value)];
  }));
