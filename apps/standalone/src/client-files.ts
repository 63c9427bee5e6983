import { variableOf } from '#libs/platform';
import type { DataDir } from './data-dir.js';
import { stagingOptions, storeOptions, variables, type Surroundings } from './services.js';

interface CloudUser { readonly userName: string; readonly projectName: string; readonly password: string }

/** What a client needs to get in: clouds.yaml with both users, openrc for a plain user and openrc-admin; and what the operator's tools need. */
export async function writeClientFiles(around: Surroundings, dataDir: DataDir, developmentPassword: string | undefined): Promise<void> {
  const user = (userName: string) => (developmentPassword === undefined ? undefined : { userName, projectName: userName, password: developmentPassword });
  const clouds = [cloudLines('heliograph', around, user('demo')), cloudLines('heliograph-admin', around, user('admin'))];
  await dataDir.save('clouds.yaml', `clouds:\n${clouds.join('')}`, 0o600);
  await dataDir.save('openrc', openrc(around, user('demo')), 0o600);
  await dataDir.save('openrc-admin', openrc(around, user('admin')), 0o600);
  await dataDir.save('operator.env', operatorEnv(around, dataDir), 0o600);
}

/** The accounts of replication between the regions of this start: the development identity's administrator. A real Keystone's the operator names himself. Gives the path. */
export async function writeReplicationClouds(regions: readonly string[], { url }: Surroundings['keystone'], dataDir: DataDir, password: string): Promise<string> {
  const auth = { auth_url: url, username: 'admin', password, project_name: 'admin', user_domain_id: 'default', project_domain_id: 'default' };
  // JSON is YAML.
  await dataDir.save('replication-clouds.yaml', JSON.stringify({ clouds: Object.fromEntries(regions.map((region) => [region, { auth }])) }, null, 2), 0o600);
  return dataDir.file('replication-clouds.yaml');
}

function cloudLines(name: string, { region, keystone, port }: Surroundings, user: CloudUser | undefined): string {
  const auth = { auth_url: keystone.url, ...(user ? {
    username: user.userName, password: user.password, project_name: user.projectName, user_domain_id: 'default', project_domain_id: 'default',
  } : {}) };
  return [
    `  ${name}:`, '    auth:', ...Object.entries(auth).map(([key, value]) => `      ${key}: ${JSON.stringify(value)}`),
    `    region_name: ${JSON.stringify(region)}`, '    identity_api_version: 3', '    image_api_version: 2',
    // A real Keystone's catalogue does not know this endpoint until the operator enters it.
    ...(user ? [] : [`    image_endpoint_override: "http://127.0.0.1:${port}/v2"`]), '',
  ].join('\n');
}

function openrc({ region, keystone, port, natsUrl, isOurNats }: Surroundings, user: CloudUser | undefined): string {
  const values = {
    OS_AUTH_URL: keystone.url, OS_IDENTITY_API_VERSION: '3', OS_IMAGE_API_VERSION: '2', OS_REGION_NAME: region,
    // Where the audit stream is listened to; no client of OpenStack reads it.
    ...(isOurNats ? { HELIOGRAPH_EVENTS_URL: natsUrl } : {}),
    ...(user ? {
      OS_USERNAME: user.userName, OS_PASSWORD: user.password, OS_PROJECT_NAME: user.projectName, OS_USER_DOMAIN_ID: 'default', OS_PROJECT_DOMAIN_ID: 'default',
    } : { OS_IMAGE_ENDPOINT_OVERRIDE: `http://127.0.0.1:${port}/v2` }),
  };
  return `unset OS_CLOUD OS_TOKEN OS_AUTH_TYPE OS_SYSTEM_SCOPE OS_DOMAIN_ID OS_DOMAIN_NAME OS_PROJECT_ID OS_USER_ID\n${exports(values)}`;
}

function operatorEnv({ region, natsUrl, isOurNats, databaseUrl, settings }: Surroundings, dataDir: DataDir): string {
  const values = {
    ...variables({
      ...stagingOptions(dataDir), ...storeOptions(dataDir), 'heliograph.region': region, 'heliograph.nats_url': natsUrl, 'heliograph.database_url': databaseUrl,
      ...(isOurNats ? { 'heliograph.nats_password': dataDir.secrets.nats.operator } : {}),
    }),
    ...ofStores(settings),
  };
  return Object.entries(values).map(([name, value]) => `${name}=${value}\n`).join('');
}

/** Where the operator has staging area and stores elsewhere, his commands look there too; a store has a section of its own name. */
function ofStores(settings: Surroundings['settings']): Record<string, string> {
  const enabled = (settings[variableOf('default', 'enabled_backends')] ?? '').split(',').map((entry) => (entry.split(':')[0] ?? '').trim()).filter((id) => id !== '');
  const sections = [...enabled, 'os_glance_staging_store', 'glance_store', 'image_format', 'import_filtering_opts'].map((section) => variableOf(section, ''));
  const options = /__(NODE_STAGING_URI|STAGING_STORE_KIND|STAGING_EXPIRY|ENABLED_BACKENDS|SCRUB_INTERVAL|SCRUB_RATE|IMPORT_ALLOWED_NETWORKS)$/;
  return Object.fromEntries(Object.entries(settings).filter(([name]) => options.test(name) || sections.some((section) => name.startsWith(section))));
}

const exports = (values: Record<string, string>): string =>
  Object.entries(values).map(([name, value]) => `export ${name}='${value.replaceAll("'", "'\\''")}'\n`).join('');
