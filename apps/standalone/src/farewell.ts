import { join } from 'node:path';
import type { Arguments } from './arguments.js';
import type { Running, RunningRegion } from './running.js';

/** What is said when everything is up: where it is, and commands to paste. */
export function farewell(running: Running, { dataDir, keystone }: Arguments): string {
  const [first, second] = running.regions;
  if (!first) return '';
  const openrc = `  source ${join(dataDir, 'openrc')}${keystone ? '    # and set OS_USERNAME, OS_PASSWORD, OS_PROJECT_NAME' : ''}`;
  return [
    '', ...running.regions.map(({ region, endpoint }) => `Heliograph serves the Image API of ${region} at ${endpoint}`), '',
    ...(keystone && second ? catalogueCommands(running.regions) : []),
    'Try it:', openrc,
    '  openstack image create --disk-format raw --container-format bare --file README.md first', '  openstack image list', '',
    ...(second ? copyCommands(first, second) : []),
    ...(keystone ? [] : withoutClient(running, first)),
    ...running.regions.map((region) => `Everything${second ? ` of ${region.region}` : ''} is kept in ${region.dataDir}; the services write their logs to ${join(region.dataDir, 'logs')}.`),
    keystone ? '' : 'The development identity is not for production: it knows fixed users and listens on loopback only.', '',
  ].join('\n');
}

/** The image goes straight from one region to the other: nothing of it passes the client. */
const copyCommands = (first: RunningRegion, second: RunningRegion): string[] => [
  `Bring it to ${second.region}:`,
  '  SOURCE=$(openstack image show -f value -c id first)',
  `  source ${join(second.dataDir, 'openrc')}`,
  '  openstack image create --disk-format raw --container-format bare copy',
  `  openstack image import --method glance-download --remote-region ${first.region} --remote-image "$SOURCE" --remote-service-interface public copy`,
  '  openstack image show copy', '',
];

const withoutClient = ({ identityUrl }: Running, { endpoint }: RunningRegion): string[] => [
  'Without the openstack client:',
  `  TOKEN=$(curl -si ${identityUrl}/auth/tokens -H 'Content-Type: application/json' -d '{"auth":{"identity":{"methods":["password"],"password":{"user":{"name":"demo","domain":{"id":"default"},"password":"'"$OS_PASSWORD"'"}}},"scope":{"project":{"name":"demo","domain":{"id":"default"}}}}}' | tr -d '\\r' | sed -n 's/^x-subject-token: //Ip')`,
  `  curl -s ${endpoint}/v2/images -H "X-Auth-Token: $TOKEN"`, '',
];

/** A region finds the other in the catalogue of whoever asks, so both must stand in it. */
const catalogueCommands = (regions: readonly RunningRegion[]): string[] => [
  'Both regions have to stand in the catalogue of your Keystone, where they do not yet:',
  ...regions.flatMap(({ region, endpoint }) => [`  openstack region create ${region}`, `  openstack endpoint create --region ${region} image public ${endpoint}`]), '',
];
