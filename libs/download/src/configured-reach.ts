import { addressRules } from './address-rules.js';
import type { Reach } from './pinned-connection.js';
import { uriFilter } from './uri-filter.js';

/** The operator's options as he wrote them. (glance: import_filtering_opts) */
export interface ReachOptions {
  readonly allowedSchemes: readonly string[];
  readonly disallowedSchemes: readonly string[];
  readonly allowedHosts: readonly string[];
  readonly disallowedHosts: readonly string[];
  readonly allowedPorts: readonly string[];
  readonly disallowedPorts: readonly string[];
  readonly importAllowedNetworks: readonly string[];
}

/** Where tenants may let images come from. Lists may stand in brackets, as Glance writes them. Throws an Error that names the option and what cannot be read. */
export function configuredReach(options: ReachOptions): Pick<Reach, 'filter' | 'addressRules'> {
  const { allowedSchemes, disallowedSchemes, allowedHosts, disallowedHosts, allowedPorts, disallowedPorts, importAllowedNetworks } = options;
  return {
    filter: named('import_filtering_opts', () => uriFilter({
      allowedSchemes: bare(allowedSchemes), disallowedSchemes: bare(disallowedSchemes), allowedHosts: bare(allowedHosts), disallowedHosts: bare(disallowedHosts),
      allowedPorts: ports(allowedPorts), disallowedPorts: ports(disallowedPorts),
    })),
    addressRules: named('heliograph.import_allowed_networks', () => addressRules({ allowedNetworks: importAllowedNetworks })),
  };
}

const bare = (names: readonly string[]): string[] => names.map((name) => name.replaceAll(/[[\]\s'"]/g, '')).filter((name) => name !== '');

function ports(texts: readonly string[]): number[] {
  return bare(texts).map((text) => {
    const port = Number(text);
    if (!/^\d{1,5}$/.test(text) || port < 1 || port > 65_535) throw new Error(`${text} is no port. Ports are whole numbers from 1 to 65535.`);
    return port;
  });
}

function named<Result>(option: string, read: () => Result): Result {
  try {
    return read();
  } catch (error) {
    throw new Error(`${option}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}
