import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { cacheDir, findNatsServer, projectDir, startChild, startPostgres, type Child } from '#libs/embedded';

interface Condition { readonly condition: 'service_started' | 'service_healthy' | 'service_completed_successfully' }

export interface ComposeService {
  readonly build?: { readonly dockerfile: string; readonly args: { readonly APP: string } };
  readonly image?: string;
  readonly command?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly depends_on?: readonly string[] | Readonly<Record<string, Condition>>;
  readonly network_mode?: string;
  readonly volumes?: readonly string[];
  readonly restart?: string;
  readonly profiles?: readonly string[];
}

export type ComposeFile = Readonly<Record<string, ComposeService>>;

/** The services of a compose file, with its variables filled in. Throws where a variable is asked for that is not given. */
export async function readCompose(file: string, variables: Readonly<Record<string, string>>): Promise<ComposeFile> {
  const text = await readFile(join(projectDir(), 'docker', file), 'utf8');
  const filled = text.replaceAll(/\$\$|\$\{(\w+)(:[?-][^}]*)?\}/g, (_, name?: string, otherwise = '') => {
    if (name === undefined) return '$';
    const value = variables[name] ?? (otherwise.startsWith(':-') ? otherwise.slice(2) : undefined);
    if (value === undefined) throw new Error(`${file} asks for ${name}`);
    return value;
  });
  const { services } = parse(filled, { merge: true }) as { services: Record<string, ComposeService> };
  return Object.fromEntries(Object.entries(services).filter(([, { profiles }]) => profiles === undefined));
}

export interface ComposeRun {
  /** The loopback address that stands for a service's host name. */
  address(service: string): string;
  stop(): Promise<void>;
}

/**
 * Runs a compose file without containers: each service is the process that its container would be, with exactly its environment. Its host
 * name becomes an address of its own in 127.0.0.0/8, a volume a directory, and nothing else is changed. Resolves when all are ready.
 */
export async function runCompose(services: ComposeFile, dir: string, network: string): Promise<ComposeRun> {
  const names = Object.keys(services);
  const addresses = new Map(names.map((name, index) => [name, `${network}.${index + 10}`]));
  const address = (name: string): string => {
    const shared = services[name]?.network_mode?.replace('service:', '');
    return shared === undefined ? (addresses.get(name) ?? name) : address(shared);
  };
  const children: (() => Promise<unknown>)[] = [];
  const dockerCommand = await commandOfDockerfile();
  const started = new Map<string, Promise<Started>>();

  const volumesOf = ({ volumes = [] }: ComposeService): [string, string][] => volumes.map((volume) => {
    const [source, target] = volume.split(':') as [string, string];
    return [target, join(dir, 'volumes', source)];
  });
  const here = (text: string, name: string): string => {
    let result = text.replaceAll(/\b(?:0\.0\.0\.0|127\.0\.0\.1)\b/g, address(name));
    for (const host of names) result = result.replaceAll(new RegExp(`(?<![\\w.-])${host}(?=:\\d{4}(?![\\w-]))`, 'g'), address(host));
    for (const [target, source] of volumesOf(services[name] ?? {})) result = result.replaceAll(target, source);
    return result;
  };
  const environmentOf = (name: string): Record<string, string> =>
    Object.fromEntries(Object.entries(services[name]?.environment ?? {}).map(([key, value]) => [key, here(String(value), name)]));

  async function begin(name: string): Promise<Started> {
    const service = services[name];
    if (!service) throw new Error(`there is no service ${name}`);
    for (const [dependency, condition] of dependenciesOf(service)) {
      const before = await start(dependency);
      if (condition === 'service_healthy') await before.isHealthy();
      if (condition === 'service_completed_successfully') await before.completed;
    }
    await Promise.all(volumesOf(service).map(([, source]) => mkdir(source, { recursive: true })));
    if (service.image?.startsWith('nats:')) return runNats(name, service);
    if (service.image?.startsWith('postgres:')) return runPostgres(name);
    return runOurs(name, service);
  }

  async function runNats(name: string, { command = [] }: ComposeService): Promise<Started> {
    const args = command.map((word) => here(word, name));
    const configFile = args.at(-1) ?? '';
    await writeFile(configFile, here(await readFile(configFile, 'utf8'), name));
    const binary = await findNatsServer({ cacheDir: cacheDir() });
    return keep(await startChild({ name, command: binary, args, logFile: join(dir, `${name}.log`), isReady: () => Promise.resolve(true) }));
  }

  async function runPostgres(name: string): Promise<Started> {
    const { POSTGRES_PASSWORD: password = '', POSTGRES_DB: database = '' } = environmentOf(name);
    const server = await startPostgres({ dir: join(dir, name), password, host: address(name), port: 5432, durable: false });
    await server.createDatabase(database);
    return keep(server);
  }

  async function runOurs(name: string, service: ComposeService): Promise<Started> {
    const environment = environmentOf(name);
    const env = { PATH: `${join(projectDir(), 'node_modules/.bin')}:${process.env['PATH']}`, NODE_ENV: 'production', APP: service.build?.args.APP ?? '', ...environment };
    const [command, ...args] = (service.command ?? dockerCommand) as [string, ...string[]];
    if (service.command) {
      const completed = runToEnd([command, ...args], env, service.restart === 'on-failure' ? 30 : 1);
      completed.catch(() => undefined);
      return { completed, isHealthy: () => completed };
    }
    const port = environment['HELIOGRAPH_HELIOGRAPH__OPERATIONS_PORT'];
    const url = port === undefined ? `http://${address(name)}:${environment['HELIOGRAPH_HELIOGRAPH__IDENTITY_PORT']}/v3` : `http://${address(name)}:${port}/readyz`;
    const child = await startChild({ name, command, args, env, cwd: projectDir(), logFile: join(dir, `${name}.log`), isReady: () => Promise.resolve(true) });
    return keep(child, () => untilAnswered(child, url));
  }

  function keep(child: Child, isHealthy: () => Promise<void> = () => Promise.resolve()): Started {
    children.push(() => child.stop());
    return { completed: child.exited.then(() => undefined), isHealthy };
  }

  const start = (name: string): Promise<Started> => {
    const running = started.get(name) ?? begin(name);
    started.set(name, running);
    return running;
  };
  const stop = async (): Promise<void> => {
    await Promise.allSettled(started.values());
    for (const stopChild of children.reverse()) await stopChild();
  };
  try {
    await Promise.all(names.map(async (name) => (await start(name)).isHealthy()));
    return { address, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Started {
  /** Resolves when a service that is meant to end has ended well. */
  readonly completed: Promise<void>;
  isHealthy(): Promise<void>;
}

function dependenciesOf({ depends_on: on = [] }: ComposeService): [string, Condition['condition']][] {
  if (Array.isArray(on)) return (on as readonly string[]).map((name) => [name, 'service_started']);
  return Object.entries(on as Record<string, Condition>).map(([name, { condition }]) => [name, condition]);
}

async function commandOfDockerfile(): Promise<string[]> {
  const text = await readFile(join(projectDir(), 'docker/Dockerfile'), 'utf8');
  const [, command] = /^CMD (\[.*\])$/m.exec(text) ?? [];
  if (command === undefined) throw new Error('the Dockerfile has no CMD');
  return JSON.parse(command) as string[];
}

async function runToEnd([command, ...args]: [string, ...string[]], env: NodeJS.ProcessEnv, attempts: number): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await promisify(execFile)(command, args, { env, cwd: projectDir(), timeout: 60_000 });
      return;
    } catch (error) {
      if (attempt === attempts) throw error;
      await delay(500);
    }
  }
}

async function untilAnswered(child: Child, url: string): Promise<void> {
  for (const deadline = Date.now() + 90_000; ; await delay(200)) {
    const response = await fetch(url, { signal: AbortSignal.timeout(5000) }).catch(() => undefined);
    if (response?.ok) return;
    const said = (await response?.text()) ?? 'no answer';
    if (!child.isRunning() || Date.now() > deadline) throw new Error(`${child.name} is not ready at ${url}: ${said}`);
  }
}
