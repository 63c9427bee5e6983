import { stableId } from './directory.js';

export interface Endpoint {
  readonly id: string;
  readonly interface: 'public' | 'internal' | 'admin';
  readonly region: string;
  readonly region_id: string;
  readonly service_id: string;
  readonly url: string;
  readonly enabled: true;
}

const service = (type: string, name: string) => ({ id: stableId('service', type), type, name, enabled: true, description: '' });

export const services = [service('identity', 'keystone'), service('image', 'glance')] as const;

/** The regions and endpoints: identity in all of them, image where an endpoint was given. There are always two regions. */
export function createCatalogue(identityUrl: string, imageEndpoints: Readonly<Record<string, string>>) {
  const regions = [...new Set(['RegionOne', 'RegionTwo', ...Object.keys(imageEndpoints)])];
  const [identity, image] = services;
  const endpoints: readonly Endpoint[] = [
    ...regions.flatMap((region) => endpointsAt(identity.id, region, identityUrl)),
    ...Object.entries(imageEndpoints).flatMap(([region, url]) => endpointsAt(image.id, region, url)),
  ];
  return {
    regions: regions.map((id) => ({ id, description: '', parent_region_id: null })),
    endpoints,
    /** As it stands in a token. */
    entries: services.map(({ id, type, name }) => ({
      id, type, name,
      endpoints: endpoints.filter((endpoint) => endpoint.service_id === id).map(({ service_id: _, enabled: __, ...endpoint }) => endpoint),
    })),
  };
}

export type Catalogue = ReturnType<typeof createCatalogue>;

const endpointsAt = (serviceId: string, region: string, url: string): Endpoint[] =>
  (['public', 'internal', 'admin'] as const).map((face) => ({
    id: stableId('endpoint', `${serviceId}/${region}/${face}`), interface: face, region, region_id: region, service_id: serviceId, url, enabled: true,
  }));
