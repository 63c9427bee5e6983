import { createStreams } from '#libs/event-log';
import { createBus, createLogger } from '#libs/platform';

export interface LogToSetUp {
  readonly servers: readonly string[];
  readonly region: string;
  /** Of the NATS user `setup`; absent where the server has no users. */
  readonly password?: string;
  readonly replicas: number;
  readonly maxLogBytes?: number;
}

/** Makes the streams of a region where they do not exist, as the one NATS user that may. */
export async function setUpLog({ servers, region, password, replicas, maxLogBytes }: LogToSetUp): Promise<void> {
  const logger = createLogger({ service: 'setup', region, level: 'silent' });
  const bus = await createBus({ servers, user: 'setup', region, logger, ...(password === undefined ? {} : { password }) });
  try {
    await createStreams(bus.connection, region, { replicas, ...(maxLogBytes === undefined ? {} : { maxLogBytes }) });
  } finally {
    await bus.close();
  }
}
