import { IsOptional, MinLength } from 'class-validator';
import { dataOptions, ImportFilterConfig, Option } from '#libs/platform';
import { osHashAlgos, stagingStoreKinds, type OsHashAlgo, type StagingPlace } from '#libs/stores';
import { outputFormats, type OutputFormat } from '#libs/transfers';

/** What the importer is told beyond what every service is. Its stores are the gateway's. */
export class ImporterConfig extends ImportFilterConfig {
  @Option.list('default', 'enabled_backends', { glance: true, default: ['file:file'], doc: 'The stores as id:kind, as the gateway has them.' })
  readonly enabledBackends: readonly string[];

  @dataOptions.defaultBackend
  readonly defaultBackend: string;

  @dataOptions.filesystemStoreDatadir
  readonly filesystemStoreDatadir: string;

  @dataOptions.imageSizeCap
  readonly imageSizeCap: number;

  @dataOptions.sizeLimits
  readonly sizeLimits: readonly string[];

  @Option.choice('default', 'hashing_algorithm', { glance: true, default: 'sha512', choices: osHashAlgos, doc: 'What os_hash_value is computed by. md5 is always computed besides.' })
  readonly hashingAlgorithm: OsHashAlgo;

  @dataOptions.vmdkAllowedTypes
  readonly vmdkAllowedTypes: readonly string[];

  @dataOptions.requireImageFormatMatch
  readonly requireImageFormatMatch: boolean;

  @dataOptions.gptSafetyChecksNonfatal
  readonly gptSafetyChecksNonfatal: readonly string[];

  @Option.int('heliograph', 'import_idle_seconds', { default: 60, min: 1, max: 86_400, unit: 'seconds', doc: 'How long an import may move no byte before it is given up for the store that it was going to.' })
  readonly importIdleSeconds: number;

  @Option.int('heliograph', 'import_download_seconds', { default: 21_600, min: 1, max: 604_800, unit: 'seconds', doc: 'How long a web-download may take from its first request to its last byte, with all that is tried again.' })
  readonly importDownloadSeconds: number;

  @Option.int('heliograph', 'import_handover_seconds', { default: 8, min: 1, max: 600, unit: 'seconds', doc: 'How long an importer may show no sign of life before another one goes on with its imports; the same for all importers of a region.' })
  readonly importHandoverSeconds: number;

  @Option.int('heliograph', 'parallel_imports', { default: 16, min: 1, max: 1000, doc: 'How many imports may run at once in all importers of a region together.' })
  readonly parallelImports: number;

  @Option.int('image_import_opts', 'max_parallel_stores', { glance: true, default: 4, min: 1, max: 64, doc: 'How many stores of one import are filled at once, when one of them has the data.' })
  readonly maxParallelStores: number;

  @dataOptions.imageImportPlugins
  readonly imageImportPlugins: readonly string[];

  @Option.choice('image_conversion', 'output_format', { glance: true, default: 'raw', choices: outputFormats, doc: 'What image_conversion makes of images.' })
  readonly outputFormat: OutputFormat;

  @dataOptions.importS3Sources
  readonly importS3Sources: readonly string[];

  @dataOptions.imageConversions
  readonly imageConversions: readonly string[];

  @Option.path('task', 'work_dir', { glance: true, default: '/var/lib/heliograph/work', doc: 'The directory where plugins have files while they work; room for the largest image as it comes and as it is converted, for as many as are imported at once.' })
  readonly workDir: string;

  @Option.text('heliograph', 'qemu_img', { default: 'qemu-img', doc: 'The program qemu-img that image_conversion uses: a name on PATH, or a path.' })
  readonly qemuImg: string;

  @Option.int('heliograph', 'conversion_seconds', { default: 3600, min: 1, max: 604_800, unit: 'seconds', doc: 'How long qemu-img may take for one image, by the clock and of the processor.' })
  readonly conversionSeconds: number;

  @Option.int('heliograph', 'conversion_memory', { default: 1024, min: 64, max: 65_536, unit: 'MiB', doc: 'How much address space qemu-img may take.' })
  readonly conversionMemory: number;

  @Option.int('heliograph', 'decompression_times', { default: 250, min: 1, max: 100_000, doc: 'How many times the size of what came may come of it in image_decompression, beyond the first 64 MiB; more is taken for a bomb.' })
  readonly decompressionTimes: number;

  @Option.path('external_verification', 'command', { optional: true, doc: 'The program that external_verification has images judged by. docs/plugins.md describes what it is given and how it answers.' })
  @IsOptional()
  readonly verificationCommand?: string;

  @Option.text('external_verification', 'name', { default: 'external verification', pattern: /^[\x20-\x7e]{1,64}$/, doc: 'What owners of images are told that refused them.' })
  readonly verificationName: string;

  @Option.int('external_verification', 'seconds', { default: 3600, min: 1, max: 604_800, unit: 'seconds', doc: 'How long the program may take for one image, by the clock and of the processor.' })
  readonly verificationSeconds: number;

  @Option.int('external_verification', 'memory', { default: 4096, min: 64, max: 1_048_576, unit: 'MiB', doc: 'How much address space the program may take.' })
  readonly verificationMemory: number;

  @Option.int('heliograph', 'scrub_interval', { default: 0, min: 0, max: 315_360_000, unit: 'seconds', doc: 'How often each copy of stored data is read and compared with its hashes, and replaced where it is bad and another store has a sound one; 0 for never. A month is 2592000.' })
  readonly scrubInterval: number;

  @Option.int('heliograph', 'scrub_rate', { default: 50, min: 1, max: 100_000, unit: 'MiB per second', doc: 'The most that a scrub or a rescan of stored data reads and writes.' })
  readonly scrubRate: number;

  @Option.url('default', 'node_staging_uri', { glance: true, default: 'file:///var/lib/heliograph/staging', schemes: ['file'], doc: 'Where staged data is looked for before the staging service is asked for it; as the staging service has it, where both see the same directory.' })
  readonly nodeStagingUri: string;

  @Option.choice('heliograph', 'staging_store_kind', { default: 'file', choices: stagingStoreKinds, doc: 'Whether staged data waits in a directory or in a bucket, as the staging service has it.' })
  readonly stagingStoreKind: StagingPlace['stagingStoreKind'];

  @Option.urls('heliograph', 'staging_url', { default: ['http://127.0.0.1:9393'], schemes: ['http'], doc: 'Where the staging services give data: the transfer_host and transfer_port of each, as reached from here. They are asked in turn.' })
  readonly stagingUrl: readonly string[];

  @Option.url('heliograph', 'federation_url', { default: 'http://127.0.0.1:9394', schemes: ['http'], doc: 'Where the federation service gives images of other regions: its transfer_host and transfer_port, as reached from here.' })
  readonly federationUrl: string;

  @Option.int('heliograph', 'federation_idle_seconds', { default: 300, min: 1, max: 86_400, unit: 'seconds', doc: 'How long an image of another region may stay away in mid-download before its import is given up.' })
  readonly federationIdleSeconds: number;

  @Option.secret('heliograph', 'capability_key', { optional: true, doc: 'What gateway, staging and importer know each other by: the same text of at least 32 characters for all three. Without it nothing that was staged can be imported.' })
  @IsOptional()
  @MinLength(32, { message: 'must have at least 32 characters' })
  readonly capabilityKey?: string;

  @Option.secret('heliograph', 'seal_key', { optional: true, doc: 'What the query of a URI is sealed with on its way from the gateway: the same text of at least 32 characters for both. Without it an import from a URI with a query fails.' })
  @IsOptional()
  @MinLength(32, { message: 'must have at least 32 characters' })
  readonly sealKey?: string;
}
