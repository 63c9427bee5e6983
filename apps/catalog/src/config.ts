import { Option, ServiceConfig, notificationOptions } from '#libs/platform';

/** What the catalog is told beyond what every service is. */
export class CatalogConfig extends ServiceConfig {
  @Option.secret('heliograph', 'database_url', {
    default: 'postgresql://heliograph@127.0.0.1:5432/heliograph',
    doc: 'The PostgreSQL database of the read model: postgresql://user:password@host:port/database.',
  })
  readonly databaseUrl: string;

  @Option.int('heliograph', 'database_pool_size', { default: 10, min: 2, max: 200, doc: 'The most connections to PostgreSQL that this process opens.' })
  readonly databasePoolSize: number;

  @Option.choice('heliograph', 'synchronous_commit', {
    default: 'on', choices: ['on', 'off'],
    doc: 'Whether the projector waits for PostgreSQL to flush. "off" is faster and loses nothing that the log holds, but the copy of the log\'s tail that log:repair needs may then end a moment early.',
  })
  readonly synchronousCommit: 'on' | 'off';

  @Option.int('heliograph', 'lease_seconds', { default: 30, min: 2, max: 3600, unit: 'seconds', doc: 'How long an upload may show no sign of life before its image is queued again.' })
  readonly leaseSeconds: number;

  @Option.int('heliograph', 'sweep_interval', { default: 5, min: 1, max: 3600, unit: 'seconds', doc: 'How often uploads whose server died are looked for.' })
  readonly sweepInterval: number;

  @Option.int('heliograph', 'image_cache_commits', { default: 100_000, min: 0, max: 10_000_000, doc: 'How many commits\' worth of images stay in memory.' })
  readonly imageCacheCommits: number;

  @Option.path('heliograph', 'log_directory', { optional: true, doc: 'Where the log\'s server keeps its files, if that is on this machine: changes are refused (LogFull) before its disk is full. Not set: nobody looks.' })
  readonly logDirectory?: string;

  @Option.int('heliograph', 'log_reserve_bytes', { default: 32 * 1024 ** 2, min: 0, unit: 'bytes', doc: 'What must be free on the disk of log_directory for changes to be accepted; deletions are accepted below it.' })
  readonly logReserveBytes: number;

  @Option.int('default', 'image_property_quota', { glance: true, default: 128, min: -1, doc: 'The most additional properties an image may have; -1 is no limit.' })
  readonly imagePropertyQuota: number;

  @Option.int('default', 'image_tag_quota', { glance: true, default: 128, min: -1, doc: 'The most tags an image may have; -1 is no limit.' })
  readonly imageTagQuota: number;

  @Option.int('default', 'image_member_quota', { glance: true, default: 128, min: -1, doc: 'The most members an image may have; -1 is no limit.' })
  readonly imageMemberQuota: number;

  @Option.int('default', 'image_location_quota', { glance: true, default: 10, min: -1, doc: 'The most places that the data of an image may be said to lie at; -1 is no limit.' })
  readonly imageLocationQuota: number;

  @notificationOptions.driver
  readonly notificationDriver: readonly string[];

  @notificationOptions.topics
  readonly notificationTopics: readonly string[];

  @notificationOptions.disabled
  readonly disabledNotifications: readonly string[];

  @notificationOptions.publisher
  readonly defaultPublisherId: string;
}
