import { join } from 'node:path';
import { cacheDir, findNatsServer, freePort, isPortFree, startNatsServer, startPostgres, type Child, type NatsLinks, type Postgres } from '#libs/embedded';
import type { Arguments, KeystoneArguments } from './arguments.js';
import { writeClientFiles, writeReplicationClouds } from './client-files.js';
import { UnusableDataDir, type DataDir } from './data-dir.js';
import { knownVariables, unknownSettings } from './known-options.js';
import { endLeftovers } from './leftovers.js';
import { distrustOf } from './log-watch.js';
import { settingOf, type RegionToStart } from './regions.js';
import type { Part, Running, RunningRegion } from './running.js';
import { serviceNames, startIdentity, startService, type Surroundings } from './services.js';
import { setUpLog } from './set-up-log.js';
import type { Supervisor } from './supervise.js';

export interface Launch {
  readonly args: Arguments;
  /** What all regions share, PostgreSQL and the development identity, is kept with the first. */
  readonly regions: readonly [RegionToStart, ...RegionToStart[]];
  readonly supervisor: Supervisor;
  say(line: string): void;
  /** Gives the start up. */
  readonly signal: AbortSignal;
}

/** Starts everything, from the ground up, and writes down what runs. Throws where a part cannot start; the caller then stops the rest. */
export async function launch(start: Launch): Promise<Running> {
  const { args, regions, supervisor, say, signal } = start;
  const [{ dataDir: site }] = regions;
  await endLeftovers(site.file('heliograph.json'), say);
  await refuseTakenPorts(regions);
  const known = Object.keys(args.settings).length > 0 ? await knownVariables() : new Set<string>();
  for (const variable of unknownSettings(args.settings, known)) say(`--set: no service has an option ${variable}; look for a slip in its name`);
  const database = startDatabase(start);
  const links = await linksBetween(regions);
  const servers = regions.map((region, index) => startNats(start, region, links[index]));
  await all([database, ...servers]);
  const [postgres, nats] = [await database, await Promise.all(servers)];
  const developmentPassword = settingOf(args, 'heliograph', 'development_password') ?? 'secret';
  const keystone = args.keystone ?? (await developmentKeystone(site, developmentPassword));
  const surroundings = await Promise.all(regions.map(async (region, index): Promise<Surroundings> => {
    const { url = '', isOurs = false } = nats[index] ?? {};
    await setUpLog({ servers: [url], region: region.name, replicas: 1, ...(isOurs ? { password: region.dataDir.secrets.nats.setup } : {}) });
    const databaseUrl = await databaseOf(postgres, region, index);
    const transferPort = await freePort(region.dataDir.ports['transfer']);
    region.dataDir.ports['transfer'] = transferPort;
    const federationPort = await freePort(region.dataDir.ports['federation transfer']);
    region.dataDir.ports['federation transfer'] = federationPort;
    const accounts = args.keystone ? {} : { replicationClouds: await writeReplicationClouds(regions.map(({ name }) => name), keystone, region.dataDir, developmentPassword) };
    return { region: region.name, nameOf: region.nameOf, port: region.port, transferPort, federationPort, natsUrl: url, isOurNats: isOurs, databaseUrl, keystone, settings: args.settings, linkedRegions: isOurs ? regions.filter((other) => other !== region).map(({ name }) => name) : [], ...accounts };
  }));

  const started = async (name: string, part: Promise<Part>): Promise<void> => {
    say(`${name}: starting`);
    const running = await part;
    supervisor.watch(running);
    say(`${name}: ${running.kind === 'catalog' && (await distrustOf(running.operationsPort ?? 0)) ? 'runs, but does not trust the event log' : 'ready'}`);
  };
  const imageEndpoints = Object.fromEntries(regions.map(({ name, endpoint }) => [name, endpoint]));
  await all([
    ...(args.keystone ? [] : [started('development identity', startIdentity({ keystone, settings: args.settings, imageEndpoints }, site, signal))]),
    ...regions.flatMap(({ dataDir, nameOf }, index) => serviceNames.map((name) =>
      started(nameOf(name), startService(name, surroundings[index] as Surroundings, dataDir, signal)))),
  ]);
  await Promise.all(regions.map(async ({ dataDir }, index) => {
    await dataDir.save('ports.json', JSON.stringify(dataDir.ports, null, 2));
    await writeClientFiles(surroundings[index] as Surroundings, dataDir, args.keystone ? undefined : developmentPassword);
  }));
  const running = surroundings.map(({ region, natsUrl }, index): RunningRegion =>
    ({ region, natsUrl, endpoint: imageEndpoints[region] ?? '', dataDir: regions[index]?.dataDir.path ?? '' }));
  return { pid: process.pid, isReady: true, ...(running[0] as RunningRegion), identityUrl: keystone.url, regions: running, processes: {} };
}

async function refuseTakenPorts(regions: readonly RegionToStart[]): Promise<void> {
  for (const { port } of regions) {
    if (await isPortFree(port)) continue;
    throw new UnusableDataDir(`Port ${port} is in use by another program. Choose another one with --port, or end what listens there.`);
  }
}

/** The processes of now, as they are written to heliograph.json. */
export const processesOf = (supervisor: Supervisor): Running['processes'] =>
  Object.fromEntries(supervisor.parts().map(({ name, mark, logFile, operationsPort, child }) => [
    name, { pid: child.pid, mark, logFile, ...(operationsPort === undefined ? {} : { operationsPort }) },
  ]));

/** The second region's server links itself to the first one's. One region alone has no link. */
async function linksBetween([first, second]: Launch['regions']): Promise<NatsLinks[]> {
  if (!second) return [];
  const { dataDir: { ports, secrets: { link: password } } } = first;
  const port = ports['links'] = await freePort(ports['links']);
  return [{ listen: { host: '127.0.0.1', port, passwords: { [second.name]: password } } }, { to: [{ urls: [`nats-leaf://127.0.0.1:${port}`], password }] }];
}

async function startNats({ supervisor, say }: Launch, { name, nameOf, dataDir }: RegionToStart, links: NatsLinks | undefined): Promise<{ url: string; isOurs: boolean }> {
  const given = process.env['NATS_URL'];
  if (given) {
    say(`NATS: using the server at ${given}`);
    return { url: given, isOurs: false };
  }
  say('NATS: looking for a server');
  const binary = await findNatsServer({ cacheDir: cacheDir(), onProgress: (line) => say(`NATS: ${line}`) });
  const dir = join(dataDir.path, 'nats');
  const server = await startNatsServer({ binary, dir, region: name, passwords: dataDir.secrets.nats, auditKey: dataDir.secrets.audit, ...remembered(dataDir, 'nats'), ...(links ? { links } : {}) });
  dataDir.ports['nats'] = server.port;
  supervisor.watch(foundation(nameOf('nats'), server, () => server.restart(), join(dir, 'nats.json'), join(dir, 'nats.log')));
  say(`${nameOf('NATS')}: ready (${binary})`);
  return { url: server.url, isOurs: true };
}

async function startDatabase({ regions: [{ dataDir }], supervisor, say }: Launch): Promise<Postgres> {
  say('PostgreSQL: starting');
  const dir = join(dataDir.path, 'postgres');
  const server = await startPostgres({ dir, password: dataDir.secrets.postgres, ...remembered(dataDir, 'postgres') });
  dataDir.ports['postgres'] = server.port;
  supervisor.watch(foundation('postgres', server, () => server.restart(), join(dir, 'data'), join(dir, 'postgres.log')));
  say('PostgreSQL: ready');
  return server;
}

/** A database of its own for each region, in one server. */
async function databaseOf(postgres: Postgres, { name }: RegionToStart, index: number): Promise<string> {
  const database = index === 0 ? 'heliograph' : `heliograph_${name}`;
  await postgres.createDatabase(database);
  return postgres.localUrl(database);
}

function foundation(name: string, child: Child, startAgain: () => Promise<Child>, mark: string, logFile: string): Part {
  return { name, kind: 'foundation', child, startAgain, mark, logFile, stopWithinMs: 20_000 };
}

async function developmentKeystone(dataDir: DataDir, password: string): Promise<KeystoneArguments> {
  const port = await freePort(dataDir.ports['identity']);
  dataDir.ports['identity'] = port;
  return {
    url: `http://127.0.0.1:${port}/v3`, userName: 'glance', password, projectName: 'service', userDomainId: 'default', projectDomainId: 'default',
  };
}

const remembered = ({ ports }: DataDir, name: string): { port?: number } => (ports[name] === undefined ? {} : { port: ports[name] });

/** Waits for all of them also where one fails, so that nothing starts behind the back of who then stops everything. */
async function all(tasks: readonly Promise<unknown>[]): Promise<void> {
  const results = await Promise.allSettled(tasks);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}
