import { writeSync } from 'node:fs';
import { setFlagsFromString } from 'node:v8';
import type { DynamicModule, Type } from '@nestjs/common';
import type { FastifyAdapter, NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Registry } from 'prom-client';
import type { NatsUser } from '#libs/contracts';
import { answerCommands } from './answer-commands.js';
import { createBus, type Bus } from './ask.js';
import { ConfigFaults, readConfig } from './config.js';
import { createReadiness, serveOperations, type Readiness } from './health.js';
import { createLogger, nestLogger, type Logger } from './logging.js';
import { createMetrics } from './metrics.js';
import type { ServiceConfig } from './service-config.js';
import { openTracing } from './open-tracing.js';
import { createShutdown, type Shutdown } from './shutdown.js';

/** What a module is built from: values, made before Nest begins, so that a module's providers are plain `useValue`s. */
export interface ServiceParts<Config extends ServiceConfig> {
  readonly config: Config;
  readonly logger: Logger;
  readonly bus: Bus;
  readonly readiness: Readiness;
  readonly metrics: Registry;
  readonly shutdown: Shutdown;
}

export interface ServiceDefinition<Config extends ServiceConfig> {
  readonly name: NatsUser;
  readonly config: new () => Config;
  module(parts: ServiceParts<Config>): Type | DynamicModule | Promise<Type | DynamicModule>;
  /** Whether it answers commands and questions: its `@MessagePattern`s are heard. */
  readonly answers?: boolean;
  /** Whether images pass through it: see `giveBuffersRoom`. */
  readonly movesBytes?: boolean;
  /** Set where the service speaks HTTP to others. */
  readonly http?: HttpDefinition<Config>;
}

export interface HttpDefinition<Config extends ServiceConfig> {
  adapter?(parts: ServiceParts<Config>): FastifyAdapter | Promise<FastifyAdapter>;
  /** Hooks, parsers, filters; runs before the routes are bound. */
  configure?(app: NestFastifyApplication, parts: ServiceParts<Config>): void | Promise<void>;
  address(config: Config): { host: string; port: number };
}

/**
 * Runs a service from its configuration to its last answer. It is ready when everything has started; SIGTERM or SIGINT make it not
 * ready, stop what comes in, wait for what is in flight (`shutdown_grace`), then close what it used, last opened first.
 * A faulty configuration or a failed start ends the process with status 1 and the reasons.
 */
export async function serve<Config extends ServiceConfig>(definition: ServiceDefinition<Config>): Promise<void> {
  if (definition.movesBytes) giveBuffersRoom();
  const config = configOrExit(definition.config);
  const logger = createLogger({ service: definition.name, region: config.region, level: config.logLevel });
  const shutdown = createShutdown(logger, config.shutdownGrace * 1000);
  process.on('unhandledRejection', (reason) => logger.error({ err: reason }, 'a promise was rejected and nobody looked'));
  try {
    await start(definition, config, logger, shutdown);
  } catch (error) {
    logger.fatal({ err: error }, 'the service cannot start');
    await shutdown.end(1);
  }
}

async function start<Config extends ServiceConfig>(definition: ServiceDefinition<Config>, config: Config, logger: Logger, shutdown: Shutdown): Promise<void> {
  const { name } = definition;
  const readiness = createReadiness();
  const metrics = createMetrics({ service: name, region: config.region });
  readiness.hold('starting');
  const operations = await serveOperations({ host: config.operationsHost, port: config.operationsPort }, readiness, metrics);
  shutdown.add('operations', () => operations.close());
  shutdown.onStop(() => readiness.hold('stopping'));

  const tracing = await openTracing({ service: name, region: config.region, logger });
  shutdown.add('traces', () => tracing.close());
  const bus = await createBus({
    servers: config.natsUrl, user: name, region: config.region, logger, tracing, ...(config.natsPassword === undefined ? {} : { password: config.natsPassword }),
  });
  shutdown.add('bus', () => bus.close());
  readiness.add('nats', () => { if (!bus.isConnected()) throw new Error('not connected'); });

  const parts: ServiceParts<Config> = { config, logger, bus, readiness, metrics, shutdown };
  const [{ NestFactory }, fastify] = await Promise.all([import('@nestjs/core'), import('@nestjs/platform-fastify')]);
  const adapter = (await definition.http?.adapter?.(parts)) ?? new fastify.FastifyAdapter();
  const app = await NestFactory.create<NestFastifyApplication>(await definition.module(parts), adapter, { logger: nestLogger(logger), abortOnError: false, bodyParser: false });
  shutdown.add('application', () => app.close());
  await definition.http?.configure?.(app, parts);
  if (definition.answers) await answerCommands(app, parts, name, config.shutdownGrace * 1000);
  await listen(app, definition.http?.address(config));
  readiness.hold('');
  logger.info({ operations_port: operations.port }, 'ready');
}

/**
 * V8 counts the buffers that bytes arrive in against the room its heap has left. That room is small while nothing grows, so an upload makes it
 * walk the whole heap for every 25 MiB, which costs as much as hashing them. With room for as much again as is alive, it never comes to that.
 */
function giveBuffersRoom(): void {
  setFlagsFromString('--heap-growing-percent=100');
}

async function listen(app: NestFastifyApplication, address?: { host: string; port: number }): Promise<void> {
  if (address) await app.listen(address.port, address.host);
  else await app.init();
}

function configOrExit<Config extends object>(ConfigClass: new () => Config): Config {
  try {
    return readConfig(ConfigClass);
  } catch (error) {
    if (!(error instanceof ConfigFaults)) throw error;
    writeSync(2, `${error.message}\n`);
    process.exit(1);
  }
}
