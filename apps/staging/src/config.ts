import { MinLength } from 'class-validator';
import { dataOptions, Option, ServiceConfig } from '#libs/platform';
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

  @dataOptions.vmdkAllowedTypes
  readonly vmdkAllowedTypes: readonly string[];

  @dataOptions.leaseSeconds
  readonly leaseSeconds: number;

  @dataOptions.uploadIdleSeconds
  readonly uploadIdleSeconds: number;

  @dataOptions.removalInterval
  readonly removalInterval: number;
}
