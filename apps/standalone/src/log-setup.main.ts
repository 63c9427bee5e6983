import { ConfigFaults, Option, ServiceConfig, readConfig } from '#libs/platform';
import { setUpLog } from './set-up-log.js';

/** What `npm run log:setup` is told: the password is that of the NATS user `setup`. */
class LogSetupConfig extends ServiceConfig {
  @Option.int('heliograph', 'log_replicas', { default: 3, min: 1, max: 5, doc: 'On how many NATS servers the event log is kept; 1 only where there is one.' })
  readonly logReplicas: number;

  @Option.int('heliograph', 'log_max_bytes', { optional: true, min: 2 ** 20, unit: 'bytes', doc: 'The most the event log may hold; a full log refuses changes and drops nothing. Unlimited where it is absent.' })
  readonly logMaxBytes?: number;
}

/** `npm run log:setup`: makes the streams of a region once, before its services start. Harmless when repeated. */
try {
  const { natsUrl, region, natsPassword, logReplicas, logMaxBytes } = readConfig(LogSetupConfig);
  await setUpLog({
    servers: natsUrl, region, replicas: logReplicas, ...(natsPassword === undefined ? {} : { password: natsPassword }),
    ...(logMaxBytes === undefined ? {} : { maxLogBytes: logMaxBytes }),
  });
  process.stdout.write(`The event log of ${region} is there.\n`);
} catch (error) {
  process.stderr.write(`${error instanceof ConfigFaults ? error.message : `The event log could not be set up: ${(error as Error).message}`}\n`);
  process.exitCode = 1;
}
process.exit();
