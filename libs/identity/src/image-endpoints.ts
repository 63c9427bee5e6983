import type { CatalogEndpoint, CatalogEntry } from './caller.js';

/** The image services of a caller's own catalogue, in its order. The first of two for one region and interface counts, as for the clients. */
export function imageEndpoints(catalog: readonly CatalogEntry[]): readonly CatalogEndpoint[] {
  const all = catalog.filter(({ type }) => type === 'image').flatMap(({ endpoints }) => endpoints).filter(({ region }) => region !== '');
  return all.filter((endpoint, index) => index === all.findIndex((other) => other.region === endpoint.region && other.interface === endpoint.interface));
}

/**
 * Where a caller's own catalogue says that the image service of a region answers; undefined where it does not. He can name a region, never an address.
 * Source: DESIGN.md section 6.
 */
export function imageEndpointOf(catalog: readonly CatalogEntry[], wanted: { readonly region: string; readonly interface: string }): string | undefined {
  const found = imageEndpoints(catalog).find((endpoint) => endpoint.region === wanted.region && endpoint.interface === wanted.interface);
  return found && URL.canParse(found.url) ? found.url : undefined;
}

/** What he may name instead, for a sentence. */
export function namesOfEndpoints(catalog: readonly CatalogEntry[]): string {
  const names = imageEndpoints(catalog).slice(0, mostNamed).map((endpoint) => `${endpoint.region} (${endpoint.interface})`).join(', ');
  return names === '' ? 'none at all' : names;
}

const mostNamed = 20;
