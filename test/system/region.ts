import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { freePort, projectDir, startChild, startTestStack, tailOf, type Child, type Ending, type TestStack } from '#libs/embedded';
import { createStreams, type CrashPoint } from '#libs/event-log';
import { createBus, createLogger, variableOf } from '#libs/platform';

export const serviceNames = ['catalog', 'catalog-2', 'gateway', 'gateway-2', 'staging', 'importer', 'importer-2', 'federation'] as const;
export type ServiceName = (typeof serviceNames)[number];
type App = 'catalog' | 'gateway' | 'staging' | 'importer' | 'federation';
export type ProcessName = ServiceName | 'nats' | 'postgres';

/** One region as it runs in production, every part a process of its own that can be killed. Needs `npm run build`. */
export interface Region {
  readonly url: string;
  /** Of the second gateway, where there is one. */
  readonly secondUrl: string;
  readonly identityUrl: string;
  readonly password: string;
  readonly capabilityKey: string;
  readonly stack: TestStack;
  readonly storesDir: string;
  readonly stagingDir: string;
  /** The services that this region was started with. */
  readonly names: readonly ServiceName[];
  /** The environment of the operator's commands. */
  readonly operatorEnv: NodeJS.ProcessEnv;
  /** SIGKILL, and nothing else. */
  kill(name: ProcessName): Promise<void>;
  /** Ends a service well. */
  stopService(name: ServiceName): Promise<Ending>;
  /** Starts what was killed or stopped, and waits until it works. */
  restart(name: ProcessName, env?: NodeJS.ProcessEnv): Promise<void>;
  /** Replaces a service by one that kills itself at the nth hit of a crash point. */
  arm(name: ServiceName, point: CrashPoint, nth?: number): Promise<void>;
  /** How a service that was armed has ended. */
  ending(name: ServiceName): Promise<Ending>;
  isRunning(name: ServiceName): boolean;
  /** The end of what a service logged. */
  logOf(name: ServiceName): string;
  stop(): Promise<void>;
}

export type Settings = Readonly<Record<string, string | number>>;

/** Leases and passes are short, so that a test sees the end of an upload whose server died. `settings` are options as `section.option`. */
export const quickEnds: Settings = { 'heliograph.lease_seconds': 2, 'heliograph.sweep_interval': 1, 'heliograph.removal_interval': 1 };

export interface RegionOptions {
  readonly settings?: Settings;
  /** How many processes of each. */
  readonly catalogs?: 1 | 2;
  readonly gateways?: 1 | 2;
  readonly stagings?: 0 | 1;
  readonly importers?: 0 | 1 | 2;
  readonly federations?: 0 | 1;
  /** What else stands in the catalogue: image endpoints by region, made from that of this one. */
  readonly otherRegions?: (url: string) => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>;
}

const namesOf = ({ catalogs = 1, gateways = 1, stagings = 0, importers = 0, federations = 0 }: RegionOptions): ServiceName[] => {
  const counts: Readonly<Record<App, number>> = { catalog: catalogs, gateway: gateways, staging: stagings, importer: importers, federation: federations };
  return serviceNames.filter((name) => counts[appOf(name)] >= (name.endsWith('-2') ? 2 : 1));
};

const appOf = (name: ServiceName): App => name.replace('-2', '') as App;

const auditKey = 'what the gateways of a test vouch for tenants with';

/** Starts everything; where a part does not start, what runs already is stopped. */
export async function startRegion({ settings = quickEnds, otherRegions = () => ({}), ...counts }: RegionOptions = {}): Promise<Region> {
  const stack = await startTestStack({ durable: true, auditKey });
  const running = new Map<string, Child>();
  const stop = async (): Promise<void> => {
    await Promise.all([...running.values()].map((child) => child.kill()));
    await stack.stop();
  };
  try {
    await createLog(stack);
    return await startServices({ stack, running, settings, names: namesOf(counts), otherRegions, stop });
  } catch (error) {
    await stop();
    throw error;
  }
}

async function createLog({ nats, passwords, region }: TestStack): Promise<void> {
  const logger = createLogger({ service: 'setup', region, level: 'silent' });
  const bus = await createBus({ servers: [nats.url], user: 'setup', password: passwords.setup, region, logger });
  await createStreams(bus.connection, region, { replicas: 1 });
  await bus.close();
}

interface Parts {
  readonly stack: TestStack;
  readonly running: Map<string, Child>;
  readonly settings: Settings;
  readonly names: readonly ServiceName[];
  readonly otherRegions: NonNullable<RegionOptions['otherRegions']>;
  stop(): Promise<void>;
}

async function startServices({ stack, running, settings, names, otherRegions, stop }: Parts): Promise<Region> {
  const password = `development-${stack.passwords.operator}`;
  const [port, secondPort, identityPort, transferPort, federationPort, ...operationsPorts] = await Promise.all(Array.from({ length: 5 + serviceNames.length }, () => freePort()));
  const [url, identityUrl, storesDir] = [`http://127.0.0.1:${port}`, `http://127.0.0.1:${identityPort}/v3`, join(stack.dir, 'stores')];
  const logFile = (name: string): string => join(stack.dir, `${name}.log`);
  const env = (user: App | 'operator', more: Settings = {}): NodeJS.ProcessEnv => environment({
    'heliograph.region': stack.region, 'heliograph.nats_url': stack.nats.url, 'heliograph.nats_password': stack.passwords[user],
    'heliograph.database_url': stack.databaseUrl, ...more,
  });
  const capabilityKey = 'what the services of a test know each other by';
  const bytes: Settings = { 'heliograph.capability_key': capabilityKey, 'heliograph.staging_url': `http://127.0.0.1:${transferPort}` };
  const seal: Settings = { 'heliograph.seal_key': 'what a token is sealed with on its way in a test' };
  const stagingDir = join(stack.dir, 'staging');
  const stagingArea: Settings = { 'default.node_staging_uri': pathToFileURL(stagingDir).href };
  const own: Record<App, Settings> = {
    catalog: {},
    staging: { ...bytes, ...stagingArea, 'heliograph.transfer_port': transferPort ?? 0 },
    federation: { ...bytes, ...seal, 'heliograph.transfer_port': federationPort ?? 0 },
    importer: { ...bytes, ...seal, ...stagingArea, 'heliograph.federation_url': `http://127.0.0.1:${federationPort}`, 'task.work_dir': join(stack.dir, 'work'), 'glance_store.filesystem_store_datadir': storesDir },
    gateway: {
      ...bytes, ...seal, ...stagingArea, 'heliograph.audit_key': auditKey, ...(names.includes('federation') ? { 'default.enabled_import_methods': 'glance-direct,web-download,copy-image,glance-download' } : {}),
      'glance_store.filesystem_store_datadir': storesDir, 'oslo_policy.policy_file': join(stack.dir, 'policy.yaml'),
      'keystone_authtoken.auth_url': identityUrl, 'keystone_authtoken.password': password,
    },
  };

  async function start(name: string, app: string, childEnv: NodeJS.ProcessEnv, readyUrl: string): Promise<void> {
    running.set(name, await startChild({
      name, command: process.execPath, args: [join(projectDir(), 'dist/apps', app, 'src/main.js')], cwd: projectDir(), env: childEnv,
      logFile: logFile(name), isReady: () => readiness(readyUrl), readyWithinMs: 120_000,
    }));
  }
  const startService = async (name: ServiceName, more: NodeJS.ProcessEnv = {}): Promise<void> => {
    const operationsPort = operationsPorts[serviceNames.indexOf(name)] ?? 0;
    const app = appOf(name);
    const listens: Settings = app === 'gateway' ? { 'default.bind_port': (name === 'gateway' ? port : secondPort) ?? 0 } : {};
    await start(name, app, { ...env(app, { ...own[app], ...settings, ...listens, 'heliograph.operations_port': operationsPort }), ...more }, `http://127.0.0.1:${operationsPort}/readyz`);
  };
  const child = (name: ServiceName): Child => running.get(name) ?? absent(name);

  await mkdir(storesDir);
  await writeFile(logFile('gateway'), '');
  const identityEnv = environment({
    'heliograph.identity_port': identityPort ?? 0, 'heliograph.development_password': password,
    'heliograph.image_endpoints': JSON.stringify({ [stack.region]: url, ...(await otherRegions(url)) }),
  });
  await Promise.all([start('development-identity', 'development-identity', identityEnv, identityUrl), ...names.map((name) => startService(name))]);
  return {
    url, secondUrl: `http://127.0.0.1:${secondPort}`, identityUrl, password, capabilityKey, stack, storesDir, stagingDir, names, operatorEnv: env('operator', stagingArea), stop,
    async kill(name) {
      await (name === 'nats' || name === 'postgres' ? stack[name].kill() : child(name).kill());
    },
    stopService: (name) => child(name).stop(),
    async restart(name, more) {
      if (name === 'nats') stack.nats = await stack.nats.restart();
      else if (name === 'postgres') stack.postgres = await stack.postgres.restart();
      else await startService(name, more);
    },
    async arm(name, point, nth = 1) {
      await child(name).stop();
      await startService(name, { HELIOGRAPH_CRASH_AT: `${point}:${nth}` });
    },
    ending: (name) => child(name).exited,
    isRunning: (name) => child(name).isRunning(),
    logOf: (name) => tailOf(logFile(name), 0, 6000),
  };
}

function absent(name: string): never {
  throw new Error(`${name} was not started`);
}

async function readiness(url: string): Promise<boolean | string> {
  const response = await fetch(url, { signal: AbortSignal.timeout(3000) }).catch(() => undefined);
  const text = await response?.text().catch(() => '');
  return response?.ok ? true : text || false;
}

/** Options as `section.option`, as the environment of a process. */
export const environment = (settings: Settings): NodeJS.ProcessEnv => ({
  PATH: process.env['PATH'],
  ...Object.fromEntries(Object.entries(settings).map(([option, value]) => {
    const [section = '', name = ''] = option.split('.');
    return [variableOf(section, name), String(value)];
  })),
});
