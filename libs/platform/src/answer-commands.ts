import type { INestApplication } from '@nestjs/common';
import type { MicroserviceOptions } from '@nestjs/microservices';
import type { NatsUser } from '#libs/contracts';
import type { Bus } from './ask.js';
import type { Logger } from './logging.js';

/** The application hears its `@MessagePattern`s from now on, until it is closed; commands in flight then have `graceMs`. */
export async function answerCommands(app: INestApplication, { bus, logger }: { bus: Bus; logger: Logger }, name: NatsUser, graceMs?: number): Promise<void> {
  // Nest is loaded where it is used: the launcher and the operator's commands come through the same door, and do without its 30 MiB.
  const { CommandServer, ThrownAsIs } = await import('./answer.js');
  const strategy = new CommandServer(bus, name, logger, graceMs);
  app.connectMicroservice<MicroserviceOptions>({ strategy }, { deferInitialization: true }).useGlobalFilters(new ThrownAsIs());
  await app.startAllMicroservices();
}
