import { join } from 'node:path';
import { cacheDir, findNatsServer, freePort, isPortFree, startNatsServer, startPostgres, type Child } from '#libs/embedded';
import { variableOf } from '#libs/platform';
import type { Arguments, KeystoneArguments } from './arguments.js';
import { writeClientFiles } from './client-files.js';
import { UnusableDataDir, type DataDir } from './data-dir.js';
import { knownVariables, unknownSettings } from './known-options.js';
import { endLeftovers } from './leftovers.js';
import { distrustOf } from './log-watch.js';
import type { Part, Running } from './running.js';
import { serviceNames, startIdentity, startService, type Surroundings } from './services.js';
import { setUpLog } from './set-up-log.js';
import type { Supervisor } from './supervise.js';

export interface Launch {
  readonly args: Arguments;
  readonly dataDir: DataDir;
  readonly supervisor: Supervisor;
  say(line: string): void;
  /** Gives the start up. */
  readonly signal: AbortSignal;
}

const database = 'heliograph';

/** Starts everything, from the ground up, and writes down what runs. Throws where a part cannot start; the caller then stops the rest. */
export async function launch(start: Launch): Promise<Running> {
  const { args, dataDir, supervisor, say, signal } = start;
  await endLeftovers(dataDir.file('heliograph.json'), say);
  if (!(await isPortFree(args.port))) {
    throw new UnusableDataDir(`Port ${args.port} is in use by another program. Choose another one with --port, or end what listens there.`);
  }
  for (const variable of unknownSettings(args.settings, await knownVariables())) say(`--set: no service has an option ${variable}; look for a slip in its name`);
  const region = settingOf(args, 'heliograph', 'region') ?? 'RegionOne';
  const [nats, databaseUrl] = await Promise.all([startNats(start, region), startDatabase(start)]);
  await setUpLog({ servers: [nats.url], region, replicas: 1, ...(nats.isOurs ? { password: dataDir.secrets.nats.setup } : {}) });
  const developmentPassword = settingOf(args, 'heliograph', 'development_password') ?? 'secret';
  const keystone = args.keystone ?? (await developmentKeystone(dataDir, developmentPassword));
  const around: Surroundings = { region, port: args.port, natsUrl: nats.url, isOurNats: nats.isOurs, databaseUrl, keystone, settings: args.settings };

  const started = async (name: string, part: Promise<Part>): Promise<void> => {
    say(`${name}: starting`);
    const running = await part;
    supervisor.watch(running);
    say(`${name}: ${name === 'catalog' && (await distrustOf(running.operationsPort ?? 0)) ? 'runs, but does not trust the event log' : 'ready'}`);
  };
  await all([
    ...(args.keystone ? [] : [started('development identity', startIdentity(around, dataDir, signal))]),
    ...serviceNames.map((name) => started(name, startService(name, around, dataDir, signal))),
  ]);
  await dataDir.save('ports.json', JSON.stringify(dataDir.ports, null, 2));
  await writeClientFiles(around, dataDir, args.keystone ? undefined : developmentPassword);
  return {
    pid: process.pid, isReady: true, region, endpoint: `http://127.0.0.1:${args.port}`, identityUrl: keystone.url, natsUrl: nats.url, processes: {},
  };
}

/** The processes of now, as they are written to heliograph.json. */
export const processesOf = (supervisor: Supervisor): Running['processes'] =>
  Object.fromEntries(supervisor.parts().map(({ name, mark, logFile, operationsPort, child }) => [
    name, { pid: child.pid, mark, logFile, ...(operationsPort === undefined ? {} : { operationsPort }) },
  ]));

async function startNats({ dataDir, supervisor, say }: Launch, region: string): Promise<{ url: string; isOurs: boolean }> {
  const given = process.env['NATS_URL'];
  if (given) {
    say(`NATS: using the server at ${given}`);
    return { url: given, isOurs: false };
  }
  say('NATS: looking for a server');
  const binary = await findNatsServer({ cacheDir: cacheDir(), onProgress: (line) => say(`NATS: ${line}`) });
  const dir = join(dataDir.path, 'nats');
  const server = await startNatsServer({ binary, dir, region, passwords: dataDir.secrets.nats, ...remembered(dataDir, 'nats') });
  dataDir.ports['nats'] = server.port;
  supervisor.watch(foundation('nats', server, () => server.restart(), join(dir, 'nats.json'), join(dir, 'nats.log')));
  say(`NATS: ready (${binary})`);
  return { url: server.url, isOurs: true };
}

async function startDatabase({ dataDir, supervisor, say }: Launch): Promise<string> {
  say('PostgreSQL: starting');
  const dir = join(dataDir.path, 'postgres');
  const server = await startPostgres({ dir, password: dataDir.secrets.postgres, ...remembered(dataDir, 'postgres') });
  dataDir.ports['postgres'] = server.port;
  supervisor.watch(foundation('postgres', server, () => server.restart(), join(dir, 'data'), join(dir, 'postgres.log')));
  await server.createDatabase(database);
  say('PostgreSQL: ready');
  return server.url(database);
}

function foundation(name: string, child: Child, startAgain: () => Promise<Child>, mark: string, logFile: string): Part {
  return { name, child, startAgain, mark, logFile, stopWithinMs: 20_000 };
}

async function developmentKeystone(dataDir: DataDir, password: string): Promise<KeystoneArguments> {
  const port = await freePort(dataDir.ports['identity']);
  dataDir.ports['identity'] = port;
  return {
    url: `http://127.0.0.1:${port}/v3`, userName: 'glance', password, projectName: 'service', userDomainId: 'default', projectDomainId: 'default',
  };
}

const settingOf = ({ settings }: Arguments, section: string, name: string): string | undefined =>
  settings[variableOf(section, name)] ?? process.env[variableOf(section, name)];

const remembered = ({ ports }: DataDir, name: string): { port?: number } => (ports[name] === undefined ? {} : { port: ports[name] });

/** Waits for all of them also where one fails, so that nothing starts behind the back of who then stops everything. */
async function all(tasks: readonly Promise<void>[]): Promise<void> {
  const results = await Promise.allSettled(tasks);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}
