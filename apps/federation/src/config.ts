import { MinLength } from 'class-validator';
import { Option, ServiceConfig } from '#libs/platform';

/** What the federation service is told beyond what every service is. */
export class FederationConfig extends ServiceConfig {
  @Option.text('heliograph', 'transfer_host', { default: '127.0.0.1', doc: 'The address at which the importer fetches images of other regions.' })
  readonly transferHost: string;

  @Option.int('heliograph', 'transfer_port', { default: 9394, min: 0, max: 65535, doc: 'The port at which the importer fetches images of other regions.' })
  readonly transferPort: number;

  @Option.secret('heliograph', 'capability_key', { doc: 'What the services that move bytes know each other by: the same text of at least 32 characters for all of them.' })
  @MinLength(32, { message: 'must have at least 32 characters' })
  readonly capabilityKey: string;

  @Option.secret('heliograph', 'seal_key', { doc: 'What the token of a caller is sealed with on its way from the gateway: the same text of at least 32 characters for both.' })
  @MinLength(32, { message: 'must have at least 32 characters' })
  readonly sealKey: string;

  @Option.list('glance_download_properties', 'extra_properties', {
    glance: true, optional: true, doc: 'The beginnings of the names of properties that a copy takes over from its source, in brackets or without; [] for none. Not set: hw_, trait:, os_distro, os_secure_boot, os_type.',
  })
  readonly extraProperties?: readonly string[];

  @Option.list('glance_download_properties', 'extra_properties_prefixes', { optional: true, doc: 'Another name for extra_properties, which counts where both are set.' })
  readonly extraPropertiesPrefixes?: readonly string[];

  @Option.int('heliograph', 'glance_download_timeout', { default: 86_400, min: 1, unit: 'seconds', doc: 'How long one image may take to arrive from another region.' })
  readonly glanceDownloadTimeout: number;

  @Option.int('heliograph', 'region_probe_seconds', { default: 3, min: 1, max: 8, unit: 'seconds', doc: 'How long /v2/info/regions waits for the image service of another region.' })
  readonly regionProbeSeconds: number;

  @Option.path('heliograph', 'replication_clouds', { optional: true, doc: 'A file in the form of clouds.yaml with the accounts of replication: one cloud a region, this one included, best with application credentials. Without it no policy brings anything.' })
  readonly replicationClouds?: string;

  @Option.int('heliograph', 'replication_poll_seconds', { default: 10, min: 1, max: 86_400, unit: 'seconds', doc: 'How often replication policies look for what is new or due.' })
  readonly replicationPollSeconds: number;

  @Option.int('heliograph', 'replication_whole_look_seconds', { default: 300, min: 1, max: 86_400, unit: 'seconds', doc: 'How often an event-driven policy compares both regions as a whole: so late a deletion at the source may be noticed.' })
  readonly replicationWholeLookSeconds: number;

  @Option.list('heliograph', 'replication_links', { default: [], doc: 'The regions whose changes event-driven policies hear over a link between the NATS servers; others are asked every replication_poll_seconds.' })
  readonly replicationLinks: readonly string[];

  @Option.list('heliograph', 'replication_followers', { default: [], doc: 'The regions that may hear over such a link what changes here: REGION of public images, REGION:PROJECT of public ones and those of a project (may be repeated), REGION:* of all.' })
  readonly replicationFollowers: readonly string[];
}
