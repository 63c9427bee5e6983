import { IsOptional, MinLength, ValidateBy, type ValidationArguments } from 'class-validator';
import { ruleFormats, type RuleFormat } from '#libs/identity';
import { dataOptions, ImportFilterConfig, notificationOptions, Option } from '#libs/platform';
import { osHashAlgos, stagingStoreKinds, type OsHashAlgo, type StagingPlace } from '#libs/stores';
import { corsDefaults } from './edge/cors.js';

/** Who writes what waits for an import. */
const stagingWriters = ['service', 'gateway'] as const;

/** Either a password or a whole application credential. */
function hasCredentials(_: unknown, context?: ValidationArguments): boolean {
  const { password, applicationCredentialId, applicationCredentialSecret } = context?.object as GatewayConfig;
  if (applicationCredentialId === undefined && applicationCredentialSecret === undefined) return password !== undefined;
  return applicationCredentialId !== undefined && applicationCredentialSecret !== undefined;
}

/** What the gateway is told beyond what every service is. Sections and names are Glance's where Glance has the option. */
export class GatewayConfig extends ImportFilterConfig {
  @Option.text('default', 'bind_host', { glance: true, default: '127.0.0.1', doc: 'The address at which the Image API is served.' })
  readonly bindHost: string;

  @Option.int('default', 'bind_port', { glance: true, default: 9292, min: 0, max: 65535, doc: 'The port at which the Image API is served.' })
  readonly bindPort: number;

  @Option.text('default', 'public_endpoint', { glance: true, default: '', pattern: /^(https?:\/\/[^\s]+)?$/, doc: 'The URL that the version list shows clients; empty for the one that the request came to.' })
  readonly publicEndpoint: string;

  @Option.int('default', 'limit_param_default', { glance: true, default: 25, min: 1, doc: 'How many images a page of a list holds where the client does not say.' })
  readonly limitParamDefault: number;

  @Option.int('default', 'api_limit_max', { glance: true, default: 1000, min: 1, max: 10_000, doc: 'The most images that a page of a list holds, whatever the client says.' })
  readonly apiLimitMax: number;

  @Option.boolean('heliograph', 'list_community_images', { default: false, doc: 'Whether community images of other projects stand in every list, as for visibility=all; Glance shows them on request alone.' })
  readonly listCommunityImages: boolean;

  @Option.int('default', 'max_request_id_length', { glance: true, default: 64, min: 0, max: 255, doc: 'The longest X-Openstack-Request-ID that is taken from a client.' })
  readonly maxRequestIdLength: number;

  @Option.list('image_format', 'container_formats', { glance: true, default: ['ami', 'ari', 'aki', 'bare', 'ovf', 'ova', 'docker', 'compressed'], doc: 'The container formats that images may have.' })
  readonly containerFormats: readonly string[];

  @Option.list('image_format', 'disk_formats', { glance: true, default: ['ami', 'ari', 'aki', 'vhd', 'vhdx', 'vmdk', 'raw', 'qcow2', 'vdi', 'iso', 'ploop'], doc: 'The disk formats that images may have.' })
  readonly diskFormats: readonly string[];

  @dataOptions.vmdkAllowedTypes
  readonly vmdkAllowedTypes: readonly string[];

  @dataOptions.requireImageFormatMatch
  readonly requireImageFormatMatch: boolean;

  @dataOptions.gptSafetyChecksNonfatal
  readonly gptSafetyChecksNonfatal: readonly string[];

  @Option.list('default', 'enabled_backends', { glance: true, default: ['file:file'], doc: 'The stores as id:kind, where kind is file, s3 or http. Each has a section of its name for options of its own: see Each store.' })
  readonly enabledBackends: readonly string[];

  @dataOptions.defaultBackend
  readonly defaultBackend: string;

  @dataOptions.filesystemStoreDatadir
  readonly filesystemStoreDatadir: string;

  @Option.boolean('default', 'show_multiple_locations', { glance: true, default: false, doc: 'Whether images show the locations of their data, and owners may change them by PATCH. Whoever may do that says what an image\'s data is: leave it off unless a client needs it.' })
  readonly showMultipleLocations: boolean;

  @Option.boolean('default', 'show_image_direct_url', { glance: true, default: false, doc: 'Whether images show the first of their locations as direct_url.' })
  readonly showImageDirectUrl: boolean;

  @Option.boolean('default', 'do_secure_hash', { glance: true, default: true, doc: 'Whether the data of a new location (POST /v2/images/{id}/locations) is read and hashed before its image is active. False: it is active at once, and what its client says of the data is believed.' })
  readonly doSecureHash: boolean;

  @Option.list('default', 'enabled_import_methods', { glance: true, default: ['glance-direct', 'web-download', 'copy-image'], doc: 'The import methods that are switched on, in brackets or without. Those that this version does not have are left out.' })
  readonly enabledImportMethods: readonly string[];

  @dataOptions.imageImportPlugins
  readonly imageImportPlugins: readonly string[];

  @Option.list('inject_metadata_properties', 'inject', { glance: true, default: [], doc: 'The properties that inject_image_metadata sets on imported images, as name:value.' })
  readonly inject: readonly string[];

  @Option.list('inject_metadata_properties', 'ignore_user_roles', { glance: true, default: ['admin'], doc: 'Whoever has one of these roles imports without them.' })
  readonly ignoreUserRoles: readonly string[];

  @dataOptions.imageSizeCap
  readonly imageSizeCap: number;

  @Option.path('default', 'image_cache_dir', { glance: true, default: '', doc: 'Where this gateway keeps copies of data that is slow to read, a directory of its own; empty for no cache. The directory of a Glance is taken over as it is.' })
  readonly imageCacheDir: string;

  @Option.int('default', 'image_cache_max_size', { glance: true, default: 10 * 1024 ** 3, min: 0, unit: 'bytes', doc: 'The most that the cache holds. What was not read for the longest time makes room; what alone is larger is not cached.' })
  readonly imageCacheMaxSize: number;

  @Option.int('default', 'image_cache_stall_time', { glance: true, default: 86_400, min: 1, max: 2_000_000, unit: 'seconds', doc: 'How long nothing may arrive of data that is on its way into the cache.' })
  readonly imageCacheStallTime: number;

  @Option.text('paste_deploy', 'flavor', { glance: true, default: 'keystone+cachemanagement', doc: 'Where there is a cache, downloads go through it if this names caching or cachemanagement; else it holds what was queued, for nobody.' })
  readonly pasteDeployFlavor: string;

  @Option.boolean('heliograph', 'cache_file_stores', { default: false, doc: 'Whether downloads bring data into the cache that lies in a file store, which is as near. What is queued (PUT /v2/cache/{id}) always comes.' })
  readonly cacheFileStores: boolean;

  @dataOptions.sizeLimits
  readonly sizeLimits: readonly string[];

  @Option.int('heliograph', 'reads_per_second', { default: 5000, min: 0, doc: 'How many reads of one project this gateway answers a second on average, with bursts of ten seconds\' worth; 0 is no limit. Administrators and services are not counted.' })
  readonly readsPerSecond: number;

  @Option.int('heliograph', 'changes_per_second', { default: 1000, min: 0, doc: 'The same for requests that change something.' })
  readonly changesPerSecond: number;

  @Option.choice('default', 'hashing_algorithm', { glance: true, default: 'sha512', choices: osHashAlgos, doc: 'What os_hash_value is computed by. md5 is always computed besides.' })
  readonly hashingAlgorithm: OsHashAlgo;

  @Option.choice('heliograph', 'staging_writer', {
    default: 'service', choices: stagingWriters, doc: 'Who writes staged data: the staging service at staging_url, which may stand elsewhere, or this gateway itself, which costs half as much and needs a staging area that both see.',
  })
  readonly stagingWriter: (typeof stagingWriters)[number];

  @Option.url('default', 'node_staging_uri', { glance: true, default: 'file:///var/lib/heliograph/staging', schemes: ['file'], doc: 'Where this gateway writes staged data if it is the one that does; the directory that the staging service has.' })
  readonly nodeStagingUri: string;

  @Option.choice('heliograph', 'staging_store_kind', { default: 'file', choices: stagingStoreKinds, doc: 'Whether staged data waits in a directory or in a bucket, as the staging service has it.' })
  readonly stagingStoreKind: StagingPlace['stagingStoreKind'];

  @Option.urls('heliograph', 'staging_url', { default: ['http://127.0.0.1:9393'], schemes: ['http'], doc: 'Where the staging services take data: the transfer_host and transfer_port of each, as reached from here. The first that answers takes it.' })
  readonly stagingUrl: readonly string[];

  @Option.secret('heliograph', 'capability_key', { optional: true, doc: 'What gateway, staging and importer know each other by: the same text of at least 32 characters for all three. Without it nothing can be staged.' })
  @IsOptional()
  @MinLength(32, { message: 'must have at least 32 characters' })
  readonly capabilityKey?: string;

  @dataOptions.leaseSeconds
  readonly leaseSeconds: number;

  @dataOptions.uploadIdleSeconds
  readonly uploadIdleSeconds: number;

  @dataOptions.removalInterval
  readonly removalInterval: number;

  @Option.int('heliograph', 'progress_listeners', { default: 1000, min: 0, max: 100_000, doc: 'How many clients may listen to the progress of images at once at this gateway.' })
  readonly progressListeners: number;

  @Option.int('heliograph', 'progress_listeners_per_project', { default: 50, min: 0, max: 100_000, doc: 'How many of them may be of one project.' })
  readonly progressListenersPerProject: number;

  @Option.secret('heliograph', 'audit_key', { optional: true, doc: 'What the gateways vouch for tenants with, at the NATS servers: the same text of at least 32 characters for all gateways and for nats:config. Without it no tenant can connect to NATS.' })
  @IsOptional()
  @MinLength(32, { message: 'must have at least 32 characters' })
  readonly auditKey?: string;

  @Option.int('heliograph', 'audit_consumers_per_project', { default: 5, min: 0, max: 100, doc: 'How many consumers of the audit stream a project may have at once.' })
  readonly auditConsumersPerProject: number;

  @Option.int('heliograph', 'event_listeners', { default: 1000, min: 0, max: 100_000, doc: 'How many clients may listen to events (GET /v2/events as a stream) at once at this gateway.' })
  readonly eventListeners: number;

  @Option.int('heliograph', 'event_listeners_per_project', { default: 20, min: 0, max: 100_000, doc: 'How many of them may be of one project.' })
  readonly eventListenersPerProject: number;

  @Option.int('heliograph', 'actions_per_project', { default: 100, min: 0, max: 1_000_000, doc: 'How many image-imports and other image-actions of one project may be under way at once. 0 is no bound. Not exact to the last one.' })
  readonly actionsPerProject: number;

  @dataOptions.imageExports
  readonly imageExports: boolean;

  @dataOptions.importS3Sources
  readonly importS3Sources: readonly string[];

  @dataOptions.imageConversions
  readonly imageConversions: readonly string[];

  @Option.url('keystone_authtoken', 'auth_url', { glance: true, default: 'http://127.0.0.1:5000', doc: 'Where the identity service answers.' })
  readonly authUrl: string;

  @Option.text('keystone_authtoken', 'www_authenticate_uri', { glance: true, default: '', doc: 'The identity service as clients reach it, told in every 401; empty for auth_url.' })
  readonly wwwAuthenticateUri: string;

  @Option.text('keystone_authtoken', 'username', { glance: true, default: 'glance', doc: 'The service user that validates tokens.' })
  readonly username: string;

  @Option.secret('keystone_authtoken', 'password', { glance: true, optional: true, doc: 'The password of the service user. Must be set unless there is an application credential.' })
  @ValidateBy({ name: 'canSignIn', validator: { validate: hasCredentials, defaultMessage: () => 'is not set; expected the password of the service user, or application_credential_id and application_credential_secret, both.' } })
  readonly password?: string;

  @Option.text('keystone_authtoken', 'application_credential_id', { glance: true, optional: true, doc: 'An application credential that validates tokens, instead of the service user and its password.' })
  readonly applicationCredentialId?: string;

  @Option.secret('keystone_authtoken', 'application_credential_secret', { glance: true, optional: true, doc: 'The secret of that application credential.' })
  readonly applicationCredentialSecret?: string;

  @Option.text('keystone_authtoken', 'project_name', { glance: true, default: 'service', doc: 'The project of the service user.' })
  readonly projectName: string;

  @Option.text('keystone_authtoken', 'user_domain_id', { glance: true, default: 'default', doc: 'The domain of the service user.' })
  readonly userDomainId: string;

  @Option.text('keystone_authtoken', 'project_domain_id', { glance: true, default: 'default', doc: 'The domain of the service user\'s project.' })
  readonly projectDomainId: string;

  @Option.int('keystone_authtoken', 'token_cache_time', { glance: true, default: 300, min: 0, max: 86_400, unit: 'seconds', doc: 'How long a validated token is not asked about again.' })
  readonly tokenCacheTime: number;

  @Option.list('keystone_authtoken', 'service_token_roles', { glance: true, default: ['service'], doc: 'The roles that make a service token one.' })
  readonly serviceTokenRoles: readonly string[];

  @Option.boolean('keystone_authtoken', 'service_token_roles_required', { glance: true, default: false, doc: 'Whether only a service token with one of those roles lets an expired user token pass.' })
  readonly serviceTokenRolesRequired: boolean;

  @Option.path('oslo_policy', 'policy_file', { glance: true, default: 'policy.yaml', doc: 'The operator\'s own policy rules; a file that is not there means the default rules. Read again when it changes.' })
  readonly policyFile: string;

  @Option.path('heliograph', 'image_schema_file', { default: '', doc: 'What additional properties may hold and which every image must have, as Glance\'s schema-image.json says it; empty: what Glance ships.' })
  readonly imageSchemaFile: string;

  @Option.path('default', 'property_protection_file', { glance: true, default: '', doc: 'Who may create, read, update and delete which additional properties; empty: everybody all of them.' })
  readonly propertyProtectionFile: string;

  @Option.choice('default', 'property_protection_rule_format', { glance: true, default: 'roles', choices: ruleFormats, doc: 'Whether that file names roles, or policies of the policy file.' })
  readonly propertyProtectionRuleFormat: RuleFormat;

  @Option.boolean('oslo_middleware', 'enable_proxy_headers_parsing', { glance: true, default: false, doc: 'Whether X-Forwarded-Proto, -Host, -Prefix and -For are believed. Only behind a proxy that sets them.' })
  readonly enableProxyHeadersParsing: boolean;

  @Option.path('healthcheck', 'disable_by_file_path', { glance: true, default: '', doc: 'While this file is there, /healthcheck answers 503, so that load balancers leave this gateway out.' })
  readonly healthcheckDisableByFilePath: string;

  @Option.list('cors', 'allowed_origin', { glance: true, default: [], doc: 'The origins whose pages may use the API; * for all. None: no CORS headers.' })
  readonly corsAllowedOrigin: readonly string[];

  @Option.boolean('cors', 'allow_credentials', { glance: true, default: true, doc: 'Whether pages may send credentials.' })
  readonly corsAllowCredentials: boolean;

  @Option.list('cors', 'expose_headers', { glance: true, default: corsDefaults.exposeHeaders, doc: 'The headers of an answer that pages may read.' })
  readonly corsExposeHeaders: readonly string[];

  @Option.int('cors', 'max_age', { glance: true, default: 3600, min: 0, unit: 'seconds', doc: 'How long a browser may remember a preflight.' })
  readonly corsMaxAge: number;

  @Option.list('cors', 'allow_methods', { glance: true, default: corsDefaults.allowMethods, doc: 'The methods that pages may use.' })
  readonly corsAllowMethods: readonly string[];

  @Option.list('cors', 'allow_headers', { glance: true, default: corsDefaults.allowHeaders, doc: 'The headers that pages may send.' })
  readonly corsAllowHeaders: readonly string[];

  @Option.secret('heliograph', 'seal_key', { optional: true, doc: 'What the token of a caller is sealed with on its way to federation, and the query of a URI on its way to the importer: the same text of at least 32 characters for all. Without it there is no glance-download, and a URI with a query is refused.' })
  @IsOptional()
  @MinLength(32, { message: 'must have at least 32 characters' })
  readonly sealKey?: string;

  @Option.choice('key_manager', 'backend', { glance: true, default: 'barbican', choices: ['barbican'], doc: 'Where the certificates of signed images are kept.' })
  readonly keyManagerBackend: 'barbican';

  @Option.text('barbican', 'barbican_endpoint', { glance: true, default: '', pattern: /^(https?:\/\/[^\s]+)?$/, doc: 'The Key Manager API; empty: the caller\'s catalogue says where it is.' })
  readonly barbicanEndpoint: string;

  @Option.text('barbican', 'barbican_api_version', { glance: true, default: 'v1', pattern: /^v\d+(\.\d+)?$/, doc: 'Its version.' })
  readonly barbicanApiVersion: string;

  @Option.choice('barbican', 'barbican_endpoint_type', { glance: true, default: 'public', choices: ['public', 'internal', 'admin'], doc: 'The interface by which it is looked for in the catalogue.' })
  readonly barbicanEndpointType: 'public' | 'internal' | 'admin';

  @Option.text('barbican', 'barbican_region_name', { glance: true, default: '', doc: 'The region in which it is looked for; empty for this one.' })
  readonly barbicanRegionName: string;

  @Option.boolean('barbican', 'verify_ssl', { glance: true, default: true, doc: 'Whether its certificate is verified.' })
  readonly verifySsl: boolean;

  @Option.path('barbican', 'verify_ssl_path', { glance: true, default: '', doc: 'Certificate authorities in PEM for that; empty: the well-known ones.' })
  readonly verifySslPath: string;

  @Option.path('heliograph', 'signature_trusted_roots', { default: '', doc: 'Certificates in PEM: the certificate of a signed image must lead to one of them and be valid. Empty: any certificate will do that the key manager gives, as in Glance.' })
  readonly signatureTrustedRoots: string;

  @Option.secret('heliograph', 'database_url', {
    default: 'postgresql://heliograph@127.0.0.1:5432/heliograph',
    doc: 'The PostgreSQL database of the read model: postgresql://user:password@host:port/database, with ?host=/folder at its end by the socket in that folder.',
  })
  readonly databaseUrl: string;

  @Option.int('heliograph', 'database_pool_size', { default: 10, min: 1, max: 200, doc: 'The most connections to PostgreSQL that this process opens.' })
  readonly databasePoolSize: number;

  @Option.int('heliograph', 'read_timeout', {
    default: 10, min: 1, max: 300, unit: 'seconds', doc: 'How long PostgreSQL may look for what a request asks for. A list that no index leads to and that takes longer is refused, and says so.',
  })
  readonly readTimeout: number;

  @notificationOptions.driver
  readonly notificationDriver: readonly string[];

  @notificationOptions.topics
  readonly notificationTopics: readonly string[];

  @notificationOptions.disabled
  readonly disabledNotifications: readonly string[];

  @notificationOptions.publisher
  readonly defaultPublisherId: string;
}
