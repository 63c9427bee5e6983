import { Problem } from '#libs/domain';
import type { CatalogEndpoint, CatalogEntry } from './caller.js';

/** The image services of a caller's own catalogue, in its order. The first of two for one region and interface counts, as for the clients. */
export function imageEndpoints(catalog: readonly CatalogEntry[]): readonly CatalogEndpoint[] {
  const all = catalog.filter(({ type }) => type === 'image').flatMap(({ endpoints }) => endpoints).filter(({ region }) => region !== '');
  return all.filter((endpoint, index) => index === all.findIndex((other) => other.region === endpoint.region && other.interface === endpoint.interface));
}

/**
 * Where a caller's own catalogue says that the image service of a region answers. He can name a region, never an address.
 * Refuses: RegionNotInCatalogue, with the regions that he may name. Source: DESIGN.md section 6.
 */
export function imageEndpointOf(catalog: readonly CatalogEntry[], wanted: { readonly region: string; readonly interface: string }): string {
  const endpoints = imageEndpoints(catalog);
  const found = endpoints.find((endpoint) => endpoint.region === wanted.region && endpoint.interface === wanted.interface);
  if (found && URL.canParse(found.url)) return found.url;
  const known = endpoints.slice(0, mostNamed).map((endpoint) => `${endpoint.region} (${endpoint.interface})`).join(', ');
  throw new Problem('RegionNotInCatalogue', { ...wanted, known: known === '' ? 'none at all' : known });
}

const mostNamed = 50;
