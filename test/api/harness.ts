import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { startTestStack, type NatsPasswords } from '#libs/embedded';
import { createStreams } from '#libs/event-log';
import { knownCallers } from '#libs/identity';
import {
  answerCommands, createBus, createLogger, createMetrics, createReadiness, createTransferAdapter, nestLogger, openTracing, readConfig, variableOf, type ServiceConfig,
  type ServiceParts, type Shutdown,
} from '#libs/platform';
import type { NatsUser } from '#libs/contracts';
import { catalogModule } from '../../apps/catalog/src/catalog.module.js';
import { CatalogConfig } from '../../apps/catalog/src/config.js';
import { GatewayConfig } from '../../apps/gateway/src/config.js';
import { FederationConfig } from '../../apps/federation/src/config.js';
import { federationModule } from '../../apps/federation/src/federation.module.js';
import { openFederation } from '../../apps/federation/src/open-federation.js';
import { createHttpAdapter, installEdge } from '../../apps/gateway/src/edge/http-server.js';
import { requestMetrics } from '../../apps/gateway/src/edge/metrics.js';
import { openGateway } from '../../apps/gateway/src/gateway.js';
import { gatewayModule } from '../../apps/gateway/src/gateway.module.js';
import { edgeRules } from '../../apps/gateway/src/rules.js';
import { ImporterConfig } from '../../apps/importer/src/config.js';
import { importerModule } from '../../apps/importer/src/importer.module.js';
import { StagingConfig } from '../../apps/staging/src/config.js';
import { openStaging } from '../../apps/staging/src/open-staging.js';
import { stagingModule } from '../../apps/staging/src/staging.module.js';
import { noteAnswer } from './note-answers.js';
import { callers, type PersonName } from './personas.js';

export interface AskOptions {
  /** Sent as JSON where it is neither text nor bytes. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON; throws where it is none. */
  json<Shape = Record<string, unknown>>(): Shape;
}

/** A whole Heliograph for one spec: gateway, catalog, staging and importer in this process, real NATS and PostgreSQL beside it. */
export interface Api {
  readonly url: string;
  /** Where the staging service takes and gives data, and what its capabilities are signed with. */
  readonly stagingUrl: string;
  readonly capabilityKey: string;
  /** The NATS server, and the passwords of our own users there. */
  readonly nats: { readonly url: string; readonly region: string; readonly passwords: NatsPasswords };
  /** Where staged data lies. */
  readonly stagingDir: string;
  /** Where the stores fast and far keep their bytes, each in a folder of its name. */
  readonly imagesDir: string;
  /** Where plugins have files. */
  readonly workDir: string;
  /** Lines that the gateway logged. */
  readonly logged: readonly string[];
  /** What a service shows at /metrics. */
  metricsOf(service: 'gateway' | 'catalog' | 'staging' | 'importer'): Promise<string>;
  /** Asks as a person, or as nobody. */
  as(person: PersonName | undefined): Person;
  /** Replaces the operator's policy file, and waits until it is in force. */
  writePolicy(rules: Readonly<Record<string, string>>): Promise<void>;
  stop(): Promise<void>;
}

export type Ask = (path: string, options?: AskOptions) => Promise<Answer>;
export interface Person {
  readonly get: Ask;
  readonly post: Ask;
  readonly put: Ask;
  readonly patch: Ask;
  readonly delete: Ask;
  request(method: string, path: string, options?: AskOptions): Promise<Answer>;
  /** Creates an image and returns its id. */
  image(attributes?: Readonly<Record<string, unknown>>): Promise<string>;
  upload(imageId: string, data: string | Uint8Array, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  /** Creates an image with data and returns its id. */
  activeImage(data?: string, attributes?: Readonly<Record<string, unknown>>): Promise<string>;
}

type Settings = Readonly<Record<string, string>>;

/** `settings` are options as `section.option`, of all services; over them those of one service alone, as of one that runs on another host. Federation runs where it is named. */
export async function startApi(settings: Settings = {}, { importer = {}, gateway: own = {}, federation: withFederation }: { readonly importer?: Settings; readonly gateway?: Settings; readonly federation?: Settings } = {}): Promise<Api> {
  const auditKey = settings['heliograph.audit_key'];
  const stack = await startTestStack(auditKey === undefined ? {} : { auditKey });
  const closing: (() => Promise<void>)[] = [() => stack.stop()];
  const logged: string[] = [];
  const logger = (service: NatsUser) => createLogger({ service, region: stack.region, level: service === 'gateway' ? 'info' : 'error' }, { write: (line) => void keep(line, logged) });
  const connect = async (user: NatsUser) => createBus({ tracing: await tracingOf(user), servers: [stack.nats.url], user, password: stack.passwords[user], region: stack.region, logger: logger(user) });
  const tracingOf = async (service: NatsUser) => {
    const tracing = await openTracing({ service, region: stack.region, logger: logger(service) });
    closing.unshift(() => tracing.close());
    return tracing;
  };
  const setup = await connect('setup');
  await createStreams(setup.connection, stack.region, { replicas: 1 });
  await setup.close();

  const policyFile = join(stack.dir, 'policy.yaml');
  const stagingDir = join(stack.dir, 'staging');
  const capabilityKey = randomBytes(32).toString('base64url');
  const env: NodeJS.ProcessEnv = environment({
    'heliograph.capability_key': capabilityKey, 'heliograph.seal_key': randomBytes(32).toString('base64url'), 'default.node_staging_uri': pathToFileURL(stagingDir).href,
    'heliograph.region': stack.region, 'heliograph.nats_url': stack.nats.url, 'heliograph.database_url': stack.databaseUrl,
    'heliograph.database_pool_size': '4', 'keystone_authtoken.password': 'unused', 'oslo_policy.policy_file': policyFile,
    'default.enabled_backends': 'fast:file, far:file', 'glance_store.filesystem_store_datadir': join(stack.dir, 'images'), 'task.work_dir': join(stack.dir, 'work'), ...settings,
  });

  async function partsOf<Config extends ServiceConfig>(name: NatsUser, ConfigClass: new () => Config, over: NodeJS.ProcessEnv = {}): Promise<ServiceParts<Config>> {
    const bus = await connect(name);
    closing.unshift(() => bus.close());
    const shutdown: Shutdown = {
      add: (_, close) => void closing.unshift(async () => { await close(); }),
      onStop: () => undefined, isStopping: () => false, end: () => { throw new Error('a specification ends by stop()'); },
    };
    return { config: readConfig(ConfigClass, { ...env, ...over }), logger: logger(name), bus, readiness: createReadiness(), metrics: createMetrics({ service: name, region: stack.region }), shutdown };
  }

  const catalogParts = await partsOf('catalog', CatalogConfig);
  const catalog = await NestFactory.create(await catalogModule(catalogParts), createHttpAdapter(), { logger: nestLogger(catalogParts.logger), abortOnError: false });
  await answerCommands(catalog, catalogParts, 'catalog');
  closing.unshift(() => catalog.close());

  const stagingParts = await partsOf('staging', StagingConfig);
  const staging = await NestFactory.create<NestFastifyApplication>(stagingModule(await openStaging(stagingParts)), await createTransferAdapter(stagingParts), {
    logger: nestLogger(stagingParts.logger), abortOnError: false, bodyParser: false,
  });
  await staging.listen(0, '127.0.0.1');
  closing.unshift(() => staging.close());
  const stagingUrl = await urlOf(staging);
  Object.assign(env, environment({ 'heliograph.staging_url': stagingUrl }));

  if (withFederation) {
    const federationParts = await partsOf('federation', FederationConfig, environment(withFederation));
    const federation = await NestFactory.create<NestFastifyApplication>(federationModule(await openFederation(federationParts)), await createTransferAdapter(federationParts), {
      logger: nestLogger(federationParts.logger), abortOnError: false, bodyParser: false,
    });
    await answerCommands(federation, federationParts, 'federation');
    await federation.listen(0, '127.0.0.1');
    Object.assign(env, environment({ 'heliograph.federation_url': await urlOf(federation) }));
    closing.unshift(() => federation.close());
  }

  const identity = knownCallers(callers);
  const gatewayParts = await partsOf('gateway', GatewayConfig, environment(own));
  const gateway = await NestFactory.create<NestFastifyApplication>(gatewayModule(await openGateway(gatewayParts, identity)), createHttpAdapter({ hasCache: gatewayParts.config.imageCacheDir !== '' }), {
    logger: nestLogger(gatewayParts.logger), abortOnError: false, bodyParser: false,
  });
  installEdge(gateway, { identity, logger: gatewayParts.logger, rules: edgeRules(gatewayParts.config), onAnswered: requestMetrics(gatewayParts.metrics), tracing: gatewayParts.bus.tracing });
  await gateway.listen(0, '127.0.0.1');
  closing.unshift(() => gateway.close());
  const url = await urlOf(gateway);

  const importerParts = await partsOf('importer', ImporterConfig, environment(importer));
  await importerModule(importerParts);
  const registries = { gateway: gatewayParts.metrics, catalog: catalogParts.metrics, staging: stagingParts.metrics, importer: importerParts.metrics };

  return {
    url, logged, nats: { url: stack.nats.url, region: stack.region, passwords: stack.passwords }, stagingUrl, capabilityKey, stagingDir, imagesDir: join(stack.dir, 'images'), workDir: join(stack.dir, 'work'),
    metricsOf: (service) => registries[service].metrics(),
    as: (person) => personAt(url, person),
    async writePolicy(rules) {
      await writeFile(policyFile, JSON.stringify(rules));
      await new Promise((resolve) => { setTimeout(resolve, 1100); });
    },
    stop: async () => { for (const close of closing) await close(); },
  };
}

const urlOf = async (app: NestFastifyApplication): Promise<string> => (await app.getUrl()).replace('[::1]', '127.0.0.1');

/** A fault of ours is shown where the specification runs, whatever it then says. */
function keep(line: string, logged: string[]): void {
  logged.push(line);
  if (/"level":"(error|fatal)".*"(err|alarm)":/.test(line)) process.stderr.write(line);
}

const environment = (settings: Settings): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(settings).map(([option, value]) => {
    const [section = '', name = ''] = option.split('.');
    return [variableOf(section, name), value];
  }));

const patchType = 'application/openstack-images-v2.1-json-patch';

function personAt(url: string, person: PersonName | undefined): Person {
  async function request(method: string, path: string, { body, headers = {} }: AskOptions = {}): Promise<Answer> {
    const response = await fetch(url + path, {
      method, redirect: 'manual',
      headers: { ...(person === undefined ? {} : { 'x-auth-token': person }), ...(method === 'PATCH' ? { 'content-type': patchType } : {}), ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' || body instanceof Uint8Array ? body as string | Uint8Array<ArrayBuffer> : JSON.stringify(body) }),
    });
    const text = await response.text();
    noteAnswer(method, path, response.status);
    return { status: response.status, headers: response.headers, text, json: <Shape>() => JSON.parse(text) as Shape };
  }
  const ask = (method: string): Ask => (path, options) => request(method, path, options);
  const post = ask('POST');
  async function image(attributes: Readonly<Record<string, unknown>> = {}): Promise<string> {
    const answer = await post('/v2/images', { body: { name: 'an image', ...attributes } });
    if (answer.status !== 201) throw new Error(`the image was not created: ${answer.status} ${answer.text}`);
    return answer.json<{ id: string }>().id;
  }
  const upload = (imageId: string, data: string | Uint8Array, headers: Readonly<Record<string, string>> = {}): Promise<Answer> =>
    request('PUT', `/v2/images/${imageId}/file`, { body: data, headers: { 'content-type': 'application/octet-stream', ...headers } });
  async function activeImage(data = 'twelve bytes', attributes = {}): Promise<string> {
    const id = await image({ disk_format: 'raw', container_format: 'bare', ...attributes });
    const answer = await upload(id, data);
    if (answer.status !== 204) throw new Error(`the data was not taken: ${answer.status} ${answer.text}`);
    return id;
  }
  return { get: ask('GET'), post, put: ask('PUT'), patch: ask('PATCH'), delete: ask('DELETE'), request, image, upload, activeImage };
}
