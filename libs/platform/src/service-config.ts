import { Option } from './config.js';

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof logLevels)[number];

/** What every service is told. An app's own configuration extends it. */
export class ServiceConfig {
  @Option.text('heliograph', 'region', { default: 'RegionOne', pattern: /^[A-Za-z0-9_-]{1,64}$/, doc: 'The region that this service belongs to, as the Keystone catalogue names it.' })
  readonly region: string;

  @Option.urls('heliograph', 'nats_url', { default: ['nats://127.0.0.1:4222'], schemes: ['nats', 'tls'], doc: 'The NATS servers of the region.' })
  readonly natsUrl: readonly string[];

  @Option.secret('heliograph', 'nats_password', { optional: true, doc: 'The password of this service\'s own NATS user; the user has the name of the service.' })
  readonly natsPassword?: string;

  @Option.choice('heliograph', 'log_level', { default: 'info', choices: logLevels, doc: 'The least important log lines that are written.' })
  readonly logLevel: LogLevel;

  @Option.text('heliograph', 'operations_host', { default: '127.0.0.1', doc: 'The address at which /healthz, /readyz and /metrics are served.' })
  readonly operationsHost: string;

  @Option.int('heliograph', 'operations_port', { default: 9190, min: 0, max: 65535, doc: 'The port at which /healthz, /readyz and /metrics are served.' })
  readonly operationsPort: number;

  @Option.int('heliograph', 'shutdown_grace', { default: 30, min: 0, max: 3600, unit: 'seconds', doc: 'How long requests in flight may take to end after the service was told to stop.' })
  readonly shutdownGrace: number;
}
