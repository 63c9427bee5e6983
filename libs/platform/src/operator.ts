import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { setTimeout as pause } from 'node:timers/promises';
import { jetStreamEventLog, type EventLog } from '#libs/event-log';
import { createBus, type Bus } from './ask.js';
import { ConfigFaults, Option, readConfig, variableOf } from './config.js';
import { createLogger } from './logging.js';

/** What the operator's commands are told: the same options as the services, with the NATS user `operator`. */
export class OperatorConfig {
  @Option.text('heliograph', 'region', { default: 'RegionOne', pattern: /^[A-Za-z0-9_-]{1,64}$/, doc: 'The region whose log is meant.' })
  readonly region: string;

  @Option.urls('heliograph', 'nats_url', { default: ['nats://127.0.0.1:4222'], schemes: ['nats', 'tls'], doc: 'The NATS servers of the region.' })
  readonly natsUrl: readonly string[];

  @Option.secret('heliograph', 'nats_password', { optional: true, doc: 'The password of the NATS user operator.' })
  readonly natsPassword?: string;

  @Option.secret('heliograph', 'database_url', {
    default: 'postgresql://heliograph@127.0.0.1:5432/heliograph', doc: 'The PostgreSQL database of the read model.',
  })
  readonly databaseUrl: string;
}

export interface OperatorTools {
  readonly config: OperatorConfig;
  /** All settings: for the options of a command's own. */
  readonly env: NodeJS.ProcessEnv;
  readonly log: EventLog;
  readonly bus: Bus;
  /** Whether a flag of the command line was given. */
  isSet(flag: string): boolean;
  /** What was given with one of the command's options. */
  valueOf(option: string): string | undefined;
  /** What the command line names besides flags. */
  readonly named: readonly string[];
  /** One line for the operator. */
  say(line: string): void;
  /** What the operator types to run a command of ours with the settings of this one. */
  commandLine(name: string, ...flags: readonly string[]): string;
}

export interface OperatorCommand {
  /** As npm knows it: `log:verify`. */
  readonly name: string;
  readonly purpose: string;
  readonly flags?: Readonly<Record<string, string>>;
  /** Those that take a value, as usage shows them: `digests DIR`. */
  readonly options?: Readonly<Record<string, string>>;
  /** What it takes besides flags, as usage shows it; without this, nothing. */
  readonly takes?: string;
  /** Gives the exit status. */
  run(tools: OperatorTools): Promise<number>;
}

/**
 * Runs a command of the operator and ends the process with its exit status; 2 where it could not even begin. Settings come from the
 * environment, or with `--data DIR` from DIR/operator.env, which `npm start` leaves there: the same variables, one a line.
 */
export async function runOperatorCommand(command: OperatorCommand, argv: readonly string[] = process.argv.slice(2)): Promise<never> {
  // A reader that has seen enough (`| head`) must not end a repair half-way.
  process.stdout.on('error', () => undefined);
  const status = await statusOf(command, argv).catch((error: unknown) => {
    say(error instanceof ConfigFaults ? error.message : `${command.name}: ${error instanceof Error ? error.message : String(error)}`);
    return 2;
  });
  await everythingSaid();
  process.exit(status);
}

async function statusOf(command: OperatorCommand, argv: readonly string[]): Promise<number> {
  const { values: given, positionals: named } = parse(command, argv);
  if (given['help']) {
    say(usage(command));
    return 0;
  }
  const env = { ...process.env, ...await settingsIn(given['data']) };
  const config = readConfig(OperatorConfig, env);
  const logger = createLogger({ service: 'operator', region: config.region, level: 'fatal' });
  const bus = await inTime(config, createBus({
    servers: config.natsUrl, user: 'operator', region: config.region, logger, ...(config.natsPassword === undefined ? {} : { password: config.natsPassword }),
  }));
  const log = await jetStreamEventLog(bus.connection, { region: config.region });
  return command.run({
    config, env, log, bus, say, named, isSet: (flag) => given[flag] === true,
    valueOf: (option) => { const value = given[option]; return typeof value === 'string' ? value : undefined; },
    commandLine: (name, ...flags) => commandLine(name, given['data'], flags),
  });
}

function commandLine(name: string, data: string | boolean | undefined, flags: readonly string[]): string {
  const args = [...(typeof data === 'string' ? ['--data', data] : []), ...flags];
  return `npm run ${name}${args.length === 0 ? '' : ` -- ${args.join(' ')}`}`;
}

interface Parsed { readonly values: Readonly<Record<string, string | boolean | undefined>>; readonly positionals: readonly string[] }

function parse({ name, flags = {}, options = {}, takes }: OperatorCommand, argv: readonly string[]): Parsed {
  const booleans = Object.fromEntries([...Object.keys(flags), 'help'].map((flag) => [flag, { type: 'boolean' as const }]));
  const strings = Object.fromEntries(['data DIR', ...Object.keys(options)].map((option) => [option.split(' ')[0] ?? '', { type: 'string' as const }]));
  try {
    return parseArgs({ args: [...argv], options: { ...strings, ...booleans }, allowPositionals: takes !== undefined });
  } catch (error) {
    throw new Error(`${error instanceof Error ? error.message : String(error)} See npm run ${name} -- --help.`, { cause: error });
  }
}

function usage({ name, purpose, flags = {}, options = {}, takes }: OperatorCommand): string {
  const lines = Object.entries({ 'data DIR': 'Take the settings from the data directory of a running npm start.', ...options, ...flags });
  return [
    `npm run ${name} -- [options]${takes === undefined ? '' : ` [${takes}]`}`, '', purpose, '', ...lines.map(([flag, meaning]) => `  --${flag.padEnd(12)} ${meaning}`), '',
    `Without --data, settings come from ${['region', 'nats_url', 'nats_password', 'database_url'].map((option) => variableOf('heliograph', option)).join(', ')}.`,
  ].join('\n');
}

async function settingsIn(dir: string | boolean | undefined): Promise<Record<string, string>> {
  if (typeof dir !== 'string') return {};
  const file = join(dir, 'operator.env');
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw new Error(`${file} cannot be read; is ${dir} the data directory of a Heliograph that was started with npm start?`, { cause });
  });
  const lines = text.split('\n').filter((line) => line.includes('='));
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
}

async function inTime(config: OperatorConfig, connecting: Promise<Bus>): Promise<Bus> {
  const bus = await Promise.race([connecting, pause(10_000, undefined, { ref: false })]);
  if (!bus) throw new Error(`NATS does not answer at ${config.natsUrl.join(', ')}. Is it running, and is the password that of the user operator?`);
  return bus;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** `process.exit` drops what a slow pipe has not taken yet: of a long report, the last lines, which say what to do. */
const everythingSaid = (): Promise<void> => new Promise((resolve) => process.stdout.write('', () => resolve()));
