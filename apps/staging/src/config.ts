import { MinLength } from 'class-validator';
import { Option, ServiceConfig } from '#libs/platform';
import { osHashAlgos, stagingStoreKinds, type OsHashAlgo, type StagingPlace } from '#libs/stores';

/** What the staging service is told beyond what every service is. */
export class StagingConfig extends ServiceConfig {
  @Option.url('default', 'node_staging_uri', { glance: true, default: 'file:///var/lib/heliograph/staging', schemes: ['file'], doc: 'The directory in which data waits for its import, as a file:// URL. os_glance_staging_store.filesystem_store_datadir, a path, comes first.' })
  readonly nodeStagingUri: string;

  @Option.choice('heliograph', 'staging_store_kind', { default: 'file', choices: stagingStoreKinds, doc: 'Whether data waits in a directory or in a bucket, whose s3_store options stand in the section os_glance_staging_store. All staging services and importers of a region may share either.' })
  readonly stagingStoreKind: StagingPlace['stagingStoreKind'];

  @Option.text('heliograph', 'transfer_host', { default: '127.0.0.1', doc: 'The address at which the gateway brings data and the importer fetches it.' })
  readonly transferHost: string;

  @Option.int('heliograph', 'transfer_port', { default: 9393, min: 0, max: 65535, doc: 'The port at which the gateway brings data and the importer fetches it.' })
  readonly transferPort: number;

  @Option.secret('heliograph', 'capability_key', { doc: 'What gateway, staging and importer know each other by: the same text of at least 32 characters for all three.' })
  @MinLength(32, { message: 'must have at least 32 characters' })
  readonly capabilityKey: string;

  @Option.int('heliograph', 'staging_expiry', { default: 86_400, min: 1, unit: 'seconds', doc: 'How long staged data waits, after the last change of its image, for somebody to import it.' })
  readonly stagingExpiry: number;

  @Option.choice('default', 'hashing_algorithm', { glance: true, default: 'sha512', choices: osHashAlgos, doc: 'What os_hash_value is computed by. md5 is always computed besides.' })
  readonly hashingAlgorithm: OsHashAlgo;

  @Option.int('heliograph', 'lease_seconds', { default: 30, min: 2, max: 3600, unit: 'seconds', doc: 'How long an upload may show no sign of life before its image is queued again.' })
  readonly leaseSeconds: number;

  @Option.int('heliograph', 'upload_idle_seconds', { default: 60, min: 1, max: 86_400, unit: 'seconds', doc: 'How long a client may send nothing before its upload is given up.' })
  readonly uploadIdleSeconds: number;

  @Option.int('heliograph', 'removal_interval', { default: 10, min: 1, max: 3600, unit: 'seconds', doc: 'How often bytes that no image refers to are looked for and removed.' })
  readonly removalInterval: number;
}
