import { writeSync } from 'node:fs';
import { createLogger, readConfig } from '#libs/platform';
import { startDevelopmentIdentity, warning } from './app.js';
import { DevelopmentIdentityConfig, imageEndpointsOf } from './config.js';

try {
  const { host, port, password, imageEndpoints } = readConfig(DevelopmentIdentityConfig);
  const logger = createLogger({ service: 'development-identity', region: 'all', level: 'info' });
  const identity = await startDevelopmentIdentity({ host, port, password, imageEndpoints: imageEndpointsOf(imageEndpoints), logger });
  writeSync(2, `The development identity is ${warning}.\n`);
  logger.warn({ url: identity.url }, `ready; ${warning}`);
  const stop = (): void => void identity.close().then(() => process.exit(0), () => process.exit(1));
  process.once('SIGTERM', stop).once('SIGINT', stop);
} catch (error) {
  writeSync(2, `${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
