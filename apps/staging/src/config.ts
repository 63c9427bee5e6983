import { MinLength } from 'class-validator';
import { Option, ServiceConfig } from '#libs/platform';
import { osHashAlgos, type OsHashAlgo, type StagingPlace } from '#libs/stores';
import { areaOptions } from './area-options.js';

/** What the staging service is told beyond what every service is. */
export class StagingConfig extends ServiceConfig {
  @areaOptions.nodeStagingUri
  readonly nodeStagingUri: string;

  @areaOptions.stagingStoreKind
  readonly stagingStoreKind: StagingPlace['stagingStoreKind'];

  @Option.text('heliograph', 'transfer_host', { default: '127.0.0.1', doc: 'The address at which the gateway brings data and the importer fetches it.' })
  readonly transferHost: string;

  @Option.int('heliograph', 'transfer_port', { default: 9393, min: 0, max: 65535, doc: 'The port at which the gateway brings data and the importer fetches it.' })
  readonly transferPort: number;

  @Option.secret('heliograph', 'capability_key', { doc: 'What gateway, staging and importer know each other by: the same text of at least 32 characters for all three.' })
  @MinLength(32, { message: 'must have at least 32 characters' })
  readonly capabilityKey: string;

  @areaOptions.stagingExpiry
  readonly stagingExpiry: number;

  @Option.int('heliograph', 'staging_sweep_interval', { default: 600, min: 1, max: 86_400, unit: 'seconds', doc: 'How often the staging area is looked through for data that waited too long and for bytes that nobody can need.' })
  readonly stagingSweepInterval: number;

  @Option.choice('default', 'hashing_algorithm', { glance: true, default: 'sha512', choices: osHashAlgos, doc: 'What os_hash_value is computed by. md5 is always computed besides.' })
  readonly hashingAlgorithm: OsHashAlgo;

  @Option.list('image_format', 'vmdk_allowed_types', { glance: true, default: ['streamOptimized', 'monolithicSparse'], doc: 'The createTypes of VMDK that are accepted; those of several files would be read from the host.' })
  readonly vmdkAllowedTypes: readonly string[];

  @Option.int('heliograph', 'lease_seconds', { default: 30, min: 2, max: 3600, unit: 'seconds', doc: 'How long an upload may show no sign of life before its image is queued again.' })
  readonly leaseSeconds: number;

  @Option.int('heliograph', 'upload_idle_seconds', { default: 60, min: 1, max: 86_400, unit: 'seconds', doc: 'How long a client may send nothing before its upload is given up.' })
  readonly uploadIdleSeconds: number;

  @Option.int('heliograph', 'removal_interval', { default: 10, min: 1, max: 3600, unit: 'seconds', doc: 'How often bytes that no image refers to are looked for and removed.' })
  readonly removalInterval: number;
}
