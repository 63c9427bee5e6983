import type { CatalogEntry } from './caller.js';

/** The addresses of the object stores in a caller's own catalogue, each once. */
export function objectStoreUrls(catalog: readonly CatalogEntry[]): readonly URL[] {
  const urls = catalog.filter(({ type }) => type === 'object-store').flatMap(({ endpoints }) => endpoints).flatMap(({ url }) => (URL.canParse(url) ? [new URL(url)] : []));
  return urls.filter(({ protocol, href }, index) => /^https?:$/.test(protocol) && index === urls.findIndex((other) => other.href === href));
}
