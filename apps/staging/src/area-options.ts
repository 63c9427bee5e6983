import { Option } from '#libs/platform';
import { stagingStoreKinds } from '#libs/stores';

/** What the service and the operator's command must agree on: where the area is, and how long data waits in it. */
export const areaOptions = {
  nodeStagingUri: Option.url('default', 'node_staging_uri', { glance: true, default: 'file:///var/lib/heliograph/staging', schemes: ['file'], doc: 'The directory in which data waits for its import, as a file:// URL. os_glance_staging_store.filesystem_store_datadir, a path, comes first.' }),
  stagingStoreKind: Option.choice('heliograph', 'staging_store_kind', { default: 'file', choices: stagingStoreKinds, doc: 'Whether data waits in a directory or in a bucket, whose s3_store options stand in the section os_glance_staging_store. All staging services and importers of a region may share either.' }),
  stagingExpiry: Option.int('heliograph', 'staging_expiry', { default: 86_400, min: 1, unit: 'seconds', doc: 'How long staged data waits, after the last change of its image, for somebody to import it.' }),
};
