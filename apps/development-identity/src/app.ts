import type { AddressInfo } from 'node:net';
import type { DynamicModule } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { nestLogger, type Logger } from '#libs/platform';
import { AuthController } from './auth.controller.js';
import { createCatalogue, type Catalogue } from './catalogue.js';
import { loopbackOnly } from './config.js';
import { IDENTITY, type DevelopmentIdentity } from './identity.js';
import { LimitsController } from './limits.controller.js';
import { createLimits } from './limits.js';
import { RefusalFilter } from './refusal.js';
import { ResourcesController } from './resources.controller.js';
import { createTokens } from './tokens.js';
import { VersionsController } from './versions.controller.js';

export interface DevelopmentIdentityOptions {
  readonly host: string;
  readonly port: number;
  readonly password: string;
  readonly imageEndpoints: Readonly<Record<string, string>>;
  readonly logger: Logger;
  readonly now?: () => Date;
}

export const warning = 'not for production: fixed users, one password for all of them, loopback only';

const largestBodyBytes = 64 * 1024;

class DevelopmentIdentityModule {}

const moduleOf = (identity: DevelopmentIdentity): DynamicModule => ({
  module: DevelopmentIdentityModule,
  controllers: [VersionsController, AuthController, LimitsController, ResourcesController],
  providers: [{ provide: IDENTITY, useValue: identity }],
});

/** Starts the Keystone look-alike. Throws for an address that is not loopback, before it listens anywhere. */
export async function startDevelopmentIdentity(options: DevelopmentIdentityOptions): Promise<{ url: string; close(): Promise<void> }> {
  const host = loopbackOnly(options.host);
  const { password, logger, imageEndpoints, now = () => new Date() } = options;
  let app: NestFastifyApplication | undefined;
  let known: Catalogue | undefined;
  const identityUrl = (): string => urlOf(host, app?.getHttpServer().address() as AddressInfo);
  const catalogue = (): Catalogue => known ??= createCatalogue(identityUrl(), imageEndpoints);
  const identity: DevelopmentIdentity = { tokens: createTokens(), password, now, limits: createLimits(), catalogue, identityUrl };
  const adapter = new FastifyAdapter({ bodyLimit: largestBodyBytes, routerOptions: { ignoreTrailingSlash: true }, exposeHeadRoutes: true, forceCloseConnections: true });
  app = await NestFactory.create<NestFastifyApplication>(moduleOf(identity), adapter, { logger: nestLogger(logger), abortOnError: false });
  app.useGlobalFilters(new RefusalFilter((err) => logger.error({ err }, 'a request failed'), identityUrl));
  adapter.getInstance().addHook('onSend', (_request, reply, payload, done) => {
    reply.header('x-heliograph-development-identity', warning);
    // python-openstackclient run with its standard input closed takes a connection that stays open for that input, and fails.
    reply.header('connection', 'close');
    done(null, payload);
  });
  await app.listen(options.port, host);
  const running = app;
  return { url: identityUrl(), close: () => running.close() };
}

const urlOf = (host: string, { port }: AddressInfo): string => `http://${host.includes(':') ? `[${host}]` : host}:${port}/v3`;
