import { ValidateBy, type ValidationArguments } from 'class-validator';
import { dataOptions, notificationOptions, Option, ServiceConfig } from '#libs/platform';
import { storageQuotaForm } from './quota/storage-quota.js';

/** What the catalog is told beyond what every service is. */
export class CatalogConfig extends ServiceConfig {
  @Option.secret('heliograph', 'database_url', {
    default: 'postgresql://heliograph@127.0.0.1:5432/heliograph',
    doc: 'The PostgreSQL database of the read model: postgresql://user:password@host:port/database, with ?host=/folder at its end by the socket in that folder.',
  })
  readonly databaseUrl: string;

  @Option.int('heliograph', 'database_pool_size', { default: 10, min: 2, max: 200, doc: 'The most connections to PostgreSQL that this process opens.' })
  readonly databasePoolSize: number;

  @Option.choice('heliograph', 'synchronous_commit', {
    default: 'on', choices: ['on', 'off'],
    doc: 'Whether the projector waits for PostgreSQL to flush. "off" is faster and loses nothing that the log holds, but the copy of the log\'s tail that log:repair needs may then end a moment early.',
  })
  readonly synchronousCommit: 'on' | 'off';

  @dataOptions.leaseSeconds
  readonly leaseSeconds: number;

  @Option.int('heliograph', 'sweep_interval', { default: 5, min: 1, max: 3600, unit: 'seconds', doc: 'How often uploads whose server died are looked for.' })
  readonly sweepInterval: number;

  @Option.int('heliograph', 'deleted_image_retention', { default: 0, min: 0, max: 315_360_000, unit: 'seconds', doc: 'How long a deleted image is kept with its data, so that it can come back. 0: not at all. Counts for deletions from then on; every catalog must be told the same.' })
  readonly deletedImageRetention: number;

  @Option.int('heliograph', 'digest_interval', { default: 0, min: 0, max: 31_536_000, unit: 'seconds', doc: 'How often a signed digest of the event log is written. Each reads the whole log. 0: never.' })
  readonly digestInterval: number;

  @Option.path('heliograph', 'digest_directory', { optional: true, doc: 'Where digests are written, somewhere that whoever can change the log cannot: a directory, or s3://BUCKET[/FOLDER], whose server and keys stand in the section digests (s3_store_host, s3_store_access_key, s3_store_secret_key and the others of an S3 store). Must be set with digest_interval.' })
  @ValidateBy({ name: 'hasDigestDirectory', validator: { validate: isSetForDigests, defaultMessage: () => 'is not set; expected a directory or a bucket, since digest_interval is on.' } })
  readonly digestDirectory?: string;

  @Option.int('heliograph', 'digest_lock_days', { default: 0, min: 0, max: 36_500, unit: 'days', doc: 'So many days nobody may delete a digest from its bucket, or write it anew (retention in compliance mode): the bucket must have been made with object lock. 0: as the bucket itself says.' })
  readonly digestLockDays: number;

  @Option.path('heliograph', 'digest_key', { optional: true, doc: 'A file with the Ed25519 private key, in PEM, that digests are signed with. Must be set with digest_interval.' })
  @ValidateBy({ name: 'hasDigestKey', validator: { validate: isSetForDigests, defaultMessage: () => 'is not set; expected a file with a key, since digest_interval is on.' } })
  readonly digestKey?: string;

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

  @Option.int('heliograph', 'audit_days', { default: 30, min: 0, max: 3650, unit: 'days', doc: 'How long the audit stream in NATS keeps events for programs that follow them; 0: there is no such stream. GET /v2/events has all of them in any case.' })
  readonly auditDays: number;

  @Option.int('heliograph', 'audit_max_bytes', { default: 2 ** 30, min: 2 ** 20, unit: 'bytes', doc: 'The most that the audit stream keeps: the oldest events make room.' })
  readonly auditMaxBytes: number;

  @Option.path('default', 'property_protection_file', { glance: true, default: '', doc: 'Where the gateways have one, name it here too: then the audit stream holds no additional properties, since nobody can say which roles will read it.' })
  readonly propertyProtectionFile: string;

  @Option.int('heliograph', 'images_per_project', { default: 2_000_000, min: 0, doc: 'The most images that a project may have, whatever its limits say: one tenant must not fill the log. 0 is no cap. Not exact to the last image.' })
  readonly imagesPerProject: number;

  @Option.int('heliograph', 'uploads_per_project', { default: 5000, min: 0, doc: 'The most images of a project whose data may be on its way or staged at once. 0 is no cap. Not exact to the last one.' })
  readonly uploadsPerProject: number;

  @Option.text('default', 'user_storage_quota', { glance: true, default: '0', pattern: storageQuotaForm, doc: 'The most data that a project may have in all stores together, as 20GB, in powers of 1024; 0 is no limit. Counts where use_keystone_limits is off.' })
  readonly userStorageQuota: string;

  @Option.boolean('default', 'use_keystone_limits', { glance: true, default: false, doc: 'Whether projects are held to the limits that Keystone has for image_size_total, image_stage_total, image_count_total and image_count_uploading. One that is not registered there is 0.' })
  readonly useKeystoneLimits: boolean;

  @Option.boolean('heliograph', 'strict_limits', { default: false, doc: 'Whether data of undeclared size is cut off where it would cross a limit of Keystone\'s. As with Glance, one upload at a time may otherwise.' })
  readonly strictLimits: boolean;

  @Option.int('heliograph', 'limits_cache_seconds', { default: 0, min: 0, max: 3600, unit: 'seconds', doc: 'How long what Keystone said of a project\'s limits counts; 0 asks each time, as Glance does.' })
  readonly limitsCacheSeconds: number;

  @Option.url('oslo_limit', 'auth_url', { glance: true, default: 'http://127.0.0.1:5000', doc: 'Where Keystone answers for its limits.' })
  readonly limitAuthUrl: string;

  @Option.text('oslo_limit', 'username', { glance: true, default: 'glance', doc: 'Who reads them: he must be a reader on the whole system to be told of all projects.' })
  readonly limitUsername: string;

  @Option.secret('oslo_limit', 'password', { glance: true, optional: true, doc: 'His password. Must be set with use_keystone_limits.' })
  @ValidateBy({ name: 'canReadLimits', validator: { validate: canReadLimits, defaultMessage: () => 'is not set; expected the password of who reads the limits, since use_keystone_limits is on.' } })
  readonly limitPassword?: string;

  @Option.text('oslo_limit', 'user_domain_id', { glance: true, default: 'default', doc: 'His domain.' })
  readonly limitUserDomainId: string;

  @Option.int('heliograph', 'webhooks_per_project', { default: 10, min: 0, max: 1000, doc: 'How many webhooks a project may register.' })
  readonly webhooksPerProject: number;

  @Option.int('heliograph', 'webhook_retry_seconds', { default: 5, min: 1, max: 3600, unit: 's', doc: 'After this time an event that a webhook did not take is sent again; five times as long after each further attempt, five hours at most.' })
  readonly webhookRetrySeconds: number;

  @Option.int('heliograph', 'webhook_attempts', { default: 8, min: 1, max: 100, doc: 'How often an event is sent to a webhook before it is given up. Three in a row that were given up pause the webhook.' })
  readonly webhookAttempts: number;

  @Option.text('oslo_limit', 'system_scope', { glance: true, default: '', pattern: /^(all)?$/, doc: 'all: he asks for the whole system, as Keystone wants it for the limits of others; empty: for his project.' })
  readonly limitSystemScope: string;

  @Option.text('oslo_limit', 'project_name', { glance: true, default: 'service', doc: 'His project; counts where system_scope is empty.' })
  readonly limitProjectName: string;

  @Option.text('oslo_limit', 'project_domain_id', { glance: true, default: 'default', doc: 'The domain of that project.' })
  readonly limitProjectDomainId: string;

  @Option.text('oslo_limit', 'endpoint_id', { glance: true, default: '', doc: 'The image endpoint that the limits are registered for; empty: the service of endpoint_service_type in endpoint_region_name.' })
  readonly limitEndpointId: string;

  @Option.text('oslo_limit', 'endpoint_service_type', { glance: true, default: 'image', doc: 'The type of the service that the limits are registered for.' })
  readonly limitEndpointServiceType: string;

  @Option.text('oslo_limit', 'endpoint_region_name', { glance: true, default: '', doc: 'The region that they are registered for; empty for heliograph.region.' })
  readonly limitEndpointRegionName: string;
}

function isSetForDigests(value: unknown, context?: ValidationArguments): boolean {
  return (context?.object as CatalogConfig).digestInterval === 0 || value !== undefined;
}

function canReadLimits(_: unknown, context?: ValidationArguments): boolean {
  const { useKeystoneLimits, limitPassword } = context?.object as CatalogConfig;
  return !useKeystoneLimits || limitPassword !== undefined;
}
